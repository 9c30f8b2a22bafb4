-- One row per week, product and territory: how many patients started, on what, and how many were
-- aimed at.

with

fills as (

    select * from {{ ref('int_fills_resolved') }}

),

cases as (

    select * from {{ ref('int_cases_resolved') }}

),

customers_versioned as (

    select * from {{ ref('int_customers_versioned') }}

),

targets as (

    select * from {{ ref('int_start_targets_matched') }}

),

months as (

    select * from {{ ref('int_months') }}

),

reporting_period as (

    select * from {{ ref('int_reporting_period') }}

),

generated_series as (

    {{ dbt.generate_series(4096) | indent }}

),

-- The week that the day after the as-of date lies in has not ended, the one before it has.
last_weeks as (

    select
        cast(
            {{ dbt.dateadd('day', -7, dbt.date_trunc('week', 'ends_before')) }} as date
        ) as last_week
    from reporting_period

),

-- Who was on therapy when the extracts begin seems to start then: weeks count once that is over.
first_counted as (

    select month as first_counted_on
    from months
    where month_number = {{ var('calibration_skipped_months') }} + 1

),

starts as (

    select
        cast({{ dbt.date_trunc('week', 'fills.shipped_on') }} as date) as week,
        fills.product_id,
        coalesce(customers_versioned.territory, 'unassigned') as territory,
        coalesce(cases.case_type, 'none') as case_type,
        fills.net_value > 0 as is_paid
    from fills
    inner join first_counted
        on
            cast({{ dbt.date_trunc('week', 'fills.shipped_on') }} as date)
            >= first_counted.first_counted_on
    left join cases
        on fills.case_id = cases.case_id
    left join customers_versioned
        on
            fills.customer_id = customers_versioned.customer_id
            and {{ is_valid_on('customers_versioned', 'fills.shipped_on') }}
    where
        fills.is_start
        and fills.product_id is not null

),

counted as (

    select
        week,
        product_id,
        territory,
        count(*) as starts,
        count(*) filter (where case_type = 'NEW') as new_starts,
        count(*) filter (where case_type = 'RESTART') as restarts,
        count(*) filter (where case_type not in ('NEW', 'RESTART')) as other_starts,
        count(*) filter (where is_paid) as paid_starts,
        count(*) filter (where not is_paid) as free_starts
    from starts
    group by week, product_id, territory

),

first_weeks as (

    select
        product_id,
        min(week) as first_week
    from starts
    group by product_id

),

product_territories as (

    select
        product_id,
        territory
    from starts
    union distinct
    select
        product_id,
        territory
    from targets
    where
        product_id is not null
        and territory is not null

),

-- Counted back from the last week: should a misdated fill reach back further than the numbers do,
-- the weeks lose their dawn and not the present.
product_weeks as (

    select
        first_weeks.product_id,
        cast(
            {{ dbt.dateadd(
                'day',
                'cast(7 - 7 * generated_series.generated_number as ' ~ dbt.type_int() ~ ')',
                'last_weeks.last_week'
            ) }} as date
        ) as week
    from first_weeks
    cross join last_weeks
    inner join generated_series
        on
            7 * generated_series.generated_number
            <= {{ dbt.datediff(
                'first_weeks.first_week', 'last_weeks.last_week', 'day'
            ) }} + 7

),

spine as (

    select
        product_weeks.week,
        product_territories.product_id,
        product_territories.territory
    from product_territories
    inner join product_weeks
        on product_territories.product_id = product_weeks.product_id

),

-- Nobody answers for the starts of customers without a territory: no general target is theirs.
aimed_at as (

    select
        spine.*,
        coalesce(own_targets.weekly_starts, general_targets.weekly_starts) as target_starts
    from spine
    left join targets as own_targets
        on
            spine.product_id = own_targets.product_id
            and spine.territory = own_targets.territory
            and {{ is_valid_on('own_targets', 'spine.week') }}
    left join targets as general_targets
        on
            spine.product_id = general_targets.product_id
            and general_targets.territory is null
            and spine.territory <> 'unassigned'
            and {{ is_valid_on('general_targets', 'spine.week') }}

),

fct_starts_weekly as (

    select
        aimed_at.week,
        aimed_at.product_id,
        aimed_at.territory,
        {% for count in [
            'starts', 'new_starts', 'restarts', 'other_starts', 'paid_starts', 'free_starts',
        ] -%}
        cast(coalesce(counted.{{ count }}, 0) as {{ dbt.type_bigint() }}) as {{ count }},
        {% endfor -%}
        aimed_at.target_starts,
        cast(coalesce(counted.starts, 0) as double)
        / cast(nullif(aimed_at.target_starts, 0) as double) as attainment
    from aimed_at
    left join counted
        on
            aimed_at.week = counted.week
            and aimed_at.product_id = counted.product_id
            and aimed_at.territory = counted.territory

)

select * from fct_starts_weekly
