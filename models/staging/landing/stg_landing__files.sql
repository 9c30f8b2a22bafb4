-- One row per file that arrived by the knowledge date and could be read, repetitions included.

-- A repetition brings no new row, but it says that the feed was alive on its day.

with

source as (

    select * from {{ source('landing', '_files') }}
    where status <> 'rejected'
    {% if var('as_known_on') -%}
        and delivered_on <= cast('{{ var("as_known_on") }}' as date)
    {%- endif %}

),

published_runs as (

    select * from {{ source('operations', 'runs') }}
    where status = 'published'

),

renamed as (

    select
        file_id,
        repeat_of as repeat_of_file_id,
        system,
        extract,
        path,
        mode,
        sha256,
        status,
        bytes,
        rows_read,
        rows_landed,
        rows_rejected,
        {{ is_driving_extract('system', 'extract') }} as is_driving_as_of_date,
        (
            select count(*)
            from published_runs
            where
                published_runs.finished_at >= source.loaded_at
                and published_runs.as_known_on >= source.delivered_on
        ) > 0 as is_published,
        delivered_on as file_delivered_on,
        loaded_at
    from source

)

select * from renamed
