select
    'cases' as example,
    count(*)
    || ' cases of '
    || max(enrollments.enrollments)
    || ' enrolments received by the last day' as finding
from {{ batch }}
cross join (
    select count(*) as enrollments
    from staging.stg_access__enrollments
    cross join intermediate.int_reporting_period
    where received_at < ends_before
) as enrollments
having count(*) <> max(enrollments.enrollments)
