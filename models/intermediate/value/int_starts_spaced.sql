-- One row per customer and month with a start: the last start, and the median gap of all so far.

with

fills as (

    select * from {{ ref('int_fills_resolved') }}

),

starts as (

    select
        customer_id,
        shipped_on as started_on,
        cast({{ dbt.date_trunc('month', 'shipped_on') }} as date) as month,
        lag(shipped_on) over (
            partition by customer_id
            order by shipped_on, fill_id
        ) as previous_started_on
    from fills
    where
        is_start
        and customer_id is not null

),

gaps as (

    select
        customer_id,
        month,
        {{ dbt.datediff(
            'previous_started_on', 'started_on', 'day'
        ) }} as gap_days
    from starts

),

start_months as (

    select
        customer_id,
        month,
        max(started_on) as last_started_on
    from starts
    group by customer_id, month

),

-- The gaps that a month knows are all the earlier ones: joined once per month, not once per start.
starts_spaced as (

    select
        start_months.customer_id,
        start_months.month,
        start_months.last_started_on,
        percentile_cont(0.5) within group (order by gaps.gap_days) as median_gap_days
    from start_months
    inner join gaps
        on
            start_months.customer_id = gaps.customer_id
            and start_months.month >= gaps.month
    group by start_months.customer_id, start_months.month, start_months.last_started_on

)

select * from starts_spaced
