with counted as (
    select
        (select count(*) from {{ batch }}) as cases,
        (
            select count(*)
            from staging.stg_access__enrollments as enrollments
            cross join intermediate.int_reporting_period as period
            where enrollments.received_at < period.ends_before
        ) as enrollments
)

select
    'cases' as example,
    cases || ' cases of ' || enrollments || ' enrolments received by the last day' as finding
from counted
where cases <> enrollments
