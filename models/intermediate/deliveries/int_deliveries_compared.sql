-- One row per delivery that is judged in this run, and per newest one of an extract: what it
-- brought, beside the earlier ones of the same kind.

-- All files of a day and kind are one delivery. A repetition brings no new row; what it says is
-- what the file says that it repeats.

{% set remembered = 30 -%}
with

files as (

    select * from {{ ref('int_files_judged') }}

),

file_profiles as (

    select * from {{ ref('stg_landing__file_profiles') }}

),

-- Said twice on one day, it is said once.
contents as (

    select files.*
    from files
    left join files as repeated_files
        on
            files.is_repeat
            and files.content_file_id = repeated_files.file_id
    where
        repeated_files.file_id is null
        or repeated_files.file_delivered_on <> files.file_delivered_on

),

deliveries as (

    select
        contents.system,
        contents.extract,
        contents.mode,
        contents.file_delivered_on as delivered_on,
        min(contents.path) as path,
        coalesce(sum(file_profiles.row_count), 0) as row_count,
        coalesce(sum(file_profiles.repeated_key_count), 0) as repeated_key_count,
        min(file_profiles.repeated_key_at_row) as repeated_key_at_row,
        min(case when contents.is_repeat then 1 else 0 end) = 1 as is_repeat,
        max(case when contents.is_judged then 1 else 0 end) = 1 as is_judged,
        min(case when contents.is_history then 1 else 0 end) = 1 as is_history
    from contents
    left join file_profiles
        on contents.content_file_id = file_profiles.file_id
    group by contents.system, contents.extract, contents.mode, contents.file_delivered_on

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
        deliveries.row_count,
        deliveries.repeated_key_count,
        deliveries.repeated_key_at_row,
        deliveries.is_repeat,
        deliveries.is_judged,
        deliveries.is_history,
        spaced_days.covered_days,
        case
            when deliveries.mode = 'full' then cast(deliveries.row_count as double)
            else cast(deliveries.row_count as double) / spaced_days.covered_days
        end as volume,
        max(deliveries.delivered_on)
            over (partition by deliveries.system, deliveries.extract) as newest_of_extract_on,
        max(deliveries.delivered_on) over () as newest_on
    from deliveries
    inner join spaced_days
        on
            deliveries.system = spaced_days.system
            and deliveries.extract = spaced_days.extract
            and deliveries.delivered_on = spaced_days.delivered_on

),

shown as (

    select * from measured
    where is_judged or delivered_on = newest_of_extract_on

),

-- Feeds of a few days have quiet weekends: a Monday is held against Mondays.
pairs as (

    select
        shown.system,
        shown.extract,
        shown.mode,
        shown.delivered_on,
        history.delivered_on as earlier_on,
        history.volume,
        history.row_count,
        history.repeated_key_count,
        row_number() over (
            partition by shown.system, shown.extract, shown.mode, shown.delivered_on
            order by history.delivered_on desc
        ) as age_rank
    from shown
    inner join measured as history
        on
            shown.system = history.system
            and shown.extract = history.extract
            and shown.mode = history.mode
            and shown.delivered_on > history.delivered_on
            and (
                shown.mode = 'full'
                or shown.covered_days >= 7
                or mod(
                    {{ dbt.datediff(
                        'history.delivered_on', 'shown.delivered_on', 'day'
                    ) }},
                    7
                ) = 0
            )
    where
        history.is_history
        and history.volume is not null

),

-- A list is held against the last one; a feed, which swings, against many.
earlier as (

    select
        system,
        extract,
        mode,
        delivered_on,
        count(*) as earlier_deliveries,
        {{ dbt.datediff(
            'min(earlier_on)', 'max(earlier_on)', 'day'
        ) }} as earlier_days,
        min(volume) as least_earlier_volume,
        max(volume) as greatest_earlier_volume,
        stddev_pop(volume) as earlier_volume_deviation,
        cast(sum(repeated_key_count) as double) / nullif(sum(row_count), 0)
            as earlier_repeated_key_share
    from pairs
    where age_rank <= case when mode = 'full' then 1 else {{ remembered }} end
    group by system, extract, mode, delivered_on

),

deliveries_compared as (

    select
        shown.system,
        shown.extract,
        shown.mode,
        shown.path,
        shown.is_repeat,
        shown.is_judged,
        shown.row_count,
        shown.repeated_key_count,
        shown.repeated_key_at_row,
        shown.covered_days,
        coalesce(earlier.earlier_deliveries, 0) as earlier_deliveries,
        coalesce(earlier.earlier_days, 0) as earlier_days,
        earlier.least_earlier_volume * case
            when shown.mode = 'full' then 1
            else shown.covered_days
        end as fewest_expected_rows,
        earlier.greatest_earlier_volume * case
            when shown.mode = 'full' then 1
            else shown.covered_days
        end as most_expected_rows,
        earlier.earlier_volume_deviation * case
            when shown.mode = 'full' then 1
            else shown.covered_days
        end as expected_rows_deviation,
        cast(shown.repeated_key_count as double) / nullif(shown.row_count, 0)
            as repeated_key_share,
        earlier.earlier_repeated_key_share,
        {{ dbt.datediff(
            'shown.newest_of_extract_on', 'shown.newest_on', 'day'
        ) }} as days_behind,
        shown.delivered_on
    from shown
    left join earlier
        on
            shown.system = earlier.system
            and shown.extract = earlier.extract
            and shown.mode = earlier.mode
            and shown.delivered_on = earlier.delivered_on

)

select * from deliveries_compared
