-- One row per customer and month, from the month of the customer's first event to the last month:
-- how the relationship feels, what that rests on, and whether experience is consistent.

with

relationships as (

    select * from {{ ref('int_relationships_scored') }}

),

fct_relationship_health as (

    select
        customer_id,
        month,
        {% for component in health_components() -%}
        {{ component }},
        n_{{ component }},
        {% endfor -%}
        n_observations,
        evidence,
        health,
        band,
        health_change_3m,
        weakest_component,
        emotional_engagement,
        burden_hours,
        q_stddev,
        q_cv,
        between_channel_s,
        overdue_promises
    from relationships

)

select * from fct_relationship_health
