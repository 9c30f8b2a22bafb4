{% from "places.sql" import place %}
select
    {{ place("source_row_id") }} as example,
    'the campaign holds an @' as finding
from {{ batch }}
where campaign like '%@%'
