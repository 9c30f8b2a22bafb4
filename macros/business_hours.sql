{# Business time by cumulative counting: what has passed since the calendar began is a whole number
   for any instant, so an interval is one subtraction, whatever its length. Each instant wants the
   row of `int_business_days` for its `business_date`. #}

{# The local day of an instant, as far as the calendar reaches. #}
{% macro business_date(at) %}
    {{- return(
        'greatest(least(cast(' ~ business_time(at) ~ " as date), date '"
        ~ var('business_calendar_ends_on') ~ "'), date '" ~ var('business_calendar_starts_on') ~ "')"
    ) -}}
{% endmacro %}

{# Microseconds of business time from the beginning of the calendar to an instant. #}
{% macro business_microseconds(at, business_days) %}
    {%- set local = business_time(at) -%}
    {%- set of_day = elapsed_microseconds(first_instant('cast(' ~ local ~ ' as date)'), local) -%}
    {{- return(
        '(' ~ business_days ~ '.business_days_before * ' ~ business_day_microseconds()
        ~ ' + case when ' ~ business_days ~ '.is_business_day then least(greatest(' ~ of_day ~ ' - '
        ~ business_day_start_microseconds() ~ ', 0), ' ~ business_day_microseconds()
        ~ ') else 0 end)'
    ) -}}
{% endmacro %}

{# The number, from zero, of the business day in which so much business time is used up. #}
{% macro business_day_number(business_microseconds) %}
    {{- return(integer_divide(business_microseconds, business_day_microseconds())) -}}
{% endmacro %}

{# The last instant by which no more than so much business time has passed; wants that day's row. #}
{% macro business_instant(business_microseconds, business_days) %}
    {%- set of_day -%}
        {{ business_microseconds }} - {{ business_days }}.business_days_before * {{ business_day_microseconds() }}
        + {{ business_day_start_microseconds() }}
    {%- endset -%}
    {{- return(
        instant_of_business_time(timestamp_of_microseconds(
            microseconds(first_instant(business_days ~ '.day')) ~ ' + ' ~ of_day
        ))
    ) -}}
{% endmacro %}

{% macro business_day_start_microseconds() %}
    {{- return(var('business_day_starts_hour') * 3600000000) -}}
{% endmacro %}

{% macro business_day_microseconds() %}
    {{- return((var('business_day_ends_hour') - var('business_day_starts_hour')) * 3600000000) -}}
{% endmacro %}

{# UTC to the wall clock of `business_timezone`, and back. #}
{% macro business_time(at) %}
    {%- if var('business_timezone') == 'UTC' -%}
        {{ return(at) }}
    {%- endif -%}
    {{- return(adapter.dispatch('change_timezone', 'cxe')(at, 'UTC', var('business_timezone'))) -}}
{% endmacro %}

{% macro instant_of_business_time(local) %}
    {%- if var('business_timezone') == 'UTC' -%}
        {{ return(local) }}
    {%- endif -%}
    {{- return(adapter.dispatch('change_timezone', 'cxe')(local, var('business_timezone'), 'UTC')) -}}
{% endmacro %}

{% macro duckdb__change_timezone(at, from_zone, to_zone) %}
    {{- return("timezone('" ~ to_zone ~ "', timezone('" ~ from_zone ~ "', " ~ at ~ '))') -}}
{% endmacro %}
