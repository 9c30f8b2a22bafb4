{#
A column holds patient tokens as delivered.

columns: which ones are looked at.
#}
with tokens as (
    select trim(patient_token) as token from raw.access__hub_enrollment
    union distinct
    select trim(patient_token) from raw.access__sp_dispense
)

select
    'rows' as example,
    count(*) || ' hold a patient token' as finding
from {{ batch }}
where
    {% for column in columns %}
    {{ "or " if not loop.first }}{{ column }} in (select token from tokens where token <> '')
    {% endfor %}
having count(*) > 0
