with followed as (
    select
        *,
        lag(net_unit_price) over (partition by ndc, payer_type order by valid_from) as price_before
    from {{ batch }}
)

select
    files.path || ':' || (followed.source_row_id % 4294967296) as example,
    'a price of '
    || round(followed.net_unit_price, 2)
    || ' from '
    || followed.valid_from
    || ', '
    || round(followed.net_unit_price / followed.price_before, 2)
    || ' times the '
    || round(followed.price_before, 2)
    || ' before' as finding
from followed
inner join raw._files as files on followed.source_row_id // 4294967296 = files.file_id
where
    followed.net_unit_price > 1.5 * followed.price_before
    or followed.net_unit_price < 0.67 * followed.price_before
