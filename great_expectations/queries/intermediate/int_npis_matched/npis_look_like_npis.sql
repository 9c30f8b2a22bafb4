select
    'prescribers' as example,
    count(*) || ' NPIs of hub and pharmacy rows are no ten digits' as finding
from {{ batch }}
where is_inferred and (length(npi) <> 10 or try_cast(npi as bigint) is null)
having count(*) > 0
