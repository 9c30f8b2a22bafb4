-- One row per month: the mean of all customers in the trailing windows, which scores are drawn to.

{% set sums = [
    'trust', 'ease', 'responsiveness', 'sentiment', 'field', 'digital', 'access', 'support'
] -%}
{% set columns = ['reciprocity_sum', 'reciprocity_count'] -%}
{% for name in sums %}{% do columns.extend([name ~ '_sum', name ~ '_weight']) %}{% endfor -%}
with

evidence as (

    select * from {{ ref('int_evidence_monthly') }}

),

evidence_windowed as (

    select * from {{ ref('int_evidence_windowed') }}

),

months as (

    select * from {{ ref('int_months') }}

),

totals as (

    select
        {% for column in columns -%}
        sum({{ column }}) as {{ column }},
        {% endfor -%}
        month
    from evidence
    group by month

),

fulfillment as (

    select
        month,
        sum(fulfillment_sum) as fulfillment_sum,
        sum(fulfillment_count) as fulfillment_count
    from evidence_windowed
    group by month

),

windowed as (

    select
        {% for column in columns -%}
        cast(sum(totals.{{ column }}) as double) as {{ column }},
        {% endfor -%}
        months.month
    from months
    left join totals
        on
            months.month >= totals.month
            and totals.month
            > {{ dbt.dateadd('month', 0 - var('health_window_months'), 'months.month') }}
    group by months.month

),

evidence_pooled as (

    select
        windowed.month,
        {% for name in sums -%}
        windowed.{{ name }}_sum / 60 / nullif(windowed.{{ name }}_weight, 0) as {{ name }}_mean,
        {% endfor -%}
        windowed.reciprocity_sum / nullif(windowed.reciprocity_count, 0) as reciprocity_mean,
        cast(fulfillment.fulfillment_sum as double)
        / nullif(fulfillment.fulfillment_count, 0) as fulfillment_mean
    from windowed
    left join fulfillment
        on windowed.month = fulfillment.month

)

select * from evidence_pooled
