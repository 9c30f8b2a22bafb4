{# Of customers with an account: the others have no attributes. #}
with attributes as (
    {% for version, source in (("present", batch), ("published", "previous.marts.dim_customers")) %}
    {% for column in ("territory", "specialty", "segment", "state", "npi") %}
    select
        '{{ version }}' as version,
        '{{ column }}' as attribute,
        avg(cast({{ column }} is null as integer)) as missing_share,
        count(*) as customers
    from {{ source }}
    where not is_inferred
    {{ "union all" if not loop.last }}
    {% endfor %}
    {{ "union all" if not loop.last }}
    {% endfor %}
)

select
    present.attribute as example,
    round(100 * present.missing_share) || ' % of ' || present.customers
    || ' customers have none, published with ' || round(100 * published.missing_share) || ' %'
    as finding
from attributes as present
inner join attributes as published on present.attribute = published.attribute
where
    present.version = 'present'
    and published.version = 'published'
    and present.missing_share - published.missing_share > 0.08 + 0.5 / sqrt(present.customers)
