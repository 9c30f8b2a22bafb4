-- Health equals the weighted sum of its components; undefined ones leave their weights to others.
{% set components = health_components() -%}
with

health as (

    select * from {{ ref('fct_relationship_health') }}

),

health_weights as (

    select * from {{ ref('health_weights') }}

),

scores as (

    {% for component in components -%}
    select
        customer_id,
        month,
        health,
        '{{ component }}' as component,
        {{ component }} as score
    from health
    {% if not loop.last -%}
    union all
    {% endif -%}
    {% endfor %}
),

weighed as (

    select
        scores.customer_id,
        scores.month,
        scores.health,
        sum(health_weights.weight * scores.score)
        / sum(case when scores.score is not null then health_weights.weight end) as weighted_score
    from scores
    inner join health_weights
        on scores.component = health_weights.component
    group by scores.customer_id, scores.month, scores.health

)

select * from weighed
where
    (health is null) <> (weighted_score is null)
    or abs(health - weighted_score) > 1e-9
