{# Money sums exactly: a sum of doubles would depend on row order and threads. #}
{% macro money_type() %}
    {{- return('decimal(18, 2)') -}}
{% endmacro %}

{# Money to be multiplied with money. #}
{% macro wide_money_type() %}
    {{- return('decimal(20, 2)') -}}
{% endmacro %}

{# A rate per month, finer than cents so that its sums agree with exact ones to 1e-9. #}
{% macro run_rate_type() %}
    {{- return('decimal(28, 12)') -}}
{% endmacro %}

{# Amounts that are added up before they are rounded to cents: exact as money is, and as fast. #}
{% macro fine_money_type() %}
    {{- return('decimal(18, 6)') -}}
{% endmacro %}

{# Whole-number division, towards zero. #}
{% macro integer_divide(dividend, divisor) %}
    {{- return(adapter.dispatch('integer_divide', 'cxe')(dividend, divisor)) -}}
{% endmacro %}

{% macro duckdb__integer_divide(dividend, divisor) %}
    {{- return('((' ~ dividend ~ ') // (' ~ divisor ~ '))') -}}
{% endmacro %}

{# Value accrued over the first `days` of `total_days`, rounded half up to the cent. Parts are
   differences of this, so they add up to the value exactly. Cents keep it in whole numbers. #}
{% macro value_accrued_by(value, days, total_days) %}
    {%- set cents = 'cast(' ~ value ~ ' * 100 as ' ~ dbt.type_bigint() ~ ')' -%}
    {%- set half_up = integer_divide(
        '2 * abs(' ~ cents ~ ') * ' ~ days ~ ' + ' ~ total_days, '2 * ' ~ total_days
    ) -%}
    {{- return(
        'cast(cast(sign(' ~ value ~ ') as ' ~ dbt.type_int() ~ ') * ' ~ half_up ~ ' as decimal(20, 0))'
        ~ ' * cast(0.01 as decimal(3, 2))'
    ) -}}
{% endmacro %}
