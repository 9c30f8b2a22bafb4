{# Estimates over a life table: one row per group and time, with what happened there and how many were
   still at risk just before. `window` names a window over the group, ordered by time, up to here. #}

{# Product-limit estimate (Kaplan and Meier 1958): the share for which the event is yet to come. #}
{% macro survival(events, at_risk, window) %}
    {{- return(
        'case when max(case when ' ~ events ~ ' = ' ~ at_risk ~ ' then 1 else 0 end) over ' ~ window
        ~ ' = 1 then 0 else exp(sum(ln(nullif(1 - cast(' ~ events ~ ' as double) / ' ~ at_risk
        ~ ', 0))) over ' ~ window ~ ') end'
    ) -}}
{% endmacro %}

{# The first time at which a curve is down to one half, null if it never is. The tolerance keeps one
   that meets one half exactly from missing it by rounding. #}
{% macro median_survival(survival, time) %}
    {{- return('min(case when ' ~ survival ~ ' <= ' ~ (0.5 + 1e-12) ~ ' then ' ~ time ~ ' end)') -}}
{% endmacro %}

{# Variance of ln(survival) (Greenwood 1926); infinite, hence null, once nobody is left. #}
{% macro log_survival_variance(events, at_risk, window) %}
    {{- return(
        'case when max(case when ' ~ events ~ ' = ' ~ at_risk ~ ' then 1 else 0 end) over ' ~ window
        ~ ' = 0 then sum(cast(' ~ events ~ ' as double) / nullif(cast(' ~ at_risk ~ ' as double) * ('
        ~ at_risk ~ ' - ' ~ events ~ '), 0)) over ' ~ window ~ ' end'
    ) -}}
{% endmacro %}

{# Pointwise 95 % limit on the log-log scale, which stays between 0 and 1 (Kalbfleisch and Prentice
   1980); `side` is 1 for the lower limit and -1 for the upper one. #}
{% macro survival_limit(survival, log_survival_variance, side) %}
    {{- return(
        'case when ' ~ survival ~ ' > 0 and ' ~ survival ~ ' < 1 then pow(' ~ survival ~ ', exp('
        ~ side ~ ' * ' ~ var('confidence_z') ~ ' * sqrt(' ~ log_survival_variance ~ ') / abs(ln(nullif('
        ~ survival ~ ', 0))))) end'
    ) -}}
{% endmacro %}

{# Cumulative incidence of one of several ends (Aalen and Johansen 1978); `survival_before` is the
   share that no end had reached before this time. #}
{% macro cumulative_incidence(events, at_risk, survival_before, window) %}
    {{- return(
        'sum(' ~ survival_before ~ ' * ' ~ events ~ ' / ' ~ at_risk ~ ') over ' ~ window
    ) -}}
{% endmacro %}

{# CTEs from `days_left` (a row per group and day: `leaving`, and of these the `events`) to `medians`:
   `median_days` of each group, null where fewer than half have had the event. #}
{% macro survival_medians(groups, events) %}
{%- set group = groups | join(', ') -%}
life_table as (

    select
        *,
        sum(leaving) over (
            partition by {{ group }}
            order by days desc
            rows between unbounded preceding and current row
        ) as at_risk
    from days_left

),

estimated as (

    select
        {{ group }},
        days,
        {{ survival(events, 'at_risk', 'up_to_here') }} as survival
    from life_table
    window up_to_here as (
        partition by {{ group }}
        order by days
        rows between unbounded preceding and current row
    )

),

medians as (

    select
        {{ group }},
        {{ median_survival('survival', 'days') }} as median_days
    from estimated
    group by {{ group }}

)
{%- endmacro %}
