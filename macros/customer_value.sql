{# Whether the writing has stopped by the end of a month, long before the refills do: no start for more
   than `writer_silent_months`, and for more than a multiple of the median gap between starts. #}
{% macro is_writer_silent(last_started_on, median_gap_days, month_ends_on) %}
    {%- set silent_from = dbt.dateadd('month', var('writer_silent_months'), last_started_on) -%}
    {{- return(
        'coalesce(cast(' ~ silent_from ~ ' as date) < ' ~ month_ends_on
        ~ ' and ' ~ dbt.datediff(last_started_on, month_ends_on, 'day')
        ~ ' > ' ~ var('writer_silent_gap_multiple') ~ ' * coalesce(' ~ median_gap_days ~ ', 0), false)'
    ) -}}
{% endmacro %}

{# What money in the middle of a quarter ahead is worth today. #}
{% macro discount(quarter) %}
    {{- return(
        'power(1 + cast(' ~ var('discount_rate') ~ ' as double), -(3 * ' ~ quarter ~ ' - 1.5) / 12)'
    ) -}}
{% endmacro %}

{# Value of the next four quarters at a run rate, as money of today. #}
{% macro forward_value(run_rate) %}
    {{- return(
        '3 * cast(' ~ run_rate ~ ' as double) * (' ~ discount(1) ~ ' + ' ~ discount(2) ~ ' + '
        ~ discount(3) ~ ' + ' ~ discount(4) ~ ')'
    ) -}}
{% endmacro %}

{# Worth today of one unit a quarter, of which `share_1` to `share_4` stay; beyond the fourth quarter
   retention goes on by its last step, and who is all gone stays gone. #}
{% macro quarters_to_come() %}
    {%- set quarters = [] -%}
    {%- for quarter in range(1, 5) -%}
        {%- do quarters.append(discount(quarter) ~ ' * share_' ~ quarter) -%}
    {%- endfor -%}
    {%- for quarter in range(5, var('clv_quarters') + 1) -%}
        {%- do quarters.append(
            discount(quarter)
            ~ ' * share_4 * coalesce(power(share_4 / nullif(share_3, 0), ' ~ (quarter - 4) ~ '), 0)'
        ) -%}
    {%- endfor -%}
    {{- return(quarters | join('\n        + ')) -}}
{% endmacro %}

{# Milestones on the path to a start, in order. #}
{% macro start_milestones() %}
    {{- return([
        'received', 'enrolled', 'benefits_verified', 'pa_submitted', 'pa_decided', 'coverage_ready'
    ]) -}}
{% endmacro %}
