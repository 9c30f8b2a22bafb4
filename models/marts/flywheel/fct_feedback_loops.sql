-- One row per detractor's answer to a survey: whether it was answered and acted on, and what the
-- customer says the next time.

with

survey_responses as (

    select * from {{ ref('int_survey_responses_matched') }}

),

promises as (

    select * from {{ ref('int_promises_settled') }}

),

interactions as (

    select * from {{ ref('int_interactions_unioned') }}

),

barriers as (

    select * from {{ ref('int_barriers_followed') }}

),

customers_versioned as (

    select * from {{ ref('int_customers_versioned') }}

),

reporting_period as (

    select * from {{ ref('int_reporting_period') }}

),

-- An answer off its scale says nothing, so neither is it a detractor's nor the next one.
answers as (

    select
        survey_response_id,
        customer_id,
        touchpoint,
        nps,
        recorded_at,
        lead(recorded_at) over (
            partition by customer_id
            order by recorded_at, survey_response_id
        ) as next_responded_at,
        lead(nps) over (
            partition by customer_id
            order by recorded_at, survey_response_id
        ) as next_nps,
        source_row_id
    from survey_responses
    where
        is_finished
        and nps between 0 and 10
        and customer_id is not null

),

detractors as (

    select
        answers.*,
        {{ dbt.dateadd('day', var('feedback_action_days'), 'answers.recorded_at') }}
            as action_due_at,
        {{ dbt.dateadd('day', var('feedback_action_days'), 'answers.recorded_at') }}
        <= reporting_period.ends_before as is_action_due
    from answers
    cross join reporting_period
    where answers.nps <= 6

),

actions as (

    select
        customer_id,
        identified_at as opened_at
    from barriers
    union all
    select
        customer_id,
        occurred_at as opened_at
    from interactions
    where interaction_type in ('support_case', 'enrollment')

),

detractors_acted_on as (

    select distinct detractors.survey_response_id
    from detractors
    inner join actions
        on
            detractors.customer_id = actions.customer_id
            and detractors.recorded_at < actions.opened_at
            and detractors.action_due_at >= actions.opened_at

),

follow_ups as (

    select * from promises
    where promise_id = 'detractor_follow_up'

),

-- Before its days are over, an answer that was acted on would count and one that was not would
-- not: the latest share would always be too high.
fct_feedback_loops as (

    select
        detractors.survey_response_id,
        detractors.customer_id,
        customers_versioned.territory,
        lower(detractors.touchpoint) as touchpoint,
        cast(detractors.nps as {{ dbt.type_bigint() }}) as nps,
        detractors.recorded_at,
        follow_ups.status as promise_status,
        follow_ups.delivered_at as answered_at,
        case
            when follow_ups.status = 'kept' then true
            when follow_ups.status = 'broken' then false
        end as is_answered_in_time,
        case
            when detractors.is_action_due then detractors_acted_on.survey_response_id is not null
        end as is_acted_on,
        detractors.next_responded_at,
        cast(detractors.next_nps as {{ dbt.type_bigint() }}) as next_nps,
        cast(detractors.next_nps - detractors.nps as {{ dbt.type_bigint() }}) as nps_change,
        detractors.source_row_id
    from detractors
    left join detractors_acted_on
        on detractors.survey_response_id = detractors_acted_on.survey_response_id
    left join follow_ups
        on
            'detractor_follow_up:' || detractors.survey_response_id
            = follow_ups.promise_instance_id
    left join customers_versioned
        on
            detractors.customer_id = customers_versioned.customer_id
            and {{ is_valid_on('customers_versioned', 'detractors.recorded_at') }}

)

select * from fct_feedback_loops
