select
    product_id as example,
    'published, and gone now' as finding
from previous.marts.dim_products
where product_id not in (select product_id from {{ batch }})
