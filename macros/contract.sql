{# What staging takes from the input contract (models/staging/*/_*__sources.yml). Types, keys,
   version stamps and deletion flags stand there and nowhere else. #}

{# The contract of the one extract that the current model reads. #}
{% macro extract_contract() %}
    {%- for node_id in model.depends_on.nodes if node_id.startswith('source.') -%}
        {{ return(graph.sources[node_id]) }}
    {%- endfor -%}
    {{ exceptions.raise_compiler_error(model.name ~ ' reads no source: its contract is unknown') }}
{% endmacro %}

{# A contract column, parsed by its contract type; null where the value cannot be parsed. #}
{% macro typed(column) %}
    {%- if not execute -%}
        {{ return('null') }}
    {%- endif -%}
    {%- set columns = extract_contract().columns -%}
    {%- if column not in columns -%}
        {{ exceptions.raise_compiler_error(
            model.name ~ ': the contract of ' ~ extract_contract().name ~ ' has no column ' ~ column
        ) }}
    {%- endif -%}
    {{ return(parse_value(adapter.quote(column), columns[column].config.meta.type)) }}
{% endmacro %}

{# How many delivered values of a row could not be parsed (they are null in the typed columns). #}
{% macro unparsed_values() %}
    {%- if not execute -%}
        {{ return('0') }}
    {%- endif -%}
    {%- set terms = [] -%}
    {%- for column in extract_contract().columns.values()
            if column.config.meta.type not in ('id', 'text') -%}
        {%- set raw = adapter.quote(column.name) -%}
        {%- do terms.append(
            'cast(' ~ parse_value(raw, 'text') ~ ' is not null and '
            ~ parse_value(raw, column.config.meta.type) ~ ' is null as integer)'
        ) -%}
    {%- endfor -%}
    {{ return(terms | join(' + ') or '0') }}
{% endmacro %}

{# Whether a row had been delivered by `as_known_on`. #}
{% macro is_known() %}
    {%- if var('as_known_on') -%}
        {{ return("_delivered_on <= cast('" ~ var('as_known_on') ~ "' as date)") }}
    {%- endif -%}
    {{ return('true') }}
{% endmacro %}

{# Rows to build from: delivered by `as_known_on`, and records at all, with a key and at least one
   required date. A total line is none: it stays in raw and is counted, but no model may take it for
   a record. #}
{% macro is_known_record() %}
    {%- if not execute -%}
        {{ return('true') }}
    {%- endif -%}
    {%- set contract = extract_contract() -%}
    {%- set meta = contract.config.meta -%}
    {%- set conditions = [is_known()] -%}
    {%- for column in meta.key if column not in meta.get('key_parts_that_may_be_empty', []) -%}
        {%- do conditions.append(typed(column) ~ ' is not null') -%}
    {%- endfor -%}
    {%- set others = [] -%}
    {%- for column in contract.columns.values()
            if column.config.meta.get('required') and column.name not in meta.key
            and column.config.meta.type in ('date', 'ts') -%}
        {%- do others.append(parse_value(adapter.quote(column.name), 'text')) -%}
    {%- endfor -%}
    {%- if others -%}
        {%- do conditions.append('coalesce(' ~ (others + ['null']) | join(', ') ~ ') is not null') -%}
    {%- endif -%}
    {{ return(conditions | join(' and ')) }}
{% endmacro %}

{# Window that puts the version in force first: modification stamp, then delivery date, then content;
   never file or load order, because the order of arrival must not matter. #}
{% macro newest_version_first() %}
    {%- if not execute -%}
        {{ return('order by _content_hash') }}
    {%- endif -%}
    {%- set meta = extract_contract().config.meta -%}
    {%- set keys = [] -%}
    {%- for column in meta.key -%}
        {%- do keys.append(typed(column)) -%}
    {%- endfor -%}
    {{ return(
        'partition by ' ~ keys | join(', ')
        ~ ' order by ' ~ typed(meta.version_column) ~ ' desc nulls last'
        ~ ', _delivered_on desc, _content_hash desc'
    ) }}
{% endmacro %}

{# Whether a version says that its record is deleted. #}
{% macro is_deleted_version() %}
    {%- if not execute -%}
        {{ return('false') }}
    {%- endif -%}
    {%- set flag = extract_contract().config.meta.get('deleted_when') -%}
    {%- if not flag -%}
        {{ return('false') }}
    {%- endif -%}
    {{ return('coalesce(cast(' ~ typed(flag.column) ~ " as varchar) = '" ~ flag.value ~ "', false)") }}
{% endmacro %}

{# The thread back to the file row: file id x 2^32 + line number. #}
{% macro source_row_id() %}
    {{- return('_file_id * 4294967296 + _row_number') -}}
{% endmacro %}

{# Patients who revoked their consent leave every access model with all rows of their case. The
   case id of the subquery is renamed: an unqualified `case_id` from outside would bind to it. #}
{% macro is_consented(case_id) %}
    {{- return(
        'not exists (select 1 from (select case_id as revoked_case_id from '
        ~ ref('stg_access__revoked_cases') ~ ') as revoked_cases where revoked_case_id = '
        ~ case_id ~ ')'
    ) -}}
{% endmacro %}

{# Whether a delivered file belongs to an extract that says how far the world is complete. #}
{% macro is_driving_extract(system, extract) %}
    {%- if not execute -%}
        {{ return('false') }}
    {%- endif -%}
    {%- set conditions = [] -%}
    {%- for source_table in graph.sources.values()
            if source_table.config.meta.get('drives_as_of_date') -%}
        {%- do conditions.append(
            '(' ~ system ~ " = '" ~ source_table.source_name ~ "' and "
            ~ extract ~ " = '" ~ source_table.name ~ "')"
        ) -%}
    {%- endfor -%}
    {{ return(conditions | join(' or ')) }}
{% endmacro %}
