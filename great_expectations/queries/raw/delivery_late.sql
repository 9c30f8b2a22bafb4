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
)

select
    delivered.path as example,
    'the newest delivery is ' || delivered.days_behind
    || ' days older than the newest of all; the contract allows '
    || allowed.freshness_days as finding
from (select * from {{ batch }}) as delivered
inner join allowed on delivered.system || '/' || delivered.extract = allowed.folder
where delivered.days_behind > allowed.freshness_days + {{ grace_days }}
