{# Components of relationship health in the order that decides between equally weak ones. #}
{% macro health_components() %}
    {{- return([
        'trust', 'ease', 'responsiveness', 'coherence', 'reciprocity', 'fulfillment', 'sentiment'
    ]) -}}
{% endmacro %}

{# Promises that are answers. #}
{% macro is_answer(promise_id) %}
    {{- return(
        promise_id ~ " in ('case_first_response', 'inquiry_response', 'detractor_follow_up')"
    ) -}}
{% endmacro %}

{# Sums of weights, and of weights x sixtieths of q: exact. #}
{% macro evidence_type() %}
    {{- return('decimal(18, 2)') -}}
{% endmacro %}

{# Mean of few observations, drawn towards the pooled mean of all customers by `shrinkage_k`
   observations of it: who said little is taken for average. Null where nobody said anything. #}
{% macro shrunk_mean(weighted_sum, weight, pooled_mean) %}
    {{- return(
        '(' ~ weighted_sum ~ ' + ' ~ var('shrinkage_k') ~ ' * ' ~ pooled_mean
        ~ ') / (' ~ weight ~ ' + ' ~ var('shrinkage_k') ~ ')'
    ) -}}
{% endmacro %}

{# Population deviation of the columns that are not null; null with fewer than two. Measured from the
   first of them: squares of small differences keep their digits. #}
{% macro deviation_between(columns) %}
    {%- set first = 'coalesce(' ~ columns | join(', ') ~ ')' -%}
    {%- set numbers, totals, squares = [], [], [] -%}
    {%- for column in columns -%}
        {%- do numbers.append('case when ' ~ column ~ ' is null then 0 else 1 end') -%}
        {%- do totals.append('coalesce(' ~ column ~ ' - ' ~ first ~ ', 0)') -%}
        {%- do squares.append('coalesce(pow(' ~ column ~ ' - ' ~ first ~ ', 2), 0)') -%}
    {%- endfor -%}
    {%- set number = '(' ~ numbers | join(' + ') ~ ')' -%}
    {{- return(
        'case when ' ~ number ~ ' >= 2 then sqrt(greatest((' ~ squares | join(' + ') ~ ') / ' ~ number
        ~ ' - pow((' ~ totals | join(' + ') ~ ') / ' ~ number ~ ', 2), 0)) end'
    ) -}}
{% endmacro %}

{# How alike channel groups feel, from the deviation between them; null where that is. #}
{% macro coherence(deviation) %}
    {{- return(
        'case when ' ~ deviation ~ ' is not null then 100 * (1 - least(1, ' ~ deviation ~ ' / '
        ~ var('coherence_limit') ~ ')) end'
    ) -}}
{% endmacro %}

{# Mean of the scores that are not null, by their weights; both are columns `<name>` and
   `<name>_weight`. #}
{% macro weighted_health(scores, weights) %}
    {%- set totals, shares = [], [] -%}
    {%- for name in health_components() -%}
        {%- set score, weight = scores ~ '.' ~ name, weights ~ '.' ~ name ~ '_weight' -%}
        {%- do totals.append('coalesce(' ~ weight ~ ' * ' ~ score ~ ', 0)') -%}
        {%- do shares.append('case when ' ~ score ~ ' is not null then ' ~ weight ~ ' else 0 end') -%}
    {%- endfor -%}
    {{- return('(' ~ totals | join(' + ') ~ ') / nullif(' ~ shares | join(' + ') ~ ', 0)') -}}
{% endmacro %}
