-- One row per extract: its newest delivery, beside the earlier ones of the same kind.

-- A repetition brings no new row; what it says is what the file says that it repeats. All files of
-- a day and kind are one delivery.

with

files as (

    select * from {{ ref('stg_landing__files') }}

),

file_profiles as (

    select * from {{ ref('stg_landing__file_profiles') }}

),

-- Said twice on one day, it is said once.
contents as (

    select
        files.system,
        files.extract,
        files.mode,
        files.file_delivered_on as delivered_on,
        files.path,
        coalesce(files.repeat_of_file_id, files.file_id) as content_file_id,
        files.repeat_of_file_id is not null as is_repeat
    from files
    left join files as repeated_files
        on files.repeat_of_file_id = repeated_files.file_id
    where
        repeated_files.file_id is null
        or repeated_files.file_delivered_on <> files.file_delivered_on

),

deliveries as (

    select
        contents.system,
        contents.extract,
        contents.mode,
        contents.delivered_on,
        min(contents.path) as path,
        min(contents.content_file_id) as content_file_id,
        coalesce(sum(file_profiles.row_count), 0) as row_count,
        coalesce(sum(file_profiles.repeated_key_count), 0) as repeated_key_count,
        min(file_profiles.repeated_key_at_row) as repeated_key_at_row,
        min(case when contents.is_repeat then 1 else 0 end) = 1 as is_repeat
    from contents
    left join file_profiles
        on contents.content_file_id = file_profiles.file_id
    group by contents.system, contents.extract, contents.mode, contents.delivered_on

),

delivery_days as (

    select distinct
        system,
        extract,
        delivered_on
    from deliveries

),

spaced_days as (

    select
        system,
        extract,
        delivered_on,
        {{ dbt.datediff(
            'lag(delivered_on) over (partition by system, extract order by delivered_on)',
            'delivered_on',
            'day'
        ) }} as covered_days
    from delivery_days

),

-- A full file counts what there is, a delta what happened since the delivery before.
measured as (

    select
        deliveries.system,
        deliveries.extract,
        deliveries.mode,
        deliveries.delivered_on,
        deliveries.path,
        deliveries.content_file_id,
        deliveries.row_count,
        deliveries.repeated_key_count,
        deliveries.repeated_key_at_row,
        deliveries.is_repeat,
        spaced_days.covered_days,
        case
            when deliveries.mode = 'full' then cast(deliveries.row_count as double)
            else cast(deliveries.row_count as double) / spaced_days.covered_days
        end as volume,
        row_number() over (
            partition by deliveries.system, deliveries.extract
            order by deliveries.delivered_on desc, deliveries.mode asc
        ) as age_rank,
        max(deliveries.delivered_on) over () as newest_delivered_on
    from deliveries
    inner join spaced_days
        on
            deliveries.system = spaced_days.system
            and deliveries.extract = spaced_days.extract
            and deliveries.delivered_on = spaced_days.delivered_on

),

newest as (

    select * from measured
    where age_rank = 1

),

earlier as (

    select
        newest.system,
        newest.extract,
        count(*) as earlier_deliveries,
        {{ dbt.datediff('min(measured.delivered_on)', 'max(measured.delivered_on)', 'day') }}
            as earlier_days,
        min(measured.volume) as least_earlier_volume,
        max(measured.volume) as greatest_earlier_volume,
        stddev_pop(measured.volume) as earlier_volume_deviation,
        cast(sum(measured.repeated_key_count) as double) / nullif(sum(measured.row_count), 0)
            as earlier_repeated_key_share
    from newest
    inner join measured
        on
            newest.system = measured.system
            and newest.extract = measured.extract
            and newest.mode = measured.mode
            and newest.delivered_on > measured.delivered_on
    where measured.volume is not null
    group by newest.system, newest.extract

),

deliveries_compared as (

    select
        newest.system,
        newest.extract,
        newest.mode,
        newest.path,
        newest.content_file_id,
        newest.is_repeat,
        newest.row_count,
        newest.repeated_key_count,
        newest.repeated_key_at_row,
        newest.covered_days,
        coalesce(earlier.earlier_deliveries, 0) as earlier_deliveries,
        coalesce(earlier.earlier_days, 0) as earlier_days,
        earlier.least_earlier_volume * case
            when newest.mode = 'full' then 1
            else newest.covered_days
        end as fewest_expected_rows,
        earlier.greatest_earlier_volume * case
            when newest.mode = 'full' then 1
            else newest.covered_days
        end as most_expected_rows,
        earlier.earlier_volume_deviation * case
            when newest.mode = 'full' then 1
            else newest.covered_days
        end as expected_rows_deviation,
        cast(newest.repeated_key_count as double) / nullif(newest.row_count, 0)
            as repeated_key_share,
        earlier.earlier_repeated_key_share,
        {{ dbt.datediff('newest.delivered_on', 'newest.newest_delivered_on', 'day') }}
            as days_behind,
        newest.delivered_on
    from newest
    left join earlier
        on
            newest.system = earlier.system
            and newest.extract = earlier.extract

)

select * from deliveries_compared
