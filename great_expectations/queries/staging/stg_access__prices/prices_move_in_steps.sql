{% from "places.sql" import is_judged, place %}
with followed as (
    select
        *,
        lag(net_unit_price) over (partition by ndc, payer_type order by valid_from) as price_before
    from {{ batch }}
)

select
    {{ place("source_row_id") }} as example,
    'a price of ' || round(net_unit_price, 2) || ' from ' || valid_from || ', '
    || round(net_unit_price / price_before, 2) || ' times the ' || round(price_before, 2)
    || ' before' as finding
from followed
where
    {{ is_judged("source_row_id") }}
    and (net_unit_price > 1.5 * price_before or net_unit_price < 0.67 * price_before)
    -- A step that was published before is no news of a list that repeats it.
    and not exists (
        select 1
        from raw.access__product_price as landed
        inner join intermediate.int_files_judged as files
            on landed._file_id = files.file_id and files.is_history
        where
            trim(landed."ndc11") = followed.ndc
            and coalesce(trim(landed."payer_type"), '') = coalesce(followed.payer_type, '')
            and try_cast(trim(landed."valid_from") as date) = followed.valid_from
            and try_cast(trim(landed."net_unit_price") as double) = followed.net_unit_price
    )
