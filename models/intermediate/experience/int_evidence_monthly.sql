-- One row per customer and month with an observation or an interaction: what it says, summed.

{% set kinds = {
    'trust': "kind = 'promise'",
    'ease': "kind = 'ces'",
    'responsiveness': is_answer('promise_id'),
    'sentiment': "kind in ('csat', 'nps', 'emotion', 'reaction')",
    'field': "channel_group = 'field'",
    'digital': "channel_group = 'digital'",
    'access': "channel_group = 'access'",
    'support': "channel_group = 'support'",
} -%}
{% set counted = ['trust', 'ease', 'responsiveness', 'sentiment'] -%}
with

observations as (

    select * from {{ ref('int_observations_unioned') }}

),

interactions as (

    select * from {{ ref('int_interactions_unioned') }}

),

-- What weighs nothing is shown, and says nothing here.
weighed as (

    select
        customer_id,
        cast({{ dbt.date_trunc('month', 'observed_at') }} as date) as month,
        promise_id,
        kind,
        channel_group,
        weight,
        weight * q_sixtieths as weighted_q,
        weight * q_sixtieths * q_sixtieths as weighted_q_squared
    from observations
    where
        customer_id is not null
        and weight > 0

),

observed as (

    select
        customer_id,
        month,
        {% for name, condition in kinds.items() -%}
        coalesce(sum(weighted_q) filter (where {{ condition }}), 0) as {{ name }}_sum,
        coalesce(sum(weight) filter (where {{ condition }}), 0) as {{ name }}_weight,
        {% endfor -%}
        {% for name in counted -%}
        count(*) filter (where {{ kinds[name] }}) as {{ name }}_count,
        {% endfor -%}
        sum(weighted_q) as observation_sum,
        sum(weighted_q_squared) as observation_square_sum,
        sum(weight) as observation_weight,
        count(*) as observation_count
    from weighed
    group by customer_id, month

),

-- Enrolments and support cases are inbound by nature: they say nothing about giving and taking.
touched as (

    select
        customer_id,
        cast({{ dbt.date_trunc('month', 'occurred_at') }} as date) as month,
        count(*) filter (where interaction_type not in ('enrollment', 'support_case'))
            as reciprocity_count,
        count(*) filter (
            where
            interaction_type not in ('enrollment', 'support_case')
            and (direction = 'inbound' or is_two_way)
        ) as reciprocity_sum,
        coalesce(sum(customer_minutes), 0) as customer_minutes
    from interactions
    where customer_id is not null
    group by customer_id, {{ dbt.date_trunc('month', 'occurred_at') }}

),

customer_months as (

    select
        customer_id,
        month
    from observed
    union distinct
    select
        customer_id,
        month
    from touched

),

evidence_monthly as (

    select
        customer_months.customer_id,
        customer_months.month,
        {% for name in kinds -%}
        cast(coalesce(observed.{{ name }}_sum, 0) as {{ evidence_type() }}) as {{ name }}_sum,
        cast(coalesce(observed.{{ name }}_weight, 0) as {{ evidence_type() }})
            as {{ name }}_weight,
        {% endfor -%}
        {% for name in counted -%}
        coalesce(observed.{{ name }}_count, 0) as {{ name }}_count,
        {% endfor -%}
        cast(coalesce(observed.observation_sum, 0) as {{ evidence_type() }})
            as observation_sum,
        cast(coalesce(observed.observation_square_sum, 0) as {{ evidence_type() }})
            as observation_square_sum,
        cast(coalesce(observed.observation_weight, 0) as {{ evidence_type() }})
            as observation_weight,
        coalesce(observed.observation_count, 0) as observation_count,
        coalesce(touched.reciprocity_sum, 0) as reciprocity_sum,
        coalesce(touched.reciprocity_count, 0) as reciprocity_count,
        cast(coalesce(touched.customer_minutes, 0) as {{ dbt.type_bigint() }})
            as customer_minutes
    from customer_months
    left join observed
        on
            customer_months.customer_id = observed.customer_id
            and customer_months.month = observed.month
    left join touched
        on
            customer_months.customer_id = touched.customer_id
            and customer_months.month = touched.month

)

select * from evidence_monthly
