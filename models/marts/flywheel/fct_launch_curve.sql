-- One row per launched product and whole week since its launch: how many prescribe it by the end of
-- the week, how much, and what patients went through until then.

with

products as (

    select * from {{ ref('int_products_ranked') }}

),

months as (

    select * from {{ ref('int_months') }}

),

cases as (

    select * from {{ ref('int_cases_followed') }}

),

fills as (

    select * from {{ ref('int_fills_resolved') }}

),

reporting_period as (

    select * from {{ ref('int_reporting_period') }}

),

generated_series as (

    {{ dbt.generate_series(4096) | indent }}

),

panel as (

    select min(month) as first_month from months

),

-- A launch before the panel begins was not seen, and its curve would begin somewhere in the middle.
launches as (

    select
        products.product_id,
        products.launched_on,
        reporting_period.as_of_date
    from products
    cross join panel
    cross join reporting_period
    where
        products.launched_on >= panel.first_month
        and products.launched_on <= reporting_period.as_of_date

),

weeks as (

    select
        launches.product_id,
        generated_series.generated_number - 1 as week,
        cast(
            {{ dbt.dateadd(
                'day',
                'cast(7 * generated_series.generated_number - 1 as ' ~ dbt.type_int() ~ ')',
                'launches.launched_on'
            ) }} as date
        ) as week_ends_on
    from launches
    inner join generated_series
        on
            7 * generated_series.generated_number
            <= {{ dbt.datediff(
                'launches.launched_on', 'launches.as_of_date', 'day'
            ) }} + 1

),

launch_cases as (

    select
        cases.product_id,
        cases.customer_id,
        cases.is_mature,
        cases.is_mature and cases.outcome <> 'started' as is_unfulfilled,
        coalesce(cases.wait_end = 'delivered', false) as is_delivered,
        cases.wait_days,
        cast(cases.received_at as date) as happened_on
    from cases
    inner join launches
        on
            cases.product_id = launches.product_id
            and cast(cases.received_at as date) >= launches.launched_on
    where cases.is_start_journey

),

launch_starts as (

    select
        fills.product_id,
        fills.customer_id,
        fills.shipped_on as happened_on
    from fills
    inner join launches
        on
            fills.product_id = launches.product_id
            and fills.shipped_on >= launches.launched_on
    where
        fills.is_start
        and fills.customer_id is not null

),

prescribing as (

    select
        product_id,
        customer_id,
        happened_on
    from launch_cases
    where customer_id is not null
    union all
    select
        product_id,
        customer_id,
        happened_on
    from launch_starts

),

-- Who prescribes counts once, from the first time on.
first_prescribing as (

    select
        product_id,
        customer_id,
        min(happened_on) as happened_on
    from prescribing
    group by product_id, customer_id

),

events as (

    select
        product_id,
        happened_on,
        count(*) as prescribers,
        0 as cases,
        0 as starts,
        0 as mature_cases,
        0 as unfulfilled_cases
    from first_prescribing
    group by product_id, happened_on
    union all
    select
        product_id,
        happened_on,
        0 as prescribers,
        count(*) as cases,
        0 as starts,
        count(*) filter (where is_mature) as mature_cases,
        count(*) filter (where is_unfulfilled) as unfulfilled_cases
    from launch_cases
    group by product_id, happened_on
    union all
    select
        product_id,
        happened_on,
        0 as prescribers,
        0 as cases,
        count(*) as starts,
        0 as mature_cases,
        0 as unfulfilled_cases
    from launch_starts
    group by product_id, happened_on

),

since_launch as (

    select
        weeks.product_id,
        weeks.week,
        weeks.week_ends_on,
        coalesce(sum(events.prescribers), 0) as prescribers,
        coalesce(sum(events.cases), 0) as cases,
        coalesce(sum(events.starts), 0) as starts,
        coalesce(sum(events.mature_cases), 0) as mature_cases,
        coalesce(sum(events.unfulfilled_cases), 0) as unfulfilled_cases
    from weeks
    left join events
        on
            weeks.product_id = events.product_id
            and weeks.week_ends_on >= events.happened_on
    group by weeks.product_id, weeks.week, weeks.week_ends_on

),

waits_by_day as (

    select
        product_id,
        happened_on,
        wait_days as days,
        count(*) filter (where is_delivered) as delivered,
        count(*) as leaving
    from launch_cases
    group by product_id, happened_on, wait_days

),

days_left as (

    select
        weeks.product_id,
        weeks.week,
        waits_by_day.days,
        sum(waits_by_day.delivered) as delivered,
        sum(waits_by_day.leaving) as leaving
    from weeks
    inner join waits_by_day
        on
            weeks.product_id = waits_by_day.product_id
            and weeks.week_ends_on >= waits_by_day.happened_on
    group by weeks.product_id, weeks.week, waits_by_day.days

),

{{ survival_medians(['product_id', 'week'], 'delivered') }},

fct_launch_curve as (

    select
        since_launch.product_id,
        cast(since_launch.week as {{ dbt.type_bigint() }}) as week,
        since_launch.week_ends_on,
        cast(since_launch.prescribers as {{ dbt.type_bigint() }}) as prescribers,
        cast(since_launch.cases as {{ dbt.type_bigint() }}) as cases,
        cast(since_launch.starts as {{ dbt.type_bigint() }}) as starts,
        cast(since_launch.starts as double) / nullif(since_launch.prescribers, 0)
            as starts_per_prescriber,
        cast(since_launch.mature_cases as {{ dbt.type_bigint() }}) as mature_cases,
        cast(since_launch.unfulfilled_cases as {{ dbt.type_bigint() }}) as unfulfilled_cases,
        cast(since_launch.unfulfilled_cases as double) / nullif(since_launch.mature_cases, 0)
            as unfulfilled_share,
        cast(medians.median_days as {{ dbt.type_bigint() }}) as median_days_to_therapy
    from since_launch
    left join medians
        on
            since_launch.product_id = medians.product_id
            and since_launch.week = medians.week

)

select * from fct_launch_curve
