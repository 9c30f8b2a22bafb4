select
    'inferred customers' as example,
    'none of ' || count(*) || ' with paid claims has a fill' as finding
from (select
    npis.customer_id,
    npis.customer_id in (
        select customer_id from {{ batch }}
        where customer_id is not null
    ) as has_fill
from intermediate.int_npis_matched as npis
where npis.is_inferred and npis.npi in (
    select prescriber_npi from staging.stg_access__dispenses
    where transaction_code = 'B1' and claim_status = '1'
)) as inferred
having count(*) >= 2 and count(*) filter (where has_fill) = 0
