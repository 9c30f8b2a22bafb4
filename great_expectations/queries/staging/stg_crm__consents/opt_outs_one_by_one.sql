{# From the files: when all decisions come anew, staging holds none of the earlier ones. #}
with days as (
    select max(_delivered_on) as newest_on
    from raw.crm__multichannel_consent_vod__c
),

decisions as (
    select
        landed."Account_vod__c" as account_id,
        max_by(landed."Opt_Type_vod__c", landed."Capture_Datetime_vod__c")
        = 'Opt_Out_vod' as is_opted_out,
        max_by(landed."Opt_Type_vod__c", landed."Capture_Datetime_vod__c")
            filter (where landed._delivered_on < days.newest_on)
        = 'Opt_Out_vod' as was_opted_out
    from raw.crm__multichannel_consent_vod__c as landed
    cross join days
    where landed."Account_vod__c" in (select account_id from {{ batch }})
    group by landed."Account_vod__c"
),

counted as (
    select
        count(*) as customers,
        count(*) filter (where is_opted_out and not was_opted_out) as turned
    from decisions
    where was_opted_out is not null
)

select
    'customers' as example,
    turned || ' of ' || customers || ' opted out with the newest delivery' as finding
from counted
where turned > 5 and turned > 0.1 * customers
