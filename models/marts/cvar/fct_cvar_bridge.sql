-- One row per month and territory, where the month and the one before have a fit: what moved gross
-- CVAR from the one to the other. Customers stand in the territory they have at the month's end.

with

valued as (

    select * from {{ ref('int_customer_months_valued') }}

),

scored as (

    select * from {{ ref('int_cvar_scored') }}

),

fits as (

    select * from {{ ref('int_cvar_fits') }}

),

customers_versioned as (

    select * from {{ ref('int_customers_versioned') }}

),

months_fitted as (

    select distinct month
    from fits

),

month_pairs as (

    select
        later.month,
        earlier.month as previous_month
    from months_fitted as later
    inner join months_fitted as earlier
        on {{ dbt.dateadd('month', -1, 'later.month') }} = earlier.month

),

paired as (

    select
        valued.month,
        coalesce(customers_versioned.territory, 'unassigned') as territory,
        earlier.month is not null as was_active,
        later.month is not null as is_active,
        coalesce(earlier.gross_cvar, 0) as opening,
        coalesce(later.gross_cvar, 0) as closing,
        cast(
            cast(later.forward_value - earlier.forward_value as double)
            * (earlier.cvar_rate + later.cvar_rate) / 2 as {{ money_type() }}
        ) as exposure_change
    from valued
    inner join month_pairs
        on valued.month = month_pairs.month
    left join customers_versioned
        on
            valued.customer_id = customers_versioned.customer_id
            and {{ is_valid_on('customers_versioned', 'valued.month_ends_on') }}
    left join scored as later
        on
            valued.customer_id = later.customer_id
            and valued.month = later.month
    left join scored as earlier
        on
            valued.customer_id = earlier.customer_id
            and month_pairs.previous_month = earlier.month

),

-- What the exposure does not explain is a change of the rate: it takes the rounding.
moved as (

    select
        month,
        territory,
        opening,
        closing,
        case when is_active and not was_active then closing else 0 end as entered,
        case when was_active and not is_active then opening else 0 end as left_active,
        case when was_active and is_active then exposure_change else 0 end as exposure_change,
        case
            when was_active and is_active then closing - opening - exposure_change
            else 0
        end as rate_change
    from paired

),

fct_cvar_bridge as (

    select
        month,
        territory,
        cast(sum(opening) as {{ money_type() }}) as opening,
        cast(sum(entered) as {{ money_type() }}) as entered,
        cast(sum(exposure_change) as {{ money_type() }}) as exposure_change,
        cast(sum(greatest(0, rate_change)) as {{ money_type() }}) as worsened,
        cast(sum(greatest(0, -rate_change)) as {{ money_type() }}) as improved,
        cast(sum(left_active) as {{ money_type() }}) as left_active,
        cast(sum(closing) as {{ money_type() }}) as closing
    from moved
    group by month, territory

)

select * from fct_cvar_bridge
