-- One row per product and month by whose end a start of it was observed for a year: what a start is
-- worth.

with

fills as (

    select * from {{ ref('int_fills_resolved') }}

),

months as (

    select * from {{ ref('int_months') }}

),

starts as (

    select
        fill_id,
        product_id,
        patient_key,
        shipped_on as started_on,
        cast(
            {{ dbt.dateadd('day', var('start_value_days'), 'shipped_on') }} as date
        ) as observed_before,
        cast(
            {{ dbt.date_trunc(
                'month', dbt.dateadd('day', var('start_value_days') - 1, 'shipped_on')
            ) }} as date
        ) as observed_month
    from fills
    where
        is_start
        and product_id is not null

),

fills_of_starts as (

    select
        starts.fill_id as start_fill_id,
        starts.product_id,
        starts.observed_month,
        fills.net_value,
        fills.days_supply,
        least(
            fills.days_supply,
            {{ dbt.datediff('fills.shipped_on', 'starts.observed_before', 'day') }}
        ) as observed_days
    from starts
    inner join fills
        on
            starts.patient_key = fills.patient_key
            and starts.product_id = fills.product_id
            and starts.started_on <= fills.shipped_on
            and starts.observed_before > fills.shipped_on

),

observed as (

    select
        product_id,
        observed_month,
        count(distinct start_fill_id) as starts,
        sum({{ value_accrued_by('net_value', 'observed_days', 'days_supply') }}) as accrued_value
    from fills_of_starts
    group by product_id, observed_month

),

observed_so_far as (

    select
        observed.product_id,
        months.month,
        sum(observed.starts) as starts,
        sum(observed.accrued_value) as accrued_value
    from months
    inner join observed
        on months.month >= observed.observed_month
    group by observed.product_id, months.month

),

start_values as (

    select
        product_id,
        month,
        cast(starts as {{ dbt.type_bigint() }}) as starts,
        cast(accrued_value as double) / starts as start_value
    from observed_so_far

)

select * from start_values
