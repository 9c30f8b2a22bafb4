{#
Records that their newest version deletes are still in the model.

key: the model's key.
landed: table of the records as delivered.
#}
with versions as (
    select
        trim("Id") as record_id,
        lower("IsDeleted") in ('true', '1', 'y') as is_deleted,
        row_number() over (
            partition by trim("Id") order by "SystemModstamp" desc, _delivered_on desc
        ) as version_rank
    from {{ landed }}
)

select
    'records' as example,
    count(*) || ' deleted records are kept' as finding
from {{ batch }}
where {{ key }} in (select record_id from versions where version_rank = 1 and is_deleted)
having count(*) > 1
