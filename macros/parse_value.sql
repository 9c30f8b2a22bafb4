{# Delivered text to a typed value, null where it cannot be parsed. Every engine must give the same
   answer, so the accepted forms are the contract's and nothing the engine happens to accept. #}
{% macro parse_value(expression, type) %}
    {%- if type in ('id', 'text') -%}
        {{ return('nullif(trim(' ~ expression ~ "), '')") }}
    {%- elif type == 'bool' -%}
        {{ return(parse_boolean(expression)) }}
    {%- elif type == 'int' -%}
        {{ return(parse_integer(expression)) }}
    {%- elif type == 'num' -%}
        {{ return(parse_decimal(expression)) }}
    {%- elif type == 'date' -%}
        {{ return(parse_date(expression)) }}
    {%- elif type == 'ts' -%}
        {{ return(parse_timestamp(expression)) }}
    {%- endif -%}
    {{ exceptions.raise_compiler_error('No parser for contract type ' ~ type) }}
{% endmacro %}

{% macro parse_boolean(expression) %}
    {{- return(
        'case lower(trim(' ~ expression ~ "))"
        ~ " when 'true' then true when '1' then true when 'y' then true"
        ~ " when 'false' then false when '0' then false when 'n' then false end"
    ) -}}
{% endmacro %}

{# A whole number; 1.0 is one, 1.5 is none (a plain cast would round it). #}
{% macro parse_integer(expression) %}
    {{- return(adapter.dispatch('parse_integer', 'cxe')(expression)) -}}
{% endmacro %}

{% macro duckdb__parse_integer(expression) %}
    {%- set number = duckdb__parse_decimal(expression) -%}
    {{- return('case when ' ~ number ~ ' = floor(' ~ number ~ ') then cast(' ~ number ~ ' as bigint) end') -}}
{% endmacro %}

{% macro parse_decimal(expression) %}
    {{- return(adapter.dispatch('parse_decimal', 'cxe')(expression)) -}}
{% endmacro %}

{% macro duckdb__parse_decimal(expression) %}
    {{- return('try_cast(trim(' ~ expression ~ ') as decimal(18, 6))') -}}
{% endmacro %}

{# YYYY-MM-DD or MM/DD/YYYY; a timestamp at midnight counts as its day (Parquet writers make those). #}
{% macro parse_date(expression) %}
    {{- return(adapter.dispatch('parse_date', 'cxe')(expression)) -}}
{% endmacro %}

{% macro duckdb__parse_date(expression) %}
    {%- set text = 'trim(' ~ expression ~ ')' -%}
    {{- return(
        'case when ' ~ text ~ " like '____-__-__' then try_cast(" ~ text ~ ' as date)'
        ~ ' when ' ~ text ~ " like '____-__-__%00:00:00%' then try_cast(" ~ text ~ ' as date)'
        ~ ' when ' ~ text ~ " like '__/__/____' then cast(try_strptime(" ~ text ~ ", '%m/%d/%Y') as date) end"
    ) -}}
{% endmacro %}

{# ISO 8601 with Z, an offset or none (= UTC), as a timestamp in UTC. #}
{% macro parse_timestamp(expression) %}
    {{- return(adapter.dispatch('parse_timestamp', 'cxe')(expression)) -}}
{% endmacro %}

{# A plain cast to timestamp would drop the offset silently; the session's time zone is UTC. #}
{% macro duckdb__parse_timestamp(expression) %}
    {%- set text = 'trim(' ~ expression ~ ')' -%}
    {{- return(
        'case when ' ~ text ~ " like '____-__-__%' then try_cast(" ~ text
        ~ " as timestamptz) at time zone 'UTC' end"
    ) -}}
{% endmacro %}
