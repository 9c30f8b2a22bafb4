{#
A month that was over when the published version was built has another figure now.

mart: the table, with its schema.
at: column with the day or month.
measure: aggregate that is compared.
unit: what it counts, for the message.
by: column that splits it.
among: condition for the rows that are looked at.
tolerance: share by which it may change.
slack: amount by which it may change besides; an expression over `present` and `published`.
#}
{% set category = by | default("'all'") %}
with days as (
    select
        least(
            (select max({{ at }}) from {{ batch }}),
            (select max({{ at }}) from previous.{{ mart }})
        ) as last_day
),

{% for version, source in (("present", batch), ("published", "previous." ~ mart)) %}
{{ version }} as (
    select
        cast(date_trunc('month', {{ at }}) as date) as month,
        {{ category }} as category,
        {{ measure }} as amount,
        count(*) as size
    from {{ source }}
    where {{ among | default("true") }}
    group by all
){{ "," if not loop.last }}

{% endfor %}
select
    strftime(published.month, '%Y-%m')
    {% if by is defined %}
    || ' ' || coalesce(cast(published.category as varchar), 'none')
    {% endif %}
    as example,
    coalesce(round(present.amount, 2), 0)
    || ' {{ unit | default("") }}, published with '
    || round(published.amount, 2) as finding
from published
left join present
    on
        published.month = present.month
        and published.category is not distinct from present.category
cross join days
where
    published.month < date_trunc('month', days.last_day)
    and published.amount <> 0
    and abs(coalesce(present.amount, 0) - published.amount)
    > {{ tolerance }} * abs(published.amount) + {{ slack }}
