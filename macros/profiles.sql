{# What the two models that profile landed files share. #}

{# Digest of what a profile of an extract's files depends on: the contract, the parsers and the text
   of the current model. #}
{% macro contract_hash(contract) %}
    {%- set meta = contract.config.meta -%}
    {%- set parts = [
        model.raw_code, meta.key, meta.get('key_parts_that_may_be_empty'), meta.get('version_column')
    ] -%}
    {%- for column in contract.columns.values() -%}
        {%- set column_meta = column.config.meta -%}
        {%- do parts.append([
            column.name,
            column_meta.type,
            column_meta.get('required'),
            column_meta.get('codes'),
            parse_value('value', 'text'),
            parse_value('value', column_meta.type),
        ]) -%}
    {%- endfor -%}
    {{ return(local_md5(tojson(parts))) }}
{% endmacro %}

{# CTEs up to `files_to_profile`: landed files that the current model does not hold yet, or holds a
   profile of that was made by another contract. What a file holds never changes. #}
{% macro ctes_of_files_to_profile() -%}
landed_files as (

    select * from {{ source('landing', '_files') }}
    where status = 'landed'

),

contracts as (

    select
        system,
        extract,
        contract_hash
    from (
        values
        {% for system, extract, model_name in staged_extracts() -%}
        ('{{ system }}', '{{ extract }}', '{{ contract_hash(contract_of(system, extract)) }}')
        {{- '' if loop.last else ',' }}
        {% endfor -%}
    ) as contracts (system, extract, contract_hash)

),

{% if is_incremental() -%}
profiled_files as (

    select distinct
        file_id,
        contract_hash
    from {{ this }}

),

{% endif -%}
files_to_profile as (

    select
        landed_files.file_id,
        landed_files.system,
        landed_files.extract,
        landed_files.path,
        landed_files.mode,
        landed_files.delivered_on as file_delivered_on,
        landed_files.loaded_at,
        contracts.contract_hash
    from landed_files
    inner join contracts
        on
            landed_files.system = contracts.system
            and landed_files.extract = contracts.extract
    {% if is_incremental() -%}
    left join profiled_files
        on
            landed_files.file_id = profiled_files.file_id
            and contracts.contract_hash = profiled_files.contract_hash
    where profiled_files.file_id is null
    {% endif %}
),
{%- endmacro %}

{# A row per expression, in step with the other lists of the same select: a row with its columns
   becomes rows with one value each. #}
{% macro unnested(expressions) %}
    {{- return(adapter.dispatch('unnested', 'cxe')(expressions)) -}}
{% endmacro %}

{% macro duckdb__unnested(expressions) %}
    {{- return('unnest([' ~ expressions | join(', ') ~ '])') -}}
{% endmacro %}
