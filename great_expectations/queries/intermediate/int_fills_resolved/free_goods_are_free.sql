select
    fill_id as example,
    dispense_type || ' with value ' || net_value as finding
from {{ batch }}
where dispense_type in ('PAP', 'BRIDGE', 'QUICK_START') and net_value <> 0
