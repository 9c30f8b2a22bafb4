-- One row per customer and month in which the customer is active: what the retained share is
-- predicted from, and what was retained.

{% set quarters = [1, 2, 3, 4] -%}
with

valued as (

    select * from {{ ref('int_customer_months_valued') }}

),

relationships as (

    select * from {{ ref('int_relationships_scored') }}

),

experience_reference as (

    select * from {{ ref('experience_reference') }}

),

promise_levels as (

    select
        {{ cvar_promise_levels() }}
    from experience_reference

),

active as (

    select
        valued.customer_id,
        valued.month,
        valued.run_rate,
        {% for quarter in quarters -%}
        valued.quarter_{{ quarter }}_value,
        {% endfor -%}
        cast(valued.run_rate as double) as rate,
        cast(valued.active_window_value as double) as active_window_value,
        cast(valued.accrued_value as double) as accrued_value,
        cast(valued.last_day_value as double) as last_day_value,
        extract(day from valued.month_ends_on) as days_in_month,
        cast(nullif(valued.active_patients, 0) as double) as active_patients,
        valued.medicaid_patients,
        valued.medicare_d_patients,
        valued.accrual_months,
        valued.active_window_fills,
        valued.months_since_first_accrual,
        valued.months_since_last_start,
        relationships.trust,
        relationships.ease,
        relationships.sentiment,
        relationships.reciprocity,
        relationships.q_stddev,
        relationships.overdue_promises
    from valued
    inner join relationships
        on
            valued.customer_id = relationships.customer_id
            and valued.month = relationships.month
    where valued.is_active

),

-- A driver of which nothing is known stands at its promise level: it adds no risk, nor protects.
cvar_covariates as (

    select
        active.customer_id,
        active.month,
        active.run_rate,
        {% for quarter in quarters -%}
        active.quarter_{{ quarter }}_value,
        {% endfor -%}
        {% for quarter in quarters -%}
        case
            when active.quarter_{{ quarter }}_value is not null
                then
                    least(
                        1, cast(active.quarter_{{ quarter }}_value as double) / (3 * active.rate)
                    )
        end as retained_share_{{ quarter }},
        {% endfor -%}
        ln(1 + active.rate) as log_run_rate,
        ln(1 + active.months_since_first_accrual) as log_tenure,
        ln(1 + active.accrual_months) as log_accrual_months,
        ln(1 + active.active_window_fills) as log_recent_fills,
        active.active_window_value / (3 * active.rate) as last_quarter_ratio,
        active.accrued_value / active.rate as last_month_ratio,
        -- Whoever stops within a month shows here first.
        active.days_in_month * active.last_day_value / active.rate as last_day_ratio,
        cast(
            least(
                {{ var('start_recency_cap_months') }},
                coalesce(active.months_since_last_start, {{ var('start_recency_cap_months') }})
            ) as double
        ) as months_since_start,
        coalesce(active.medicaid_patients / active.active_patients, 0) as medicaid_share,
        coalesce(active.medicare_d_patients / active.active_patients, 0) as medicare_d_share,
        coalesce(active.trust / 100, promise_levels.reference_trust) as trust,
        coalesce(active.ease / 100, promise_levels.reference_ease) as ease,
        coalesce(active.sentiment / 100, promise_levels.reference_sentiment) as sentiment,
        coalesce(active.reciprocity / 100, promise_levels.reference_reciprocity) as reciprocity,
        coalesce(active.q_stddev, promise_levels.reference_variability) as variability,
        cast(
            least({{ var('overdue_cap') }}, active.overdue_promises) as double
        ) as overdue
    from active
    cross join promise_levels

)

select * from cvar_covariates
