{#
The newest delivery of an extract is older, against the newest of all, than the contract allows.

freshness_days: what the contract allows, by extract.
grace_days: how much more is waited.
#}
with allowed (folder, freshness_days) as (
    values
    {% for folder, days in freshness_days.items() %}
    ('{{ folder }}', {{ days }}){{ "," if not loop.last }}
    {% endfor %}
),

newest as (
    select
        system || '/' || extract as folder,
        max_by(path, delivered_on) as path,
        max(days_behind) as days_behind
    from {{ batch }}
    group by system, extract
)

select
    newest.path as example,
    'the newest delivery is ' || newest.days_behind
    || ' days older than the newest of all; the contract allows '
    || allowed.freshness_days as finding
from newest
inner join allowed on newest.folder = allowed.folder
where newest.days_behind > allowed.freshness_days + {{ grace_days }}
