with paid as (
    select dispenses.prescriber_npi
    from staging.stg_access__dispenses as dispenses
    cross join intermediate.int_reporting_period as period
    where
        dispenses.transaction_code = 'B1'
        and dispenses.claim_status = '1'
        and dispenses.shipped_on <= period.as_of_date
        and dispenses.transaction_at < period.ends_before
),

inferred as (
    select customer_id in (
        select customer_id from {{ batch }} where customer_id is not null
    ) as has_fill
    from intermediate.int_npis_matched
    where is_inferred and npi in (select prescriber_npi from paid)
)

select
    'inferred customers' as example,
    'none of ' || count(*) || ' with paid claims has a fill' as finding
from inferred
having count(*) >= 2 and count(*) filter (where has_fill) = 0
