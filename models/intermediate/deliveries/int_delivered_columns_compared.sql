-- One row per column of each extract's newest delivery: its values, beside those delivered earlier.

with

files as (

    select * from {{ ref('stg_landing__files') }}

),

column_profiles as (

    select * from {{ ref('stg_landing__column_profiles') }}

),

newest_deliveries as (

    select * from {{ ref('int_deliveries_compared') }}

),

-- The file itself, or the one whose bytes it repeats: a list that stays the same is its own past.
newest_columns as (

    select
        newest_deliveries.path,
        newest_deliveries.mode,
        newest_deliveries.delivered_on,
        newest_deliveries.covered_days,
        newest_deliveries.content_file_id,
        column_profiles.*
    from newest_deliveries
    inner join column_profiles
        on newest_deliveries.content_file_id = column_profiles.file_id

),

earlier_columns as (

    select
        newest_columns.file_id,
        newest_columns.column_name,
        count(*) as earlier_files,
        sum(column_profiles.row_count) as earlier_rows,
        sum(column_profiles.missing_count) as earlier_missing_count,
        sum(column_profiles.unparsed_count) as earlier_unparsed_count,
        sum(column_profiles.unseen_count) as earlier_unseen_count,
        sum(column_profiles.future_count) as earlier_future_count,
        max(case
            when column_profiles.row_count > 0
                then cast(column_profiles.missing_count as double) / column_profiles.row_count
        end) as most_earlier_missing_share,
        min(case
            when column_profiles.row_count > 0
                then cast(column_profiles.missing_count as double) / column_profiles.row_count
        end) as least_earlier_missing_share,
        max(case
            when column_profiles.row_count > 0
                then cast(column_profiles.future_count as double) / column_profiles.row_count
        end) as most_earlier_future_share,
        max(column_profiles.distinct_count) as most_earlier_distinct_count,
        min(column_profiles.number_mean) as least_earlier_mean,
        max(column_profiles.number_mean) as greatest_earlier_mean,
        max(column_profiles.number_deviation) as greatest_earlier_deviation,
        max({{ dbt.datediff('column_profiles.latest_on', 'files.file_delivered_on', 'day') }})
            as most_earlier_lag_days
    from newest_columns
    inner join files
        on
            newest_columns.system = files.system
            and newest_columns.extract = files.extract
            and newest_columns.delivered_on > files.file_delivered_on
    inner join column_profiles
        on
            files.file_id = column_profiles.file_id
            and newest_columns.column_name = column_profiles.column_name
    group by newest_columns.file_id, newest_columns.column_name

),

delivered_columns_compared as (

    select
        newest_columns.system,
        newest_columns.extract,
        newest_columns.column_name,
        newest_columns.column_type,
        newest_columns.is_required,
        newest_columns.path,
        newest_columns.mode,
        newest_columns.covered_days,
        newest_columns.row_count,
        newest_columns.missing_count,
        newest_columns.unparsed_count,
        newest_columns.unseen_count,
        newest_columns.future_count,
        newest_columns.distinct_count,
        newest_columns.number_mean,
        newest_columns.number_deviation,
        newest_columns.missing_at_row,
        newest_columns.unparsed_at_row,
        newest_columns.unseen_at_row,
        newest_columns.future_at_row,
        {{ dbt.datediff('newest_columns.latest_on', 'newest_columns.delivered_on', 'day') }}
            as lag_days,
        coalesce(earlier_columns.earlier_files, 0) as earlier_files,
        coalesce(earlier_columns.earlier_rows, 0) as earlier_rows,
        cast(newest_columns.missing_count as double) / nullif(newest_columns.row_count, 0)
            as missing_share,
        cast(newest_columns.unparsed_count as double) / nullif(newest_columns.row_count, 0)
            as unparsed_share,
        cast(newest_columns.unseen_count as double) / nullif(newest_columns.row_count, 0)
            as unseen_share,
        cast(newest_columns.future_count as double) / nullif(newest_columns.row_count, 0)
            as future_share,
        cast(earlier_columns.earlier_unparsed_count as double)
        / nullif(earlier_columns.earlier_rows, 0) as earlier_unparsed_share,
        cast(earlier_columns.earlier_unseen_count as double)
        / nullif(earlier_columns.earlier_rows, 0) as earlier_unseen_share,
        cast(earlier_columns.earlier_future_count as double)
        / nullif(earlier_columns.earlier_rows, 0) as earlier_future_share,
        cast(earlier_columns.earlier_missing_count as double)
        / nullif(earlier_columns.earlier_rows, 0) as earlier_missing_share,
        earlier_columns.least_earlier_missing_share,
        earlier_columns.most_earlier_missing_share,
        earlier_columns.most_earlier_future_share,
        earlier_columns.most_earlier_distinct_count,
        earlier_columns.least_earlier_mean,
        earlier_columns.greatest_earlier_mean,
        earlier_columns.greatest_earlier_deviation,
        earlier_columns.most_earlier_lag_days,
        newest_columns.delivered_on
    from newest_columns
    left join earlier_columns
        on
            newest_columns.file_id = earlier_columns.file_id
            and newest_columns.column_name = earlier_columns.column_name

)

select * from delivered_columns_compared
