{#
A category has another share of the newest delivery than it had of any earlier one.

category: expression that puts rows into categories.
among: condition for the rows that are looked at.
#}
with delivered as (
    select
        coalesce(cast({{ category }} as varchar), 'none') as category,
        file_delivered_on,
        file_delivered_on = max(file_delivered_on) over () as is_newest
    from {{ batch }}
    where {{ among | default("true") }}
),

deliveries as (
    select file_delivered_on, is_newest, count(*) as size
    from delivered
    group by file_delivered_on, is_newest
    having count(*) >= 10
),

mixes as (
    select
        categories.category,
        deliveries.is_newest,
        deliveries.size,
        count(delivered.category) / deliveries.size as share
    from deliveries
    cross join (select distinct category from delivered) as categories
    left join delivered
        on
            deliveries.file_delivered_on = delivered.file_delivered_on
            and categories.category = delivered.category
    group by
        categories.category, deliveries.file_delivered_on, deliveries.is_newest, deliveries.size
),

compared as (
    select
        category,
        max(share) filter (where is_newest) as share,
        max(size) filter (where is_newest) as size,
        min(share) filter (where not is_newest) as least,
        max(share) filter (where not is_newest) as most,
        count(*) filter (where not is_newest) as deliveries
    from mixes
    group by category
)

-- A value that no one has seen may be anything, a name in the wrong column among others.
select
    case when most > 0 then category else 'a value not seen before' end as example,
    round(100 * share) || ' % of ' || size || ' newly delivered rows, of earlier deliveries '
    || round(100 * least) || ' to ' || round(100 * most) || ' %' as finding
from compared
where
    deliveries >= 3
    and size >= 20
    and (share > most + 0.2 + 2 / sqrt(size) or share < least - 0.2 - 2 / sqrt(size))
