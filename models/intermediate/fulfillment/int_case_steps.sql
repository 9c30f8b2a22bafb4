-- One row per status event of a hub case: the step it begins, how long it lasts, who holds it.

with

case_statuses as (

    select * from {{ ref('stg_access__case_statuses') }}

),

cases as (

    select * from {{ ref('int_cases_resolved') }}

),

owner_standards as (

    select * from {{ ref('owner_standards') }}

),

reporting_period as (

    select * from {{ ref('int_reporting_period') }}

),

events as (

    select
        case_statuses.case_id,
        case_statuses.seq,
        case_statuses.sub_status,
        coalesce(case_statuses.sub_status, case_statuses.status, 'unspecified') as step,
        case_statuses.owner_org,
        case_statuses.status_at,
        case_statuses.source_row_id
    from case_statuses
    cross join reporting_period
    where case_statuses.status_at < reporting_period.ends_before

),

-- Before the join with the cases: narrow rows sort faster.
sequenced as (

    select
        *,
        lag(step) over events_of_case as previous_step,
        lag(owner_org) over events_of_case as previous_owner_org,
        lead(status_at) over events_of_case as next_status_at,
        row_number() over events_of_case as event_number
    from events
    window events_of_case as (partition by case_id order by status_at, seq)

),

-- Few are entered twice: finding those first is cheaper than numbering all by a second sort.
sub_statuses_repeated as (

    select
        case_id,
        sub_status,
        min(event_number) as first_event_number
    from sequenced
    where sub_status is not null
    group by case_id, sub_status
    having count(*) > 1

),

with_bounds as (

    select
        sequenced.*,
        cases.customer_id,
        cases.closed_at,
        {{ cut_off_at() }} as cut_off_at,
        case
            when sequenced.event_number = 1
                then least(cases.received_at, sequenced.status_at)
            else sequenced.status_at
        end as entered_at,
        cases.outcome = 'open' as is_open,
        coalesce(sequenced.previous_owner_org <> sequenced.owner_org, false) as is_handoff
    from sequenced
    inner join cases
        on sequenced.case_id = cases.case_id
    cross join reporting_period

),

with_leave as (

    select
        *,
        coalesce(next_status_at, case when closed_at >= entered_at then closed_at end) as left_at,
        -- What lasts beyond its standard has missed it, whether or not it has ended by now.
        coalesce(next_status_at, case when is_open then cut_off_at end) as answered_by
    from with_bounds

),

case_steps as (

    select
        with_leave.case_id,
        with_leave.seq,
        with_leave.customer_id,
        lower(with_leave.step) as step,
        with_leave.owner_org,
        with_leave.entered_at,
        with_leave.left_at,
        case
            when with_leave.left_at is not null
                then {{ elapsed_hours('with_leave.entered_at', 'with_leave.left_at') }}
            when with_leave.closed_at is null
                then {{ elapsed_hours('with_leave.entered_at', 'with_leave.cut_off_at') }}
        end as wait_hours,
        coalesce(
            with_leave.event_number > sub_statuses_repeated.first_event_number
            and with_leave.previous_step <> with_leave.sub_status,
            false
        ) as is_rework,
        with_leave.is_handoff,
        with_leave.is_handoff
        and coalesce(
            {{ elapsed_hours('with_leave.status_at', 'with_leave.answered_by') }}
            > owner_standards.standard_hours,
            false
        ) as is_high_risk_handoff,
        with_leave.source_row_id
    from with_leave
    left join owner_standards
        on with_leave.owner_org = owner_standards.owner_org
    left join sub_statuses_repeated
        on
            with_leave.case_id = sub_statuses_repeated.case_id
            and with_leave.sub_status = sub_statuses_repeated.sub_status

)

select * from case_steps
