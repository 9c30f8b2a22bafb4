-- One row per month, territory and cause: work that was done again or should not have been done.

with

incidents as (

    select * from {{ ref('int_hidden_tax_incidents') }}

),

months as (

    select * from {{ ref('int_months') }}

),

incidents_dated as (

    select
        cast({{ dbt.date_trunc('month', 'occurred_at') }} as date) as month,
        coalesce(territory, 'unassigned') as territory,
        cause,
        cost
    from incidents

),

fct_hidden_tax as (

    select
        incidents_dated.month,
        incidents_dated.territory,
        incidents_dated.cause,
        count(*) as incidents,
        cast(sum(incidents_dated.cost) as {{ money_type() }}) as hidden_tax_cost
    from incidents_dated
    inner join months
        on incidents_dated.month = months.month
    group by incidents_dated.month, incidents_dated.territory, incidents_dated.cause

)

select * from fct_hidden_tax
