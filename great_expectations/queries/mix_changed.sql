{#
A category has another share of a newly delivered day than it had of any earlier one.

category: expression that puts rows into categories.
among: condition for the rows that are looked at.
#}
{% from "places.sql" import is_judged %}
with delivered as (
    select
        coalesce(cast({{ category }} as varchar), 'none') as category,
        file_delivered_on,
        {{ is_judged("source_row_id") }} as is_new
    from {{ batch }}
    where {{ among | default("true") }}
),

deliveries as (
    select
        file_delivered_on,
        is_new,
        count(*) as size
    from delivered
    group by file_delivered_on, is_new
    having count(*) >= 10
),

mixes as (
    select
        categories.category,
        deliveries.is_new,
        deliveries.size,
        count(delivered.category) / deliveries.size as share
    from deliveries
    cross join (select distinct category from delivered) as categories
    left join delivered
        on
            deliveries.file_delivered_on = delivered.file_delivered_on
            and deliveries.is_new = delivered.is_new
            and categories.category = delivered.category
    group by
        categories.category, deliveries.file_delivered_on, deliveries.is_new, deliveries.size
),

earlier as (
    select
        category,
        min(share) as least,
        max(share) as most,
        count(*) as deliveries
    from mixes
    where not is_new
    group by category
)

-- A value that no one has seen may be anything, a name in the wrong column among others.
select
    case when earlier.most > 0 then mixes.category else 'a value not seen before' end as example,
    round(100 * mixes.share) || ' % of ' || mixes.size
    || ' newly delivered rows, of earlier deliveries '
    || round(100 * earlier.least) || ' to ' || round(100 * earlier.most) || ' %' as finding
from mixes
inner join earlier on mixes.category = earlier.category
where
    mixes.is_new
    and mixes.size >= 20
    and earlier.deliveries >= 3
    and (
        mixes.share > earlier.most + 0.2 + 2 / sqrt(mixes.size)
        or mixes.share < earlier.least - 0.2 - 2 / sqrt(mixes.size)
    )
