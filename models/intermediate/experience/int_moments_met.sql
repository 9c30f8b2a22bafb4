-- One row per brand-defining moment of a known customer: when a relationship was put to the test.

with

cases as (

    select * from {{ ref('int_cases_followed') }}

),

prior_auths as (

    select * from {{ ref('int_prior_auths_chained') }}

),

support_cases as (

    select * from {{ ref('stg_support__cases') }}

),

interactions as (

    select * from {{ ref('int_interactions_unioned') }}

),

barriers as (

    select * from {{ ref('int_barriers_followed') }}

),

promises as (

    select * from {{ ref('int_promises_settled') }}

),

denials as (

    select
        'pa_denial' as moment,
        prior_auths.prior_auth_id as source_record_id,
        cases.customer_id,
        prior_auths.responded_at as occurred_at,
        prior_auths.source_row_id
    from prior_auths
    inner join cases
        on prior_auths.case_id = cases.case_id
    where prior_auths.result = 'denied'

),

first_shipments as (

    select
        'first_shipment' as moment,
        case_id as source_record_id,
        customer_id,
        {{ first_instant('first_shipped_on') }} as occurred_at,
        source_row_id
    from cases
    where first_shipped_on is not null

),

support_moments as (

    select
        case
            when support_cases.case_type = 'Complaint' then 'complaint'
            else 'adverse_event_report'
        end as moment,
        support_cases.support_case_id as source_record_id,
        interactions.customer_id,
        interactions.occurred_at,
        support_cases.source_row_id
    from interactions
    inner join support_cases
        on interactions.source_record_id = support_cases.support_case_id
    where
        interactions.interaction_type = 'support_case'
        and support_cases.case_type in ('Complaint', 'Adverse Event')

),

inquiries as (

    select
        'first_inquiry' as moment,
        source_record_id,
        customer_id,
        occurred_at,
        source_row_id,
        row_number() over (
            partition by customer_id
            order by occurred_at, source_record_id
        ) as inquiry_rank
    from interactions
    where interaction_type = 'inquiry'

),

first_inquiries as (

    select
        moment,
        source_record_id,
        customer_id,
        occurred_at,
        source_row_id
    from inquiries
    where inquiry_rank = 1

),

escalations as (

    select
        'barrier_escalation' as moment,
        barrier_id as source_record_id,
        customer_id,
        escalated_at as occurred_at,
        source_row_id
    from barriers
    where escalated_at is not null

),

-- At the same instant a call comes before the promise that breaks: it could not answer for it yet.
calls_and_breaches as (

    select
        customer_id,
        occurred_at as happened_at,
        1 as order_of_instant,
        min(source_record_id) as source_record_id
    from interactions
    where interaction_type = 'call'
    group by customer_id, occurred_at
    union all
    select
        customer_id,
        settled_at as happened_at,
        2 as order_of_instant,
        cast(null as {{ dbt.type_string() }}) as source_record_id
    from promises
    where status = 'broken'

),

in_sequence as (

    select
        *,
        lag(order_of_instant) over (
            partition by customer_id
            order by happened_at, order_of_instant
        ) as previous_order_of_instant
    from calls_and_breaches
    where customer_id is not null

),

calls as (

    select
        source_record_id,
        source_row_id
    from interactions
    where interaction_type = 'call'

),

first_calls as (

    select
        'first_call_after_broken_promise' as moment,
        in_sequence.source_record_id,
        in_sequence.customer_id,
        in_sequence.happened_at as occurred_at,
        calls.source_row_id
    from in_sequence
    inner join calls
        on in_sequence.source_record_id = calls.source_record_id
    where
        in_sequence.order_of_instant = 1
        and in_sequence.previous_order_of_instant = 2

),

all_moments as (

    select * from denials
    union all
    select * from first_shipments
    union all
    select * from support_moments
    union all
    select * from first_inquiries
    union all
    select * from escalations
    union all
    select * from first_calls

),

moments_met as (

    select
        moment || ':' || source_record_id as moment_id,
        moment,
        customer_id,
        occurred_at,
        source_row_id
    from all_moments
    where customer_id is not null

)

select * from moments_met
