-- One row per customer and month, from the month of the customer's first event to the last month:
-- how the relationship feels, what that rests on, and whether experience is consistent.

with

relationships as (

    select * from {{ ref('int_relationships_scored') }}

),

profiles as (

    select * from {{ ref('int_customer_months_profiled') }}

),

fct_relationship_health as (

    select
        relationships.customer_id,
        relationships.month,
        profiles.specialty,
        profiles.segment,
        profiles.territory,
        profiles.state,
        {% for component in health_components() -%}
        relationships.{{ component }},
        relationships.n_{{ component }},
        {% endfor -%}
        relationships.n_observations,
        relationships.evidence,
        relationships.health,
        relationships.band,
        relationships.health_change_3m,
        relationships.weakest_component,
        relationships.emotional_engagement,
        relationships.burden_hours,
        relationships.q_stddev,
        relationships.q_cv,
        relationships.between_channel_s,
        relationships.overdue_promises
    from relationships
    left join profiles
        on
            relationships.customer_id = profiles.customer_id
            and relationships.month = profiles.month

)

select * from fct_relationship_health
