{#
Newly delivered rows have half as many different values as as many earlier ones.

column: whose values.
#}
{% from "places.sql" import is_judged %}
with marked as (
    select
        {{ column }} as value,
        {{ is_judged("source_row_id") }} as is_new
    from {{ batch }}
    where {{ column }} is not null
),

counted as (
    select
        count(*) filter (where is_new) as new_rows,
        count(distinct value) filter (where is_new) as different,
        count(*) filter (where not is_new) as earlier,
        count(distinct value) filter (where not is_new) as earlier_different
    from marked
)

-- The more rows, the fewer values they share: a full copy of old rows says nothing.
select
    '{{ column }}' as example,
    different || ' different values in ' || new_rows || ' newly delivered rows, in earlier ones '
    || earlier_different || ' in ' || earlier as finding
from counted
where
    new_rows >= 5
    and earlier >= greatest(20, new_rows)
    and different < 0.5 * new_rows * earlier_different / earlier
