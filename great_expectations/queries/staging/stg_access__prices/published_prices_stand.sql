{% from "places.sql" import is_judged, place %}
with published as (
    select
        trim(landed."ndc11") as ndc,
        trim(landed."payer_type") as payer_type,
        try_cast(trim(landed."valid_from") as date) as valid_from,
        max_by(try_cast(trim(landed."net_unit_price") as double), landed._delivered_on) as price
    from raw.access__product_price as landed
    inner join intermediate.int_files_judged as files
        on landed._file_id = files.file_id and files.is_history
    group by all
)

select
    {{ place("prices.source_row_id") }} as example,
    'the price from ' || prices.valid_from || ' is ' || round(prices.net_unit_price, 2)
    || ' now, ' || round(prices.net_unit_price / published.price, 2) || ' times what it was'
    as finding
from (select * from {{ batch }}) as prices
inner join published
    on
        prices.ndc = published.ndc
        and coalesce(prices.payer_type, '') = coalesce(published.payer_type, '')
        and prices.valid_from = published.valid_from
where
    {{ is_judged("prices.source_row_id") }}
    and abs(prices.net_unit_price - published.price) > 0.02 * published.price
