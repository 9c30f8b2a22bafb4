{#
Records that their newest known version deletes are still in the model.

key: the model's key.
landed: table of the records as delivered.
#}
with versions as (
    select
        trim("Id") as record_id,
        lower(trim("IsDeleted")) in ('true', '1', 'y') as is_deleted,
        row_number() over (
            partition by trim("Id")
            order by
                try_cast(trim("SystemModstamp") as timestamptz) desc nulls last, _delivered_on desc
        ) as version_rank
    from {{ landed }}
    -- Files after the day of knowledge are not among these.
    where _file_id in (select file_id from staging.stg_landing__files)
)

select
    'records' as example,
    count(*) || ' deleted records are kept' as finding
from {{ batch }}
where {{ key }} in (select record_id from versions where version_rank = 1 and is_deleted)
having count(*) > 1
