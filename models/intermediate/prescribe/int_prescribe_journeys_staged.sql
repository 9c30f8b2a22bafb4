-- One row per customer and product that an interaction, a hub case or a fill brought together: when
-- each stage of the path to prescribe was reached.

with

interactions as (

    select * from {{ ref('int_interactions_unioned') }}

),

cases as (

    select * from {{ ref('int_cases_resolved') }}

),

fills as (

    select * from {{ ref('int_fills_resolved') }}

),

fills_accrued as (

    select * from {{ ref('int_fills_accrued') }}

),

patients_covered as (

    select * from {{ ref('int_patients_covered') }}

),

reporting_period as (

    select * from {{ ref('int_reporting_period') }}

),

touches as (

    select
        customer_id,
        product_id,
        min(case when direction = 'outbound' then occurred_at end) as reached_at,
        min(case when is_two_way then occurred_at end) as engaged_at
    from interactions
    where customer_id is not null
    group by customer_id, product_id

),

prescriptions as (

    select
        customer_id,
        product_id,
        min(case when case_type = 'NEW' then received_at end) as first_prescription_at
    from cases
    where
        customer_id is not null
        and product_id is not null
    group by customer_id, product_id

),

fills_of_pairs as (

    select
        customer_id,
        product_id
    from fills
    where
        customer_id is not null
        and product_id is not null
    group by customer_id, product_id

),

starts as (

    select
        customer_id,
        product_id,
        shipped_on,
        lag(shipped_on) over starts_of_pair as previous_shipped_on,
        lag(shipped_on, {{ var('adoption_starts') - 1 }}) over starts_of_pair
            as adoption_begins_on
    from fills
    where
        is_start
        and customer_id is not null
        and product_id is not null
    window starts_of_pair as (
        partition by customer_id, product_id
        order by shipped_on, fill_id
    )

),

first_starts as (

    select
        customer_id,
        product_id,
        min(shipped_on) as first_started_on,
        min(
            case
                when
                    {{ dbt.datediff('adoption_begins_on', 'shipped_on', 'day') }}
                    <= {{ var('adoption_window_days') }}
                    then shipped_on
            end
        ) as adopted_on
    from starts
    group by customer_id, product_id

),

starts_of_panel as (

    select
        starts.customer_id,
        starts.product_id,
        max(starts.shipped_on) as last_started_on,
        percentile_cont(0.5) within group (
            order by {{ dbt.datediff('starts.previous_shipped_on', 'starts.shipped_on', 'day') }}
        ) as median_gap_days
    from starts
    inner join reporting_period
        on starts.shipped_on <= {{ dbt.last_day('reporting_period.last_month', 'month') }}
    group by starts.customer_id, starts.product_id

),

-- Months in between without a covered day are no rows, hence a frame of months and not of rows.
coverage as (

    select
        customer_id,
        product_id,
        month,
        sum(covered_days) over (
            partition by customer_id, product_id, patient_key
            order by {{ dbt.datediff("date '1970-01-01'", 'month', 'month') }}
            range between {{ var('loyalty_window_months') - 1 }} preceding and current row
        ) as covered_days,
        {{ dbt.datediff(
            dbt.dateadd('month', 1 - var('loyalty_window_months'), 'month'),
            dbt.dateadd('month', 1, 'month'),
            'day'
        ) }} as days
    from patients_covered

),

loyalties as (

    select
        coverage.customer_id,
        coverage.product_id,
        min(coverage.month) as loyal_month
    from coverage
    inner join reporting_period
        on coverage.month <= reporting_period.last_month
    where coverage.covered_days >= {{ var('loyalty_min_share') }} * coverage.days
    group by coverage.customer_id, coverage.product_id

),

accruals as (

    select
        fills_accrued.customer_id,
        fills_accrued.product_id,
        fills_accrued.month
    from fills_accrued
    inner join reporting_period
        on fills_accrued.month <= reporting_period.last_month
    where
        fills_accrued.customer_id is not null
        and fills_accrued.product_id is not null
    group by fills_accrued.customer_id, fills_accrued.product_id, fills_accrued.month
    having sum(fills_accrued.accrued_value) > 0

),

last_accruals as (

    select
        customer_id,
        product_id,
        max(month) as last_accrual_month
    from accruals
    group by customer_id, product_id

),

pairs as (

    select
        customer_id,
        product_id
    from touches
    where product_id is not null
    union distinct
    select
        customer_id,
        product_id
    from prescriptions
    union distinct
    select
        customer_id,
        product_id
    from fills_of_pairs

),

-- A touch about no product in particular prepares the ground for each of them.
prescribe_journeys_staged as (

    select
        pairs.customer_id,
        pairs.product_id,
        {{ is_writer_silent(
            'starts_of_panel.last_started_on',
            'starts_of_panel.median_gap_days',
            dbt.last_day('reporting_period.last_month', 'month')
        ) }} as is_writer_silent,
        {% for stage in ['reached_at', 'engaged_at'] -%}
        least(
            coalesce(own_touches.{{ stage }}, general_touches.{{ stage }}),
            coalesce(general_touches.{{ stage }}, own_touches.{{ stage }})
        ) as {{ stage }},
        {% endfor -%}
        prescriptions.first_prescription_at,
        {{ last_instant('first_starts.first_started_on') }} as first_start_at,
        {{ last_instant('first_starts.adopted_on') }} as adopted_at,
        {{ last_instant(dbt.last_day('loyalties.loyal_month', 'month')) }} as loyal_at,
        case
            when
                {{ dbt.dateadd(
                    'month', var('lapse_window_months'), 'last_accruals.last_accrual_month'
                ) }} <= reporting_period.last_month
                then
                    {{ last_instant(dbt.last_day(
                        dbt.dateadd(
                            'month',
                            var('lapse_window_months'),
                            'last_accruals.last_accrual_month'
                        ),
                        'month'
                    )) }}
        end as lapsed_at
    from pairs
    cross join reporting_period
    left join touches as own_touches
        on
            pairs.customer_id = own_touches.customer_id
            and pairs.product_id = own_touches.product_id
    left join touches as general_touches
        on
            pairs.customer_id = general_touches.customer_id
            and general_touches.product_id is null
    left join prescriptions
        on
            pairs.customer_id = prescriptions.customer_id
            and pairs.product_id = prescriptions.product_id
    left join first_starts
        on
            pairs.customer_id = first_starts.customer_id
            and pairs.product_id = first_starts.product_id
    left join starts_of_panel
        on
            pairs.customer_id = starts_of_panel.customer_id
            and pairs.product_id = starts_of_panel.product_id
    left join loyalties
        on
            pairs.customer_id = loyalties.customer_id
            and pairs.product_id = loyalties.product_id
    left join last_accruals
        on
            pairs.customer_id = last_accruals.customer_id
            and pairs.product_id = last_accruals.product_id

)

select * from prescribe_journeys_staged
