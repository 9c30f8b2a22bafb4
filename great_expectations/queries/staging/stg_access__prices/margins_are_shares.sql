select
    files.path || ':' || (prices.source_row_id % 4294967296) as example,
    'price ' || prices.net_unit_price || ', margin rate ' || prices.margin_rate as finding
from (select * from {{ batch }}) as prices
inner join raw._files as files on prices.source_row_id // 4294967296 = files.file_id
where prices.margin_rate < 0 or prices.margin_rate > 1 or prices.net_unit_price <= 0
