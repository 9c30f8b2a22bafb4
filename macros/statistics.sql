{# Twice the mean rank of a value within its group, less the mean of all: a whole number. #}
{% macro centred_rank(value, group) %}
    {%- set group = group | join(', ') -%}
    {{- return(
        '2 * rank() over (partition by ' ~ group ~ ' order by ' ~ value ~ ')'
        ~ ' + count(*) over (partition by ' ~ group ~ ', ' ~ value ~ ')'
        ~ ' - count(*) over (partition by ' ~ group ~ ') - 2'
    ) -}}
{% endmacro %}

{# Spearman's correlation of two columns made by `centred_rank`; null when one does not vary. #}
{% macro rank_correlation(one, other) %}
    {{- return(
        'cast(sum(' ~ one ~ ' * ' ~ other ~ ') as double) / nullif('
        ~ 'sqrt(cast(sum(' ~ one ~ ' * ' ~ one ~ ') as double))'
        ~ ' * sqrt(cast(sum(' ~ other ~ ' * ' ~ other ~ ') as double)), 0)'
    ) -}}
{% endmacro %}
