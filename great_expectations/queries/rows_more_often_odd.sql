{#
Newly delivered rows that are odd, more often than rows of earlier deliveries were.

odd: condition that makes a row odd; in a subquery the rows are called `delivered`.
among: condition for the rows that are looked at.
words: what odd rows do, for the message.
tolerance: share that may be odd although it never was so before.
provided: what must be so for the question to make sense.
#}
{% from "places.sql" import is_judged, place %}
with marked as (
    select
        source_row_id,
        {{ is_judged("source_row_id") }} as is_new,
        coalesce({{ odd }}, false) as is_odd
    from (select * from {{ batch }}) as delivered
    where {{ among | default("true") }}
),

counted as (
    select
        count(*) filter (where is_new) as new_rows,
        count(*) filter (where is_new and is_odd) as odd,
        count(*) filter (where not is_new) as earlier,
        count(*) filter (where not is_new and is_odd) as earlier_odd,
        min(source_row_id) filter (where is_new and is_odd) as first_row
    from marked
)

select
    {{ place("first_row") }} as example,
    odd || ' of ' || new_rows || ' newly delivered rows {{ words }}, of earlier ones '
    || earlier_odd || ' of ' || earlier as finding
from counted
where
    odd > 4
    and odd
    > {{ tolerance | default(0.05) }} * new_rows
    + 3 * new_rows * coalesce(earlier_odd / nullif(earlier, 0), 0)
    and {{ provided | default("true") }}
