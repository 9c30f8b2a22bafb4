-- One row per month and territory: what customers cost to win and to serve, and what they brought.

{% set window_months = var('realized_window_months') -%}
with

valued as (

    select * from {{ ref('int_customer_months_valued') }}

),

profiled as (

    select * from {{ ref('int_customer_months_profiled') }}

),

touch_months as (

    select * from {{ ref('int_customer_touch_months') }}

),

customers_won as (

    select * from {{ ref('int_customers_won') }}

),

incidents as (

    select * from {{ ref('int_hidden_tax_incidents') }}

),

months as (

    select * from {{ ref('int_months') }}

),

-- The panel has no gaps, so that frames of rows are frames of months.
served as (

    select
        valued.customer_id,
        valued.month,
        valued.realized_value,
        coalesce(touch_months.touch_cost, 0) as touch_cost,
        sum(coalesce(touch_months.touch_cost, 0)) over (
            partition by valued.customer_id
            order by valued.month
            rows between {{ window_months - 1 }} preceding and current row
        ) as cost_to_serve
    from valued
    left join touch_months
        on
            valued.customer_id = touch_months.customer_id
            and valued.month = touch_months.month

),

territories_served as (

    select
        served.month,
        coalesce(profiled.territory, 'unassigned') as territory,
        sum(served.touch_cost) as touch_cost,
        sum(served.cost_to_serve) as cost_to_serve,
        sum(served.realized_value) as realized_value
    from served
    left join profiled
        on
            served.customer_id = profiled.customer_id
            and served.month = profiled.month
    group by served.month, coalesce(profiled.territory, 'unassigned')

),

territories_won as (

    select
        month,
        coalesce(territory, 'unassigned') as territory,
        count(case when kind = 'new' then customer_id end) as new_customers,
        sum(case when kind = 'new' then acquisition_cost end) as acquisition_cost,
        count(case when kind = 'reactivated' then customer_id end) as reactivated_customers,
        sum(case when kind = 'reactivated' then acquisition_cost end) as reacquisition_cost,
        count(case when kind = 'new' and is_break_even_decided then customer_id end)
            as break_even_decided_customers,
        count(case when kind = 'new' and is_broken_even then customer_id end)
            as broken_even_customers
    from customers_won
    group by month, coalesce(territory, 'unassigned')

),

territories_taxed as (

    select
        months.month,
        coalesce(incidents.territory, 'unassigned') as territory,
        sum(incidents.cost) as hidden_tax_cost
    from months
    inner join incidents
        on months.month = cast({{ dbt.date_trunc('month', 'incidents.occurred_at') }} as date)
    group by months.month, coalesce(incidents.territory, 'unassigned')

),

-- An incident may lie in a territory that its customer has left by the end of the month, and that
-- has no other customer.
territory_months as (

    select
        month,
        territory
    from territories_served
    union distinct
    select
        month,
        territory
    from territories_won
    union distinct
    select
        month,
        territory
    from territories_taxed

),

-- Before a whole window has passed, a low cost to serve would mean a short time.
fct_unit_economics as (

    select
        territory_months.month,
        territory_months.territory,
        coalesce(territories_won.new_customers, 0) as new_customers,
        cast(coalesce(territories_won.acquisition_cost, 0) as {{ money_type() }})
            as acquisition_cost,
        coalesce(territories_won.reactivated_customers, 0) as reactivated_customers,
        cast(coalesce(territories_won.reacquisition_cost, 0) as {{ money_type() }})
            as reacquisition_cost,
        coalesce(territories_won.break_even_decided_customers, 0) as break_even_decided_customers,
        coalesce(territories_won.broken_even_customers, 0) as broken_even_customers,
        cast(coalesce(territories_served.touch_cost, 0) as {{ money_type() }}) as touch_cost,
        cast(
            case
                when months.month_number >= {{ window_months }}
                    then coalesce(territories_served.cost_to_serve, 0)
            end as {{ money_type() }}
        ) as cost_to_serve,
        cast(
            case
                when months.month_number >= {{ window_months }}
                    then coalesce(territories_served.realized_value, 0)
            end as {{ money_type() }}
        ) as realized_value,
        cast(coalesce(territories_taxed.hidden_tax_cost, 0) as {{ money_type() }})
            as hidden_tax_cost
    from territory_months
    inner join months
        on territory_months.month = months.month
    left join territories_won
        on
            territory_months.month = territories_won.month
            and territory_months.territory = territories_won.territory
    left join territories_served
        on
            territory_months.month = territories_served.month
            and territory_months.territory = territories_served.territory
    left join territories_taxed
        on
            territory_months.month = territories_taxed.month
            and territory_months.territory = territories_taxed.territory

)

select * from fct_unit_economics
