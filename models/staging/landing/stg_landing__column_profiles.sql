-- One row per landed file and column of its extract's contract: what the values look like.

-- Values are turned into rows first: the same measures per column of 23 wide tables would make a
-- statement that takes longer to plan than a small delivery takes to profile.

with

{{ ctes_of_files_to_profile() }}

contract_columns as (

    select
        system,
        extract,
        column_number,
        column_name,
        column_type,
        is_required,
        has_codes
    from (
        values
        {% for system, extract, model_name in staged_extracts() -%}
        {% set is_last_extract = loop.last -%}
        {% for column in contract_of(system, extract).columns.values() -%}
        {% set meta = column.config.meta -%}
        (
            '{{ system }}', '{{ extract }}', {{ loop.index }},
            '{{ column.name }}', '{{ meta.type }}',
            {{ 'true' if meta.get('required') else 'false' }},
            {{ 'true' if meta.get('codes') else 'false' }}
        ){{ '' if is_last_extract and loop.last else ',' }}
        {% endfor -%}
        {% endfor -%}
    ) as contract_columns (
        system, extract, column_number, column_name, column_type, is_required, has_codes
    )

),

delivered_values as (

    {% for system, extract, model_name in staged_extracts() -%}
    {% set numbers, types, texts, coded, unseen = [], [], [], [], [] -%}
    {% for column in contract_of(system, extract).columns.values() -%}
    {% set meta = column.config.meta -%}
    {% set text = parse_value('raw_rows.' ~ adapter.quote(column.name), 'text') -%}
    {% set codes = [] -%}
    {% for code in meta.get('codes') or [] -%}
    {% do codes.append("'" ~ (code | string | replace("'", "''")) ~ "'") -%}
    {% endfor -%}
    {% do numbers.append(loop.index) -%}
    {% do types.append("'" ~ meta.type ~ "'") -%}
    {% do texts.append(text) -%}
    {% do coded.append('true' if codes else 'false') -%}
    {% do unseen.append(text ~ ' not in (' ~ codes | join(', ') ~ ')' if codes else 'false') -%}
    {% endfor -%}
    select
        files_to_profile.file_id,
        {{ unnested(numbers) }} as column_number,
        {{ unnested(types) }} as column_type,
        {{ unnested(coded) }} as has_codes,
        raw_rows._row_number as row_number,
        raw_rows._delivered_on as delivered_on,
        {{ unnested(texts) }} as value_text,
        {{ unnested(unseen) }} as is_unseen
    from files_to_profile
    inner join {{ source(system, extract) }} as raw_rows
        on files_to_profile.file_id = raw_rows._file_id
    {% if not loop.last -%}
    union all
    {% endif -%}
    {% endfor %}
),

parsed_values as (

    select
        file_id,
        column_number,
        row_number,
        delivered_on,
        value_text,
        is_unseen,
        case when has_codes then value_text end as code,
        case column_type
            when 'int' then cast({{ parse_value('value_text', 'int') }} as decimal(18, 6))
            when 'num' then {{ parse_value('value_text', 'num') }}
            when 'bool'
                then cast(cast({{ parse_value('value_text', 'bool') }} as int) as decimal(18, 6))
        end as number,
        case column_type
            when 'date' then cast({{ parse_value('value_text', 'date') }} as timestamp)
            when 'ts' then {{ parse_value('value_text', 'ts') }}
        end as instant,
        column_type not in ('id', 'text') as is_parsed
    from delivered_values

),

found_values as (

    select
        file_id,
        column_number,
        row_number,
        code,
        number,
        instant,
        value_text is null as is_missing,
        is_parsed and value_text is not null and number is null and instant is null as is_unparsed,
        is_unseen,
        cast(instant as date) > delivered_on as is_future
    from parsed_values

),

measures as (

    select
        file_id,
        column_number,
        count(*) filter (where is_missing) as missing_count,
        min(row_number) filter (where is_missing) as missing_at_row,
        count(*) filter (where is_unparsed) as unparsed_count,
        min(row_number) filter (where is_unparsed) as unparsed_at_row,
        count(*) filter (where is_unseen) as unseen_count,
        min(row_number) filter (where is_unseen) as unseen_at_row,
        count(*) filter (where is_future) as future_count,
        min(row_number) filter (where is_future) as future_at_row,
        count(distinct code) as distinct_count,
        count(number) as number_count,
        sum(number) as number_sum,
        -- 8 of the 12 places: with all of them absurd values would end in an error, not in a profile.
        sum(cast(cast(number as decimal(38, 6)) * number as decimal(38, 8))) as number_square_sum,
        cast(min(instant) as date) as earliest_on,
        cast(max(instant) as date) as latest_on,
        count(*) as row_count
    from found_values
    group by
        file_id,
        column_number

),

-- A file that holds nothing but its header has profiles too.
column_profiles as (

    select
        files_to_profile.file_id,
        files_to_profile.system,
        files_to_profile.extract,
        contract_columns.column_name,
        contract_columns.column_type,
        files_to_profile.contract_hash,
        coalesce(measures.row_count, 0) as row_count,
        coalesce(measures.missing_count, 0) as missing_count,
        measures.missing_at_row,
        coalesce(measures.unparsed_count, 0) as unparsed_count,
        measures.unparsed_at_row,
        coalesce(measures.unseen_count, 0) as unseen_count,
        measures.unseen_at_row,
        coalesce(measures.future_count, 0) as future_count,
        measures.future_at_row,
        case
            when contract_columns.has_codes then coalesce(measures.distinct_count, 0)
        end as distinct_count,
        cast(measures.number_sum as double) / nullif(measures.number_count, 0) as number_mean,
        case
            when contract_columns.column_type <> 'bool' and measures.number_count > 0
                then sqrt(greatest(
                    cast(measures.number_square_sum as double) / measures.number_count
                    - power(cast(measures.number_sum as double) / measures.number_count, 2),
                    0
                ))
        end as number_deviation,
        contract_columns.is_required,
        measures.earliest_on,
        measures.latest_on
    from files_to_profile
    inner join contract_columns
        on
            files_to_profile.system = contract_columns.system
            and files_to_profile.extract = contract_columns.extract
    left join measures
        on
            files_to_profile.file_id = measures.file_id
            and contract_columns.column_number = measures.column_number

)

select * from column_profiles
