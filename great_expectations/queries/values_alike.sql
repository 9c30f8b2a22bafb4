{#
Rows of the newest delivery have half as many different values as those of earlier deliveries.

column: whose values.
#}
with judged as (
    select
        {{ column }} as value,
        file_delivered_on = max(file_delivered_on) over () as is_newest
    from {{ batch }}
    where {{ column }} is not null
),

counted as (
    select
        count(*) filter (where is_newest) as newest,
        count(distinct value) filter (where is_newest) as different,
        count(*) filter (where not is_newest) as earlier,
        count(distinct value) filter (where not is_newest) as earlier_different
    from judged
)

select
    '{{ column }}' as example,
    different || ' different values in ' || newest || ' newly delivered rows, in earlier ones '
    || earlier_different || ' in ' || earlier as finding
from counted
where newest >= 5 and earlier >= 20 and different < 0.5 * newest * earlier_different / earlier
