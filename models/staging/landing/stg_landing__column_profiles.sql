-- One row per landed file and column of its extract's contract: what the values look like.

{% set extracts = extracts_to_profile() -%}
{% set measure_types = {
    'missing_count': 'bigint', 'missing_at_row': 'bigint',
    'unparsed_count': 'bigint', 'unparsed_at_row': 'bigint',
    'unseen_count': 'bigint', 'unseen_at_row': 'bigint',
    'future_count': 'bigint', 'future_at_row': 'bigint',
    'number_count': 'bigint', 'number_sum': 'double', 'number_square_sum': 'double',
    'absurd_square_sum': 'double',
    'latest_on': 'date',
} -%}
{#- Asked for once per type and not per column: hundreds of columns are waited for. -#}
{% set parsers = {} -%}
{% for type in ('id', 'text', 'bool', 'int', 'num', 'date', 'ts') -%}
{% do parsers.update({type: parse_value('<value>', type)}) -%}
{% endfor -%}
{% set profiles = [] -%}
{% for system, extract, hash in extracts -%}
{% set columns = [] -%}
{% for column in contract_of(system, extract).columns.values() -%}
{% set meta = column.config.meta -%}
{% do columns.append({
    'value': parsers[meta.type] | replace('<value>', adapter.quote(column.name)),
    'text': parsers['text'] | replace('<value>', adapter.quote(column.name)),
    'type': meta.type,
    'measures': profile_measures(meta, loop.index),
    'facts': {
        'column_name': "'" ~ column.name ~ "'",
        'column_type': "'" ~ meta.type ~ "'",
        'is_required': 'true' if meta.get('required') else 'false',
    },
}) -%}
{% endfor -%}
{% do profiles.append({
    'system': system, 'extract': extract, 'name': system ~ '_' ~ extract, 'columns': columns
}) -%}
{% endfor -%}
with

{{ ctes_of_files_to_profile(extracts) }}

{% for profile in profiles -%}
{{ profile.name }}_values as (

    select
        _file_id as file_id,
        _row_number as row_number,
        _delivered_on as delivered_on,
        {% for column in profile.columns -%}
        {% if column.type == 'int' -%}
        cast({{ column.value }} as decimal(18, 6)) as value_{{ loop.index }},
        {% elif column.type not in ('id', 'text') -%}
        {{ column.value }} as value_{{ loop.index }},
        {% endif -%}
        {{ column.text }} as text_{{ loop.index }},
        {% endfor -%}
        cast(_delivered_on as timestamp) + interval '1 day' as next_day_at
    from {{ source(profile.system, profile.extract) }}
    where _file_id in (select files_to_profile.file_id from files_to_profile)

),

-- One wide row per file, with the measures that the type of each column has.
{{ profile.name }}_measures as (

    select
        file_id,
        {% for column in profile.columns -%}
        {% set number = loop.index -%}
        {% for measure, expression in column.measures.items() -%}
        {{ expression }} as {{ measure }}_{{ number }},
        {% endfor -%}
        {% endfor -%}
        count(*) as row_count
    from {{ profile.name }}_values
    group by file_id

),

{% endfor -%}
measures as (

    {% for profile in profiles -%}
    select
        files_to_profile.file_id,
        files_to_profile.system,
        files_to_profile.extract,
        files_to_profile.contract_hash,
        {% for measure, type in measure_types.items() -%}
        {% set entries = [] -%}
        {% for column in profile.columns -%}
        {% do entries.append(
            'wide.' ~ measure ~ '_' ~ loop.index if measure in column.measures else 'null'
        ) -%}
        {% endfor -%}
        {% set is_measured = entries | reject('equalto', 'null') | list -%}
        cast({{ unnested(entries) if is_measured else 'null' }} as {{ type }}) as {{ measure }},
        {% endfor -%}
        {% for fact in ('column_name', 'column_type', 'is_required') -%}
        {{ unnested(profile.columns | map(attribute='facts.' ~ fact) | list) }} as {{ fact }},
        {% endfor -%}
        wide.row_count
    from files_to_profile
    left join {{ profile.name }}_measures as wide
        on files_to_profile.file_id = wide.file_id
    where
        files_to_profile.system = '{{ profile.system }}'
        and files_to_profile.extract = '{{ profile.extract }}'
    {% if not loop.last -%}
    union all
    {% endif -%}
    {% else -%}
    select
        file_id,
        system,
        extract,
        contract_hash,
        {% for measure, type in measure_types.items() -%}
        cast(null as {{ type }}) as {{ measure }},
        {% endfor -%}
        '' as column_name,
        '' as column_type,
        false as is_required,
        cast(null as bigint) as row_count
    from files_to_profile
    {% endfor %}
),

-- A file that holds nothing but its header has profiles too.
column_profiles as (

    select
        file_id,
        system,
        extract,
        column_name,
        column_type,
        contract_hash,
        coalesce(row_count, 0) as row_count,
        coalesce(missing_count, 0) as missing_count,
        missing_at_row,
        coalesce(unparsed_count, 0) as unparsed_count,
        unparsed_at_row,
        coalesce(unseen_count, 0) as unseen_count,
        unseen_at_row,
        coalesce(future_count, 0) as future_count,
        future_at_row,
        number_sum / nullif(number_count, 0) as number_mean,
        case
            when number_square_sum is not null
                then sqrt(greatest(
                    (number_square_sum + coalesce(absurd_square_sum, 0)) / number_count
                    - power(number_sum / number_count, 2),
                    0
                ))
        end as number_deviation,
        is_required,
        latest_on
    from measures

)

select * from column_profiles
