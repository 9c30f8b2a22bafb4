{# Rows of cases whose patients revoked their consent. #}
select
    'cases' as example,
    count(*) || ' rows of revoked cases are kept' as finding
from {{ batch }}
where case_id in (select case_id from staging.stg_access__revoked_cases)
having count(*) > 0
