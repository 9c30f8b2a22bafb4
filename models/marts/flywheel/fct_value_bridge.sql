-- One row per month and territory: what moved accrued value from the quarter before to the one that
-- ends with the month. Customers stand in the territory they have at its end.

with

valued as (

    select * from {{ ref('int_customer_months_valued') }}

),

customers_versioned as (

    select * from {{ ref('int_customers_versioned') }}

),

-- The panel has no gaps, so that frames of rows are frames of months.
quarters as (

    select
        customer_id,
        month,
        month_ends_on,
        accrued_value,
        active_window_value as closing,
        coalesce(
            lag(active_window_value, {{ var('active_window_months') }}) over (
                partition by customer_id
                order by month
            ),
            0
        ) as opening,
        sum(accrued_value) over (
            partition by customer_id
            order by month
            rows between unbounded preceding and {{ var('active_window_months') }} preceding
        ) as earlier_value
    from valued

),

moved as (

    select
        quarters.month,
        coalesce(customers_versioned.territory, 'unassigned') as territory,
        quarters.accrued_value,
        quarters.opening,
        case
            when quarters.opening > 0 then 'kept'
            when quarters.earlier_value > 0 then 'reactivated'
            else 'new'
        end as standing,
        quarters.closing
    from quarters
    left join customers_versioned
        on
            quarters.customer_id = customers_versioned.customer_id
            and {{ is_valid_on('customers_versioned', 'quarters.month_ends_on') }}

),

fct_value_bridge as (

    select
        month,
        territory,
        cast(sum(accrued_value) as {{ money_type() }}) as accrued_value,
        cast(sum(opening) as {{ money_type() }}) as opening,
        cast(sum(case when standing = 'new' then closing else 0 end) as {{ money_type() }}) as new,
        cast(
            sum(case when standing = 'reactivated' then closing else 0 end) as {{ money_type() }}
        ) as reactivated,
        cast(
            sum(case when standing = 'kept' and closing > opening then closing - opening else 0 end)
            as {{ money_type() }}
        ) as expansion,
        cast(
            sum(case when closing > 0 and closing < opening then opening - closing else 0 end)
            as {{ money_type() }}
        ) as contraction,
        cast(
            sum(case when closing = 0 then opening else 0 end) as {{ money_type() }}
        ) as churned,
        cast(sum(closing) as {{ money_type() }}) as closing
    from moved
    group by month, territory

)

select * from fct_value_bridge
