{# From the files: when all decisions come anew, staging holds none of the earlier ones. #}
with decisions as (
    select
        landed."Account_vod__c" as account_id,
        landed."Opt_Type_vod__c" = 'Opt_Out_vod' as is_opt_out,
        try_cast(trim(landed."Capture_Datetime_vod__c") as timestamptz) as captured_at,
        files.is_history
    from raw.crm__multichannel_consent_vod__c as landed
    inner join intermediate.int_files_judged as files
        on landed._file_id = files.file_id and (files.is_judged or files.is_history)
    where
        coalesce(landed."Channel_Value_vod__c" like '%@%', true)
        and landed."Account_vod__c" in (select account_id from {{ batch }})
),

customers as (
    select
        account_id,
        max_by(is_opt_out, captured_at) as is_opted_out,
        max_by(is_opt_out, captured_at) filter (where is_history) as was_opted_out
    from decisions
    group by account_id
),

counted as (
    select
        count(*) as customers,
        count(*) filter (where is_opted_out and not was_opted_out) as turned
    from customers
    where was_opted_out is not null
)

select
    'customers' as example,
    turned || ' of ' || customers || ' opted out with the newest deliveries' as finding
from counted
where turned > 5 and turned > 0.1 * customers
