{#
The figure of the last days differs from the one of the last published days.

mart: the table, with its schema.
at: column with the day.
measure: aggregate that is compared.
by: column that splits it.
among: condition for the rows that are looked at.
days: how many.
tolerance, relative_tolerance: how far it may move, in its own unit and as a share of the level.
noise, relative_noise: how far chance may move the figure of a single row, in the same two ways.
#}
{% set rows_counted %}{{ among | default("true") }}{% endset %}
with
{% for version, source in (("present", batch), ("published", "previous." ~ mart)) %}
{{ version }} as (
    select
        {{ by | default("'all'") }} as category,
        {{ measure }} as level,
        count(*) as size
    from {{ source }}
    where
        {{ rows_counted }}
        and {{ at }} >= (
            select max({{ at }}) from {{ source }}
            where {{ rows_counted }}
        ) - interval {{ days | default(92) }} day
    group by all
){{ "," if not loop.last }}

{% endfor %}
select
    coalesce(cast(published.category as varchar), 'none') as example,
    round(present.level, 3) || ' in the last {{ days | default(92) }} days, published with '
    || round(published.level, 3) as finding
from published
inner join present on published.category is not distinct from present.category
where
    published.size >= 20
    and abs(present.level - published.level)
    > {{ tolerance | default(0) }} + {{ relative_tolerance | default(0) }} * abs(published.level)
    + ({{ noise | default(0) }} + {{ relative_noise | default(0) }} * abs(published.level))
    / sqrt(least(present.size, published.size))
