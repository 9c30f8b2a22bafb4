{# Limits of an XmR chart (Shewhart; 2.66 = 3 / 1.128): mean plus or minus 2.66 times the mean moving
   range; `side` is 1 for the upper limit and -1 for the lower one. #}
{% macro xmr_limit(mean, mean_moving_range, side) %}
    {{- return('(' ~ mean ~ ' + ' ~ side ~ ' * 2.66 * ' ~ mean_moving_range ~ ')') -}}
{% endmacro %}

{# Limit of a funnel plot: where a unit of n would fall by chance if it were like all others. #}
{% macro funnel_limit(pooled_rate, n, z, side) %}
    {{- return(
        'greatest(least(' ~ pooled_rate ~ ' + ' ~ side ~ ' * ' ~ z ~ ' * sqrt(' ~ pooled_rate
        ~ ' * (1 - ' ~ pooled_rate ~ ') / ' ~ n ~ '), 1), 0)'
    ) -}}
{% endmacro %}

{# Net Promoter Score of counts of answers, -100 to 100, and its standard error. #}
{% macro net_promoter_score(promoters, detractors, answers) %}
    {{- return(
        '(100 * cast(' ~ promoters ~ ' - ' ~ detractors ~ ' as double) / nullif(' ~ answers ~ ', 0))'
    ) -}}
{% endmacro %}

{% macro net_promoter_score_error(promoters, detractors, answers) %}
    {%- set mean = '(cast(' ~ promoters ~ ' - ' ~ detractors ~ ' as double) / nullif(' ~ answers ~ ', 0))' -%}
    {{- return(
        '(100 * sqrt((cast(' ~ promoters ~ ' + ' ~ detractors ~ ' as double) / nullif(' ~ answers
        ~ ', 0) - ' ~ mean ~ ' * ' ~ mean ~ ') / nullif(' ~ answers ~ ', 0)))'
    ) -}}
{% endmacro %}
