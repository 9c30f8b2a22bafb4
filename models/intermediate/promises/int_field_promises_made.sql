-- One row per promise of field, medical and marketing that has a time to keep: an inquiry's answer,
-- a barrier's removal, a call on a detractor.

{% set no_text = 'cast(null as ' ~ dbt.type_string() ~ ')' -%}
{% set no_time = 'cast(null as ' ~ dbt.type_timestamp() ~ ')' -%}

with

inquiries as (

    select * from {{ ref('stg_crm__inquiries') }}

),

interactions as (

    select * from {{ ref('int_interactions_unioned') }}

),

barriers as (

    select * from {{ ref('int_barriers_followed') }}

),

survey_responses as (

    select * from {{ ref('int_survey_responses_matched') }}

),

reporting_period as (

    select * from {{ ref('int_reporting_period') }}

),

inquiry_interactions as (

    select
        source_record_id,
        customer_id,
        organization_id,
        occurred_at,
        source_row_id
    from interactions
    where interaction_type = 'inquiry'

),

calls as (

    select
        customer_id,
        occurred_at
    from interactions
    where
        interaction_type = 'call'
        and customer_id is not null

),

detractors as (

    select
        survey_response_id,
        customer_id,
        recorded_at,
        source_row_id
    from survey_responses
    where
        nps between 0 and 6
        and customer_id is not null

),

follow_ups as (

    select
        detractors.survey_response_id,
        min(calls.occurred_at) as called_at
    from detractors
    inner join calls
        on
            detractors.customer_id = calls.customer_id
            and detractors.recorded_at < calls.occurred_at
    group by detractors.survey_response_id

),

field_promises_made as (

    select
        'inquiry_response' as promise_id,
        inquiry_interactions.source_record_id,
        inquiry_interactions.customer_id,
        inquiry_interactions.organization_id,
        {{ no_text }} as case_id,
        {{ no_text }} as priority,
        inquiry_interactions.occurred_at as started_at,
        {{ if_happened('inquiries.fulfilled_at') }} as delivered_at,
        {{ no_time }} as withdrawn_at,
        inquiry_interactions.source_row_id
    from inquiry_interactions
    inner join inquiries
        on inquiry_interactions.source_record_id = inquiries.inquiry_id
    cross join reporting_period
    union all
    select
        'barrier_resolved' as promise_id,
        barrier_id as source_record_id,
        customer_id,
        organization_id,
        {{ no_text }} as case_id,
        {{ no_text }} as priority,
        identified_at as started_at,
        case when resolution = 'removed' then resolved_at end as delivered_at,
        case when resolution = 'withdrawn' then resolved_at end as withdrawn_at,
        source_row_id
    from barriers
    union all
    select
        'detractor_follow_up' as promise_id,
        detractors.survey_response_id as source_record_id,
        detractors.customer_id,
        {{ no_text }} as organization_id,
        {{ no_text }} as case_id,
        {{ no_text }} as priority,
        detractors.recorded_at as started_at,
        follow_ups.called_at as delivered_at,
        {{ no_time }} as withdrawn_at,
        detractors.source_row_id
    from detractors
    left join follow_ups
        on detractors.survey_response_id = follow_ups.survey_response_id

)

select * from field_promises_made
