-- One row per readable file: whether the gates judge it in this run, and whether they judge by it.

with

files as (

    select * from {{ ref('stg_landing__files') }}

),

-- In a first run nothing was published yet: the newest delivery is held against those before it.
standings as (

    select
        *,
        max(case when is_published then 1 else 0 end) over (partition by system, extract) = 1
            as is_history_known,
        max(file_delivered_on) over (partition by system, extract) as newest_on,
        max(case when mode = 'full' then file_delivered_on end)
            over (partition by system, extract) as newest_full_on
    from files

),

files_judged as (

    select
        file_id,
        coalesce(repeat_of_file_id, file_id) as content_file_id,
        repeat_of_file_id is not null as is_repeat,
        system,
        extract,
        path,
        mode,
        file_delivered_on,
        case
            when not is_history_known then file_delivered_on = newest_on
            when mode = 'full' then not is_published and file_delivered_on = newest_full_on
            else not is_published
        end as is_judged,
        case
            when is_history_known then is_published
            else file_delivered_on < newest_on
        end as is_history
    from standings

)

select * from files_judged
