{#
Newly delivered rows with values that no earlier row had.

column: whose values.
#}
{% from "places.sql" import is_judged, place %}
with marked as (
    select
        source_row_id,
        {{ column }} as value,
        {{ is_judged("source_row_id") }} as is_new
    from {{ batch }}
    where {{ column }} is not null
),

counted as (
    select
        count(*) filter (where is_new) as new_rows,
        count(*) filter (
            where is_new and value not in (select value from marked where not is_new)
        ) as unseen,
        min(source_row_id) filter (
            where is_new and value not in (select value from marked where not is_new)
        ) as first_row,
        count(*) filter (where not is_new) as earlier
    from marked
)

select
    {{ place("first_row") }} as example,
    unseen || ' of ' || new_rows || ' newly delivered rows have a {{ column }} that none of '
    || earlier || ' earlier ones had' as finding
from counted
where unseen > 4 and unseen > 0.05 * new_rows and earlier > 0
