-- One row per open hub case: how far it has come, who holds it, what was promised, and what is at
-- stake for its customer.

with

cases as (

    select * from {{ ref('int_cases_followed') }}

),

steps as (

    select * from {{ ref('int_case_steps') }}

),

promises as (

    select * from {{ ref('int_promises_settled') }}

),

barriers as (

    select * from {{ ref('int_barriers_followed') }}

),

assessed as (

    select * from {{ ref('int_cvar_assessed') }}

),

reporting_period as (

    select * from {{ ref('int_reporting_period') }}

),

open_cases as (

    select
        cases.*,
        {{ cut_off_at() }} as cut_off_at,
        reporting_period.last_month
    from cases
    cross join reporting_period
    where cases.outcome = 'open'

),

-- The promise to remove a barrier is made to the case that it stands in the way of.
case_promises as (

    select
        coalesce(promises.case_id, barriers.case_id) as case_id,
        promises.promise_id,
        promises.status,
        promises.due_at,
        promises.delivered_at
    from promises
    left join barriers
        on
            promises.promise_id = 'barrier_resolved'
            and promises.source_row_id = barriers.source_row_id
    where coalesce(promises.case_id, barriers.case_id) is not null

),

steps_ranked as (

    select
        *,
        row_number() over (
            partition by case_id
            order by entered_at desc, seq desc
        ) as rank_from_last
    from steps

),

last_steps as (

    select * from steps_ranked
    where rank_from_last = 1

),

promises_ranked as (

    select
        *,
        row_number() over (
            partition by case_id
            order by due_at, promise_id
        ) as due_rank
    from case_promises
    where status = 'open'

),

next_promises as (

    select * from promises_ranked
    where due_rank = 1

),

overdue_ranked as (

    select
        *,
        count(*) over (partition by case_id) as overdue_promises,
        row_number() over (
            partition by case_id
            order by due_at, promise_id
        ) as due_rank
    from case_promises
    where
        status = 'broken'
        and delivered_at is null

),

overdue as (

    select * from overdue_ranked
    where due_rank = 1

),

obstructed as (

    select distinct case_id
    from barriers
    where
        resolved_at is null
        and case_id is not null

),

joined as (

    select
        open_cases.case_id,
        open_cases.customer_id,
        open_cases.product_id,
        open_cases.territory,
        open_cases.case_type,
        case
            {% for milestone in start_milestones() | reverse -%}
            when open_cases.{{ milestone }}_at is not null then '{{ milestone }}'
            {% endfor -%}
        end as highest_milestone,
        last_steps.step as sub_status,
        last_steps.owner_org,
        {{ whole_days('open_cases.received_at', 'open_cases.cut_off_at') }} as days_open,
        {{ whole_days(
            'coalesce(last_steps.entered_at, open_cases.received_at)', 'open_cases.cut_off_at'
        ) }} as days_in_status,
        next_promises.promise_id as next_promise_id,
        next_promises.due_at as next_due_at,
        cast(coalesce(overdue.overdue_promises, 0) as {{ dbt.type_bigint() }})
            as overdue_promises,
        overdue.promise_id as oldest_overdue_promise_id,
        overdue.due_at as oldest_overdue_due_at,
        overdue.case_id is not null as is_overdue,
        obstructed.case_id is not null as has_open_barrier,
        cast(coalesce(assessed.recoverable_cvar, 0) as {{ money_type() }}) as recoverable_cvar,
        open_cases.received_at,
        last_steps.entered_at as entered_status_at,
        open_cases.source_row_id
    from open_cases
    left join last_steps
        on open_cases.case_id = last_steps.case_id
    left join next_promises
        on open_cases.case_id = next_promises.case_id
    left join overdue
        on open_cases.case_id = overdue.case_id
    left join obstructed
        on open_cases.case_id = obstructed.case_id
    left join assessed
        on
            open_cases.customer_id = assessed.customer_id
            and open_cases.last_month = assessed.month

),

fct_open_cases as (

    select
        case_id,
        customer_id,
        product_id,
        territory,
        case_type,
        highest_milestone,
        sub_status,
        owner_org,
        days_open,
        days_in_status,
        next_promise_id,
        next_due_at,
        overdue_promises,
        oldest_overdue_promise_id,
        oldest_overdue_due_at,
        is_overdue,
        has_open_barrier,
        recoverable_cvar,
        row_number() over (
            order by recoverable_cvar desc, is_overdue desc, days_in_status desc, case_id asc
        ) as work_rank,
        received_at,
        entered_status_at,
        source_row_id
    from joined

)

select * from fct_open_cases
