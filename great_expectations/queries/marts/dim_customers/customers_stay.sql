select
    'customers' as example,
    count(*) || ', published with ' || max(published.customers) as finding
from {{ batch }}
cross join (select count(*) as customers from previous.marts.dim_customers) as published
having count(*) < 0.98 * max(published.customers) - 1
