select
    'inferred customers' as example,
    sum(cast(is_inferred as integer))
    || ' of '
    || count(*)
    || ' NPIs, published '
    || max(published.share) as finding
from {{ batch }}
cross join
    (select avg(cast(is_inferred as integer)) as share from previous.marts.dim_customers)
        as published
having
    sum(cast(is_inferred as integer)) > 4
    and avg(cast(is_inferred as integer)) > coalesce(max(published.share), 1) * 1.5 + 0.03
