select
    customer_id || ' ' || strftime(month, '%Y-%m') as example,
    'health ' || health as finding
from {{ batch }}
where health < 0 or health > 100
