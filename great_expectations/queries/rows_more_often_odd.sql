{#
Rows of the newest delivery that are odd, more often than rows of earlier deliveries were.

odd: condition that makes a row odd; in a subquery the rows are called `delivered`.
among: condition for the rows that are looked at.
words: what odd rows do, for the message.
tolerance: share that may be odd although it never was so before.
#}
{% from "places.sql" import place %}
with judged as (
    select
        source_row_id,
        file_delivered_on = max(file_delivered_on) over () as is_newest,
        coalesce({{ odd }}, false) as is_odd
    from (select * from {{ batch }}) as delivered
    where {{ among | default("true") }}
),

counted as (
    select
        count(*) filter (where is_newest) as newest,
        count(*) filter (where is_newest and is_odd) as odd,
        count(*) filter (where not is_newest) as earlier,
        count(*) filter (where not is_newest and is_odd) as earlier_odd,
        min(source_row_id) filter (where is_newest and is_odd) as first_row
    from judged
)

select
    {{ place("first_row") }} as example,
    odd || ' of ' || newest || ' newly delivered rows {{ words }}, of earlier ones '
    || earlier_odd || ' of ' || earlier as finding
from counted
where
    odd > 4
    and odd > {{ tolerance | default(0.05) }} * newest
    + 3 * newest * coalesce(earlier_odd / nullif(earlier, 0), 0)
