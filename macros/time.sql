{# Instants and durations. Microseconds are whole numbers: they add up and compare exactly. #}
{% macro microseconds(at) %}
    {{- return(adapter.dispatch('microseconds', 'cxe')(at)) -}}
{% endmacro %}

{% macro duckdb__microseconds(at) %}
    {{- return('epoch_us(' ~ at ~ ')') -}}
{% endmacro %}

{% macro timestamp_of_microseconds(microseconds) %}
    {{- return(adapter.dispatch('timestamp_of_microseconds', 'cxe')(microseconds)) -}}
{% endmacro %}

{% macro duckdb__timestamp_of_microseconds(microseconds) %}
    {{- return('make_timestamp(' ~ microseconds ~ ')') -}}
{% endmacro %}

{% macro elapsed_microseconds(started_at, ended_at) %}
    {{- return('(' ~ microseconds(ended_at) ~ ' - ' ~ microseconds(started_at) ~ ')') -}}
{% endmacro %}

{% macro elapsed_hours(started_at, ended_at) %}
    {{- return('cast(' ~ elapsed_microseconds(started_at, ended_at) ~ ' as double) / 3600000000') -}}
{% endmacro %}

{% macro elapsed_days(started_at, ended_at) %}
    {{- return('cast(' ~ elapsed_microseconds(started_at, ended_at) ~ ' as double) / 86400000000') -}}
{% endmacro %}

{# Whole days from one instant to a later one; 0 to an earlier one. #}
{% macro whole_days(started_at, ended_at) %}
    {{- return(integer_divide(
        'greatest(' ~ elapsed_microseconds(started_at, ended_at) ~ ', 0)', '86400000000'
    )) -}}
{% endmacro %}

{# A date without a time counts as the start of its day where something starts ... #}
{% macro first_instant(date) %}
    {{- return('cast(' ~ date ~ ' as ' ~ dbt.type_timestamp() ~ ')') -}}
{% endmacro %}

{# ... and as the end of its day where something is delivered. #}
{% macro last_instant(date) %}
    {{- return(
        'cast(' ~ dbt.dateadd(
            'microsecond', -1, first_instant(dbt.dateadd('day', 1, date))
        ) ~ ' as ' ~ dbt.type_timestamp() ~ ')'
    ) -}}
{% endmacro %}

{# A timestamp, null unless it lies within the world: what comes later has not happened yet. Wants
   the row of `int_reporting_period` under the alias `reporting_period`. #}
{% macro if_happened(at, value=none) %}
    {{- return(
        'case when ' ~ at ~ ' < reporting_period.ends_before then ' ~ (value or at) ~ ' end'
    ) -}}
{% endmacro %}

{# The last instant of the world, which what is still open is measured to; same alias. #}
{% macro cut_off_at() %}
    {{- return(dbt.dateadd('microsecond', -1, first_instant('reporting_period.ends_before'))) -}}
{% endmacro %}

{# Whether a row of half-open validity ranges holds on the day of an instant. #}
{% macro is_valid_on(ranges, at) %}
    {%- set day = 'cast(' ~ at ~ ' as date)' -%}
    {{- return(
        '(' ~ day ~ ' >= ' ~ ranges ~ '.valid_from and ' ~ day ~ ' < ' ~ ranges ~ '.valid_to)'
    ) -}}
{% endmacro %}
