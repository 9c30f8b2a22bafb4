select
    path as example,
    'net_unit_price averages '
    || round(number_mean, 2)
    || ', '
    || round(number_mean / greatest_earlier_mean, 3)
    || ' times what it did' as finding
from intermediate.int_delivered_columns_compared
where
    extract = 'product_price'
    and column_name = 'net_unit_price'
    and (select count(*) from {{ batch }}) > 0
    and (number_mean > 1.06 * greatest_earlier_mean or number_mean < least_earlier_mean / 1.06)
