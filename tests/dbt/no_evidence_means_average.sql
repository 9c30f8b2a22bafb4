-- A component without evidence equals the mean of all customers; coherence has no mean of its own.
{% set components = health_components() | reject('eq', 'coherence') | list -%}
with

health as (

    select * from {{ ref('fct_relationship_health') }}

),

pooled as (

    select * from {{ ref('int_evidence_pooled') }}

),

without_evidence as (

    {% for component in components -%}
    select
        health.customer_id,
        health.month,
        '{{ component }}' as component,
        health.{{ component }} as score,
        100 * pooled.{{ component }}_mean as mean_score
    from health
    inner join pooled
        on health.month = pooled.month
    where health.n_{{ component }} = 0
    {% if not loop.last -%}
    union all
    {% endif -%}
    {% endfor %}
)

select * from without_evidence
where abs(score - mean_score) > 1e-9
