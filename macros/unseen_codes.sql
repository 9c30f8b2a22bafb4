{# Codes delivered that stand in no code list of the contract, with the rows they have. `relations`
   holds every extract that has code lists: dbt wants to see sources named before it runs. #}
{% macro unseen_codes(relations) %}
    {%- set queries = [] -%}
    {%- if execute -%}
        {%- for contract in graph.sources.values() -%}
            {%- for column in contract.columns.values() if column.config.meta.get('codes') -%}
                {%- set extract = contract.source_name ~ '.' ~ contract.name -%}
                {%- if extract not in relations -%}
                    {{ exceptions.raise_compiler_error('tests/dbt/unseen_codes.sql does not name ' ~ extract) }}
                {%- endif -%}
                {%- set code = parse_value(adapter.quote(column.name), 'text') -%}
                {%- set query -%}
    select
        '{{ contract.source_name }}' as system,
        '{{ contract.name }}' as extract,
        '{{ column.name }}' as column_name,
        {{ code }} as code,
        count(*) as row_count
    from {{ relations[extract] }}
    where {{ code }} not in ('{{ column.config.meta.codes | join("', '") }}')
    group by {{ code }}
                {%- endset -%}
                {%- do queries.append(query) -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endif -%}
    {{- return(queries | join(' union all ')) -}}
{% endmacro %}
