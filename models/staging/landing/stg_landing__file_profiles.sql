-- One row per landed file: how many records it has, and keys that repeat.

{% set extracts = extracts_to_profile() -%}
with

{{ ctes_of_files_to_profile(extracts) }}

{% for system, extract, hash in extracts -%}
{% set contract = contract_of(system, extract) -%}
{% set meta = contract.config.meta -%}
{% set optional_parts = meta.get('key_parts_that_may_be_empty') or [] -%}
{% set parts, conditions, matches = [], [], [] -%}
{% for column in meta.key -%}
{% set part = parse_value(adapter.quote(column), 'text') -%}
{% if column in optional_parts -%}
{% set part = 'coalesce(' ~ part ~ ", '')" -%}
{% else -%}
{% do conditions.append(part ~ ' is not null') -%}
{% endif -%}
{% do parts.append(part) -%}
{% do matches.append(part ~ ' = repeated_keys.key_part_' ~ loop.index) -%}
{% endfor -%}
{{ system }}_{{ extract }}_counts as (

    select
        _file_id as file_id,
        count(*) as row_count
    from {{ source(system, extract) }}
    where _file_id in (select files_to_profile.file_id from files_to_profile)
    group by _file_id

),

-- A row without its key repeats none: what is missing is found in the profile of the column.
{{ system }}_{{ extract }}_repeated_keys as (

    select
        _file_id as file_id,
        {% for part in parts -%}
        {{ part }} as key_part_{{ loop.index }},
        {% endfor -%}
        min(_row_number) as first_row_number
    from {{ source(system, extract) }}
    where
        _file_id in (select files_to_profile.file_id from files_to_profile)
        {% for condition in conditions -%}
        and {{ condition }}
        {% endfor %}
    group by
        _file_id,
        {{ parts | join(',\n        ') }}
    having count(*) > 1

),

{{ system }}_{{ extract }}_repetitions as (

    select
        repeated_keys.file_id,
        count(*) as repeated_key_count,
        min(case
            when raw_rows._row_number > repeated_keys.first_row_number then raw_rows._row_number
        end) as repeated_key_at_row
    from {{ source(system, extract) }} as raw_rows
    inner join {{ system }}_{{ extract }}_repeated_keys as repeated_keys
        on
            raw_rows._file_id = repeated_keys.file_id
            and {{ matches | join('\n            and ') }}
    group by repeated_keys.file_id

),

{% endfor -%}
counts as (

    {% for system, extract, hash in extracts -%}
    select
        file_id,
        row_count
    from {{ system }}_{{ extract }}_counts
    union all
    {% endfor -%}
    select
        file_id,
        cast(0 as bigint) as row_count
    from files_to_profile
    where false

),

repetitions as (

    {% for system, extract, hash in extracts -%}
    select
        file_id,
        repeated_key_count,
        repeated_key_at_row
    from {{ system }}_{{ extract }}_repetitions
    union all
    {% endfor -%}
    select
        file_id,
        cast(0 as bigint) as repeated_key_count,
        cast(null as bigint) as repeated_key_at_row
    from files_to_profile
    where false

),

-- A file that holds nothing but its header has a profile too.
file_profiles as (

    select
        files_to_profile.file_id,
        files_to_profile.system,
        files_to_profile.extract,
        files_to_profile.path,
        files_to_profile.mode,
        coalesce(counts.row_count, 0) as row_count,
        coalesce(repetitions.repeated_key_count, 0) as repeated_key_count,
        repetitions.repeated_key_at_row,
        files_to_profile.file_delivered_on,
        files_to_profile.loaded_at,
        files_to_profile.contract_hash
    from files_to_profile
    left join counts
        on files_to_profile.file_id = counts.file_id
    left join repetitions
        on files_to_profile.file_id = repetitions.file_id

)

select * from file_profiles
