with made as (
    select
        interaction_type,
        count(*) as interactions
    from {{ batch }}
    group by interaction_type
),

records as (
    select
        'email' as interaction_type,
        count(*) as records
    from staging.stg_crm__sent_emails
    where status in ('Delivered_vod', 'Sent_vod', 'Unsubscribed_vod', 'Marked_Spam_vod')
    union all
    select
        'call',
        count(*)
    from staging.stg_crm__calls
    where status = 'Submitted_vod'
    union all
    select
        'inquiry',
        count(*)
    from staging.stg_crm__inquiries
    union all
    select
        'enrollment',
        count(*)
    from staging.stg_access__enrollments
    union all
    select
        'support_case',
        count(*)
    from staging.stg_support__cases
)

select
    records.interaction_type as example,
    coalesce(made.interactions, 0)
    || ' interactions of '
    || records.records
    || ' records' as finding
from records left join made on records.interaction_type = made.interaction_type
where
    coalesce(made.interactions, 0) > records.records
    or (records.records >= 20 and coalesce(made.interactions, 0) < 0.5 * records.records)
