{% from "places.sql" import is_judged, place %}
select
    {{ place("source_row_id") }} as example,
    'price ' || net_unit_price || ', margin rate ' || margin_rate as finding
from {{ batch }}
where
    {{ is_judged("source_row_id") }}
    and (margin_rate < 0 or margin_rate > 1 or net_unit_price <= 0)
