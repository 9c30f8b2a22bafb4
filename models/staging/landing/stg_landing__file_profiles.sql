-- One row per landed file: how many records, keys and how far it reaches.

with

{{ ctes_of_files_to_profile() }}

-- Keys as delivered, their parts kept apart by a control code that text does not hold.
keyed_rows as (

    {% for system, extract, model_name in staged_extracts() -%}
    {% set contract = contract_of(system, extract) -%}
    {% set meta = contract.config.meta -%}
    {% set optional_parts = meta.get('key_parts_that_may_be_empty', []) -%}
    {% set key_parts, conditions = [], ['true'] -%}
    {% for column in meta.key -%}
    {% set part = parse_value('raw_rows.' ~ adapter.quote(column), 'text') -%}
    {% do key_parts.append('coalesce(' ~ part ~ ", '')") -%}
    {% if column not in optional_parts -%}
    {% do conditions.append(part ~ ' is not null') -%}
    {% endif -%}
    {% endfor -%}
    {% if meta.get('version_column') -%}
    {% set version = parse_value(
        'raw_rows.' ~ adapter.quote(meta.version_column),
        contract.columns[meta.version_column].config.meta.type
    ) -%}
    {% else -%}
    {% set version = 'null' -%}
    {% endif -%}
    select
        files_to_profile.file_id,
        raw_rows._row_number as row_number,
        {{ key_parts | join(' || chr(31) || ') }} as record_key,
        {{ conditions | join(' and ') }} as has_key,
        cast({{ version }} as date) as version_on
    from files_to_profile
    inner join {{ source(system, extract) }} as raw_rows
        on files_to_profile.file_id = raw_rows._file_id
    {% if not loop.last -%}
    union all
    {% endif -%}
    {% endfor %}
),

file_counts as (

    select
        file_id,
        count(*) as row_count,
        max(version_on) as latest_version_on
    from keyed_rows
    group by file_id

),

-- A row without its key repeats none: what is missing is found in the profile of the column.
repeated_keys as (

    select
        file_id,
        record_key,
        count(*) as row_count,
        min(row_number) as first_row_number
    from keyed_rows
    where has_key
    group by
        file_id,
        record_key
    having count(*) > 1

),

repetition_counts as (

    select
        file_id,
        sum(row_count) as repeated_key_count
    from repeated_keys
    group by file_id

),

repetition_places as (

    select
        keyed_rows.file_id,
        min(keyed_rows.row_number) as repeated_key_at_row
    from keyed_rows
    inner join repeated_keys
        on
            keyed_rows.file_id = repeated_keys.file_id
            and keyed_rows.record_key = repeated_keys.record_key
            and keyed_rows.row_number > repeated_keys.first_row_number
    group by keyed_rows.file_id

),

-- A file that holds nothing but its header has a profile too.
file_profiles as (

    select
        files_to_profile.file_id,
        files_to_profile.system,
        files_to_profile.extract,
        files_to_profile.path,
        files_to_profile.mode,
        coalesce(file_counts.row_count, 0) as row_count,
        cast(coalesce(repetition_counts.repeated_key_count, 0) as bigint) as repeated_key_count,
        repetition_places.repeated_key_at_row,
        files_to_profile.file_delivered_on,
        file_counts.latest_version_on,
        files_to_profile.loaded_at,
        files_to_profile.contract_hash
    from files_to_profile
    left join file_counts
        on files_to_profile.file_id = file_counts.file_id
    left join repetition_counts
        on files_to_profile.file_id = repetition_counts.file_id
    left join repetition_places
        on files_to_profile.file_id = repetition_places.file_id

)

select * from file_profiles
