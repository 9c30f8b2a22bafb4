{#
A column holds patient tokens as delivered.

columns: which ones are looked at.
#}
with tokens as (
    select patient_token
    from raw.access__hub_enrollment
    where patient_token is not null
)

select
    'rows' as example,
    count(*) || ' hold a patient token' as finding
from {{ batch }}
where
    {% for column in columns %}
    {{ "or " if not loop.first }}{{ column }} in (select patient_token from tokens)
    {% endfor %}
having count(*) > 0
