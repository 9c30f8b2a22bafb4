select
    customer_id || ' ' || strftime(month, '%Y-%m') as example,
    'rate ' || cvar_rate as finding
from {{ batch }}
where cvar_rate < 0 or cvar_rate > 1
