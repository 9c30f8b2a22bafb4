-- One row per column and file that is judged in this run: its values, beside those of earlier files
-- of the same kind.

{% set remembered, remembered_lists, few_rows = 30, 3, 5 -%}
with

files as (

    select * from {{ ref('int_files_judged') }}

),

column_profiles as (

    select * from {{ ref('stg_landing__column_profiles') }}

),

deliveries as (

    select * from {{ ref('int_deliveries_compared') }}

),

-- The file itself, or the one whose bytes it repeats: a list that stays the same is its own past.
judged_columns as (

    select
        files.file_id as judged_file_id,
        files.path,
        files.mode,
        files.file_delivered_on as delivered_on,
        deliveries.covered_days,
        column_profiles.*
    from files
    inner join deliveries
        on
            files.system = deliveries.system
            and files.extract = deliveries.extract
            and files.mode = deliveries.mode
            and files.file_delivered_on = deliveries.delivered_on
    inner join column_profiles
        on files.content_file_id = column_profiles.file_id
    where files.is_judged

),

-- The newest ones: what was usual years ago is no measure.
history as (

    select
        judged.file_id as judged_file_id,
        earlier.file_id,
        earlier.mode,
        earlier.file_delivered_on,
        row_number() over (
            partition by judged.file_id
            order by earlier.file_delivered_on desc, earlier.file_id desc
        ) as age_rank
    from files as judged
    inner join files as earlier
        on
            judged.system = earlier.system
            and judged.extract = earlier.extract
            and judged.mode = earlier.mode
            and judged.file_delivered_on > earlier.file_delivered_on
    where
        judged.is_judged
        and earlier.is_history
        and not earlier.is_repeat

),

-- What a handful of rows looks like by chance is no bound; a list of a handful is no sample.
earlier_values as (

    select
        history.judged_file_id,
        column_profiles.column_name,
        column_profiles.row_count,
        column_profiles.missing_count,
        column_profiles.unparsed_count,
        column_profiles.unseen_count,
        column_profiles.future_count,
        column_profiles.number_mean,
        column_profiles.number_deviation,
        {{ dbt.datediff('column_profiles.latest_on', 'history.file_delivered_on', 'day') }}
            as lag_days,
        history.mode = 'full' or column_profiles.row_count >= {{ few_rows }} as is_bound
    from history
    inner join column_profiles
        on history.file_id = column_profiles.file_id
    where
        history.age_rank
        <= case when history.mode = 'full' then {{ remembered_lists }} else {{ remembered }} end

),

earlier_columns as (

    select
        judged_file_id,
        column_name,
        count(*) as earlier_files,
        sum(row_count) as earlier_rows,
        sum(missing_count) as earlier_missing_count,
        sum(unparsed_count) as earlier_unparsed_count,
        sum(unseen_count) as earlier_unseen_count,
        sum(future_count) as earlier_future_count,
        max(case
            when is_bound and row_count > 0
                then cast(missing_count as double) / row_count
        end) as most_earlier_missing_share,
        min(case
            when is_bound and row_count > 0
                then cast(missing_count as double) / row_count
        end) as least_earlier_missing_share,
        max(case
            when is_bound and row_count > 0
                then cast(future_count as double) / row_count
        end) as most_earlier_future_share,
        min(case when is_bound then number_mean end) as least_earlier_mean,
        max(case when is_bound then number_mean end) as greatest_earlier_mean,
        max(case when is_bound then number_deviation end) as greatest_earlier_deviation,
        max(lag_days) as most_earlier_lag_days
    from earlier_values
    group by judged_file_id, column_name

),

delivered_columns_compared as (

    select
        judged_columns.system,
        judged_columns.extract,
        judged_columns.column_name,
        judged_columns.column_type,
        judged_columns.is_required,
        judged_columns.path,
        judged_columns.mode,
        judged_columns.covered_days,
        judged_columns.row_count,
        judged_columns.missing_count,
        judged_columns.unparsed_count,
        judged_columns.unseen_count,
        judged_columns.future_count,
        judged_columns.number_mean,
        judged_columns.number_deviation,
        judged_columns.missing_at_row,
        judged_columns.unparsed_at_row,
        judged_columns.unseen_at_row,
        judged_columns.future_at_row,
        {{ dbt.datediff('judged_columns.latest_on', 'judged_columns.delivered_on', 'day') }}
            as lag_days,
        coalesce(earlier_columns.earlier_files, 0) as earlier_files,
        coalesce(earlier_columns.earlier_rows, 0) as earlier_rows,
        cast(judged_columns.missing_count as double) / nullif(judged_columns.row_count, 0)
            as missing_share,
        cast(judged_columns.unparsed_count as double) / nullif(judged_columns.row_count, 0)
            as unparsed_share,
        cast(judged_columns.unseen_count as double) / nullif(judged_columns.row_count, 0)
            as unseen_share,
        cast(judged_columns.future_count as double) / nullif(judged_columns.row_count, 0)
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
        earlier_columns.least_earlier_mean,
        earlier_columns.greatest_earlier_mean,
        earlier_columns.greatest_earlier_deviation,
        earlier_columns.most_earlier_lag_days,
        judged_columns.delivered_on
    from judged_columns
    left join earlier_columns
        on
            judged_columns.judged_file_id = earlier_columns.judged_file_id
            and judged_columns.column_name = earlier_columns.column_name

)

select * from delivered_columns_compared
