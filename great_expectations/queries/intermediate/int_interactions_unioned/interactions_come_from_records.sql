with happened as (
    select
        'email' as interaction_type,
        sent_at as happened_at
    from staging.stg_crm__sent_emails
    where status in ('Delivered_vod', 'Sent_vod', 'Unsubscribed_vod', 'Marked_Spam_vod')
    union all
    select 'call', occurred_at from staging.stg_crm__calls where status = 'Submitted_vod'
    union all
    select 'inquiry', submitted_at from staging.stg_crm__inquiries
    union all
    select 'enrollment', received_at from staging.stg_access__enrollments
    union all
    select 'support_case', created_at from staging.stg_support__cases
),

records as (
    select
        happened.interaction_type,
        count(*) as records
    from happened
    cross join intermediate.int_reporting_period as period
    where happened.happened_at < period.ends_before
    group by happened.interaction_type
),

made as (
    select
        interaction_type,
        count(*) as interactions
    from {{ batch }}
    group by interaction_type
)

select
    records.interaction_type as example,
    coalesce(made.interactions, 0) || ' interactions of ' || records.records || ' records' as finding
from records
left join made on records.interaction_type = made.interaction_type
where
    coalesce(made.interactions, 0) > records.records
    or (records.records >= 20 and coalesce(made.interactions, 0) < 0.5 * records.records)
