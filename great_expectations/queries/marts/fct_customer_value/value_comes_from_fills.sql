select
    'all customers' as example,
    'accrued ' || sum(accrued_value) || ' of fills worth ' || max(fills.net_value) as finding
from {{ batch }}
cross join (select sum(net_value) as net_value from marts.fct_fills) as fills
having
    sum(accrued_value) > max(fills.net_value)
    or sum(accrued_value) < 0.5 * max(fills.net_value) and count(distinct month) >= 6
