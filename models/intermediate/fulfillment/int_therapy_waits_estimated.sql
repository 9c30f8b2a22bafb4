-- One row per month of receipt (null for all), payer type (and all) and day after receipt on which
-- a case left the wait: how many still waited, and what the wait ended in.

{% set ends = ['delivered', 'denied', 'abandoned', 'other'] -%}
with

cases as (

    select * from {{ ref('int_cases_followed') }}

),

waits as (

    select
        cast({{ dbt.date_trunc('month', 'received_at') }} as date) as received_month,
        coalesce(payer_type, 'unknown') as payer_type,
        wait_days as days,
        {% for end in ends -%}
        count(*) filter (where wait_end = '{{ end }}') as {{ end }},
        {% endfor -%}
        count(*) as leaving
    from cases
    where is_start_journey
    group by
        {{ dbt.date_trunc('month', 'received_at') }},
        coalesce(payer_type, 'unknown'),
        wait_days

),

scoped as (

    select
        received_month,
        payer_type,
        days,
        {{ ends | join(', ') }},
        leaving
    from waits
    union all
    select
        cast(null as date) as received_month,
        payer_type,
        days,
        {{ ends | join(', ') }},
        leaving
    from waits
    union all
    select
        received_month,
        'all' as payer_type,
        days,
        {{ ends | join(', ') }},
        leaving
    from waits
    union all
    select
        cast(null as date) as received_month,
        'all' as payer_type,
        days,
        {{ ends | join(', ') }},
        leaving
    from waits

),

days_left as (

    select
        received_month,
        payer_type,
        days,
        {% for end in ends -%}
        sum({{ end }}) as {{ end }},
        {% endfor -%}
        sum(leaving) as leaving
    from scoped
    group by received_month, payer_type, days

),

life_table as (

    select
        *,
        leaving - {{ ends | join(' - ') }} as censored,
        {{ ends | join(' + ') }} as ended,
        sum(leaving) over (
            partition by received_month, payer_type
            order by days desc
            rows between unbounded preceding and current row
        ) as at_risk
    from days_left

),

estimated as (

    select
        *,
        {{ survival('delivered', 'at_risk', 'up_to_here') }} as survival,
        {{ log_survival_variance('delivered', 'at_risk', 'up_to_here') }}
            as log_survival_variance,
        {{ survival('ended', 'at_risk', 'up_to_here') }} as still_waiting
    from life_table
    window up_to_here as (
        partition by received_month, payer_type
        order by days
        rows between unbounded preceding and current row
    )

),

with_previous as (

    select
        *,
        coalesce(
            lag(still_waiting) over (
                partition by received_month, payer_type
                order by days
            ),
            1
        ) as waiting_before
    from estimated

),

therapy_waits_estimated as (

    select
        received_month,
        payer_type,
        cast(days as {{ dbt.type_bigint() }}) as days,
        cast(at_risk as {{ dbt.type_bigint() }}) as at_risk,
        {% for end in ends + ['censored'] -%}
        cast({{ end }} as {{ dbt.type_bigint() }}) as {{ end }},
        {% endfor -%}
        cast(survival as double) as survival,
        survival * sqrt(log_survival_variance) as standard_error,
        {{ survival_limit('survival', 'log_survival_variance', 1) }} as survival_lower,
        {{ survival_limit('survival', 'log_survival_variance', -1) }} as survival_upper,
        {% for end in ends -%}
        {{ cumulative_incidence(end, 'at_risk', 'waiting_before', 'up_to_here') }}
            as incidence_{{ end }},
        {% endfor -%}
        cast(still_waiting as double) as still_waiting
    from with_previous
    window up_to_here as (
        partition by received_month, payer_type
        order by days
        rows between unbounded preceding and current row
    )

)

select * from therapy_waits_estimated
