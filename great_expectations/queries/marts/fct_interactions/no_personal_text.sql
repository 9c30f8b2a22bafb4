select
    'source row ' || source_row_id as example,
    'a text holds an @' as finding
from {{ batch }}
where concat_ws(' ', campaign, channel, product_id) like '%@%'
