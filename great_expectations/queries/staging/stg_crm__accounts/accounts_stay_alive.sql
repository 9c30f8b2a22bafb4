{% from "places.sql" import is_judged %}
with counted as (
    select
        count(*) as accounts,
        count(*) filter (where is_deleted and {{ is_judged("source_row_id") }}) as newly_gone
    from {{ batch }}
)

select
    'accounts' as example,
    newly_gone || ' of ' || accounts || ' accounts were deleted by the newest deliveries' as finding
from counted
where newly_gone > 5 and newly_gone > 0.05 * accounts
