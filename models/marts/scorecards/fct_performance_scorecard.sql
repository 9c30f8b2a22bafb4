-- One row per month and territory: value, risk, experience, promises and fulfilment side by side.

with

customer_value as (

    select * from {{ ref('fct_customer_value') }}

),

clv as (

    select * from {{ ref('fct_clv') }}

),

cvar as (

    select * from {{ ref('fct_cvar') }}

),

relationship_health as (

    select * from {{ ref('fct_relationship_health') }}

),

promises as (

    select * from {{ ref('fct_promises') }}

),

fulfillment_journeys as (

    select * from {{ ref('fct_fulfillment_journeys') }}

),

months as (

    select * from {{ ref('dim_months') }}

),

-- The marts of customer-months share their rows.
customer_months as (

    select
        customer_value.month,
        coalesce(customer_value.territory, 'unassigned') as territory,
        count(*) as customers,
        count(case when customer_value.is_active then 1 end) as active_customers,
        sum(customer_value.accrued_value) as net_value,
        sum(customer_value.customer_value) as customer_value,
        sum(customer_value.forward_value) as forward_value,
        sum(cvar.gross_cvar) as gross_cvar,
        sum(cvar.experience_cvar) as experience_cvar,
        sum(cvar.recoverable_cvar) as recoverable_cvar,
        sum(clv.clv) as clv,
        count(relationship_health.health) as customers_with_health,
        sum(cast(relationship_health.health as {{ run_rate_type() }})) as health_sum,
        count(case when relationship_health.band <> 'unrated' then 1 end) as rated_customers
    from customer_value
    inner join cvar
        on
            customer_value.customer_id = cvar.customer_id
            and customer_value.month = cvar.month
    inner join clv
        on
            customer_value.customer_id = clv.customer_id
            and customer_value.month = clv.month
    inner join relationship_health
        on
            customer_value.customer_id = relationship_health.customer_id
            and customer_value.month = relationship_health.month
    group by customer_value.month, coalesce(customer_value.territory, 'unassigned')

),

settled_promises as (

    select
        cast({{ dbt.date_trunc('month', 'settled_at') }} as date) as month,
        coalesce(territory, 'unassigned') as territory,
        count(*) as promises_settled,
        count(case when status = 'kept' then 1 end) as promises_kept
    from promises
    where status in ('kept', 'broken')
    group by
        cast({{ dbt.date_trunc('month', 'settled_at') }} as date),
        coalesce(territory, 'unassigned')

),

mature_journeys as (

    select
        cast({{ dbt.date_trunc('month', 'received_at') }} as date) as month,
        coalesce(territory, 'unassigned') as territory,
        count(*) as mature_start_cases,
        count(case when is_unfulfilled then 1 end) as unfulfilled_cases
    from fulfillment_journeys
    where
        is_start_journey
        and is_mature
    group by
        cast({{ dbt.date_trunc('month', 'received_at') }} as date),
        coalesce(territory, 'unassigned')

),

-- Promises settle and journeys begin in territories that nobody is in at the month's end, too.
territory_months as (

    select
        month,
        territory
    from customer_months
    union distinct
    select
        month,
        territory
    from settled_promises
    union distinct
    select
        month,
        territory
    from mature_journeys

),

fct_performance_scorecard as (

    select
        territory_months.month,
        territory_months.territory,
        coalesce(customer_months.customers, 0) as customers,
        coalesce(customer_months.active_customers, 0) as active_customers,
        cast(coalesce(customer_months.net_value, 0) as {{ money_type() }}) as net_value,
        cast(coalesce(customer_months.customer_value, 0) as {{ money_type() }}) as customer_value,
        cast(coalesce(customer_months.forward_value, 0) as {{ money_type() }}) as forward_value,
        cast(customer_months.gross_cvar as {{ money_type() }}) as gross_cvar,
        cast(customer_months.experience_cvar as {{ money_type() }}) as experience_cvar,
        cast(customer_months.recoverable_cvar as {{ money_type() }}) as recoverable_cvar,
        cast(customer_months.gross_cvar as double) / nullif(customer_months.forward_value, 0)
            as cvar_rate,
        cast(coalesce(customer_months.clv, 0) as {{ money_type() }}) as clv,
        cast(customer_months.health_sum as double)
        / nullif(customer_months.customers_with_health, 0) as relationship_health,
        coalesce(customer_months.rated_customers, 0) as rated_customers,
        coalesce(settled_promises.promises_settled, 0) as promises_settled,
        coalesce(settled_promises.promises_kept, 0) as promises_kept,
        cast(settled_promises.promises_kept as double)
        / nullif(settled_promises.promises_settled, 0) as promise_kept_rate,
        coalesce(mature_journeys.mature_start_cases, 0) as mature_start_cases,
        coalesce(mature_journeys.unfulfilled_cases, 0) as unfulfilled_cases,
        cast(mature_journeys.unfulfilled_cases as double)
        / nullif(mature_journeys.mature_start_cases, 0) as unfulfilled_share
    from territory_months
    -- What settled after the panel's last month waits for that month to end.
    inner join months
        on territory_months.month = months.month
    left join customer_months
        on
            territory_months.month = customer_months.month
            and territory_months.territory = customer_months.territory
    left join settled_promises
        on
            territory_months.month = settled_promises.month
            and territory_months.territory = settled_promises.territory
    left join mature_journeys
        on
            territory_months.month = mature_journeys.month
            and territory_months.territory = mature_journeys.territory

)

select * from fct_performance_scorecard
