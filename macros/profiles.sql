{# What the two models that profile landed files share. #}

{# Digest of what a profile of an extract's files depends on: the contract, the parsers and the text
   of the current model and of the macros it is made of. #}
{% macro contract_hash(contract, parsers) %}
    {%- set meta = contract.config.meta -%}
    {%- set parts = [parsers, meta.key, meta.get('key_parts_that_may_be_empty')] -%}
    {%- for column in contract.columns.values() -%}
        {%- set column_meta = column.config.meta -%}
        {%- do parts.append([
            column.name,
            column_meta.type,
            column_meta.get('required'),
            column_meta.get('codes'),
        ]) -%}
    {%- endfor -%}
    {{ return(local_md5(tojson(parts))) }}
{% endmacro %}

{# Digest of what turns delivered text into a profile, whatever the extract. #}
{% macro profile_hash() %}
    {%- set parts = [model.raw_code] -%}
    {%- for type in ('text', 'bool', 'int', 'num', 'date', 'ts') -%}
        {%- do parts.append(parse_value('value', type)) -%}
        {%- do parts.append(
            profile_measures({'type': type, 'codes': ['a', 'b']}, 1).values() | list
        ) -%}
    {%- endfor -%}
    {{ return(local_md5(tojson(parts))) }}
{% endmacro %}

{# The extracts that have files to profile, each as (system, extract, contract hash): no other is
   read, so that a run with nothing new costs next to nothing. dbt wants the sources of a model named
   before it runs, when nothing can be asked. #}
{% macro extracts_to_profile() %}
    {%- set extracts = [] -%}
    {%- set parsers = profile_hash() -%}
    {%- for system, extract, model_name in staged_extracts() -%}
        {%- do source(system, extract) -%}
        {%- if execute -%}
            {%- do extracts.append(
                (system, extract, contract_hash(contract_of(system, extract), parsers))
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- do source('landing', '_files') -%}
    {%- if not execute -%}
        {{ return([]) }}
    {%- endif -%}
    {%- set query -%}
        with {{ ctes_of_files_to_profile(extracts) }}

        extracts_to_profile as (

            select distinct
                system,
                extract
            from files_to_profile

        )

        select * from extracts_to_profile
    {%- endset -%}
    {%- set found = [] -%}
    {%- for row in run_query(query).rows -%}
        {%- do found.append((row[0], row[1])) -%}
    {%- endfor -%}
    {%- set needed = [] -%}
    {%- for system, extract, hash in extracts if (system, extract) in found -%}
        {%- do needed.append((system, extract, hash)) -%}
    {%- endfor -%}
    {{ return(needed) }}
{% endmacro %}

{# CTEs up to `files_to_profile`: landed files of these extracts that the current model does not hold
   yet, or holds a profile of that was made by another contract. What a file holds never changes. #}
{% macro ctes_of_files_to_profile(extracts) -%}
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
        {% for system, extract, hash in extracts -%}
        ('{{ system }}', '{{ extract }}', '{{ hash }}'),
        {% endfor -%}
        ('', '', '')
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

{# What is measured of a column, by its contract: name of the measure to aggregate expression. The
   delivered text is `text_<number>`, its parsed value `value_<number>`. Numbers are added up as
   decimals, so that the order of the rows does not matter. #}
{% macro profile_measures(meta, number) %}
    {%- set text, value = 'text_' ~ number, 'value_' ~ number -%}
    {%- set findings = {'missing': text ~ ' is null'} -%}
    {%- if meta.type not in ('id', 'text') -%}
        {%- do findings.update({'unparsed': value ~ ' is null and ' ~ text ~ ' is not null'}) -%}
    {%- endif -%}
    {%- if meta.get('codes') -%}
        {%- set codes = [] -%}
        {%- for code in meta.codes -%}
            {%- do codes.append("'" ~ (code | string | replace("'", "''")) ~ "'") -%}
        {%- endfor -%}
        {%- do findings.update({'unseen': text ~ ' not in (' ~ codes | join(', ') ~ ')'}) -%}
    {%- endif -%}
    {%- if meta.type == 'date' -%}
        {%- do findings.update({'future': value ~ ' > delivered_on'}) -%}
    {%- elif meta.type == 'ts' -%}
        {%- do findings.update({'future': value ~ ' >= next_day_at'}) -%}
    {%- endif -%}
    {#- Not `filter (where ...)`: DuckDB sets up a filter of its own per aggregate, at the cost of all
        others; and the two of a finding share one expression this way. -#}
    {%- set measures = {} -%}
    {%- for finding, condition in findings.items() -%}
        {%- set place = 'case when ' ~ condition ~ ' then row_number end' -%}
        {%- do measures.update({
            finding ~ '_count': 'count(' ~ place ~ ')',
            finding ~ '_at_row': 'min(' ~ place ~ ')',
        }) -%}
    {%- endfor -%}
    {%- if meta.type in ('date', 'ts') -%}
        {%- do measures.update({'latest_on': 'cast(max(' ~ value ~ ') as date)'}) -%}
    {%- elif meta.type == 'bool' -%}
        {%- do measures.update({
            'number_count': 'count(' ~ value ~ ')',
            'number_sum': 'count(case when ' ~ value ~ ' then 1 end)',
        }) -%}
    {%- elif meta.type in ('int', 'num') -%}
        {#- Squares of absurd values keep 8 of 12 places, or their sum would end in an error; those of
            all others keep all, because to round each takes longer than all the rest. -#}
        {%- set square = 'cast(' ~ value ~ ' as decimal(38, 6)) * ' ~ value -%}
        {%- set is_absurd = 'abs(' ~ value ~ ') >= 1000000000' -%}
        {%- do measures.update({
            'number_count': 'count(' ~ value ~ ')',
            'number_sum': 'sum(' ~ value ~ ')',
            'number_square_sum':
                'sum(case when ' ~ is_absurd ~ ' then 0 else ' ~ square ~ ' end)',
            'absurd_square_sum':
                'sum(case when ' ~ is_absurd ~ ' then cast(' ~ square ~ ' as decimal(38, 8)) end)',
        }) -%}
    {%- endif -%}
    {{ return(measures) }}
{% endmacro %}

{# A row per expression, in step with the other lists of the same select: a row with its columns
   becomes rows with one value each. #}
{% macro unnested(expressions) %}
    {{- return(adapter.dispatch('unnested', 'cxe')(expressions)) -}}
{% endmacro %}

{% macro duckdb__unnested(expressions) %}
    {{- return('unnest([' ~ expressions | join(', ') ~ '])') -}}
{% endmacro %}
