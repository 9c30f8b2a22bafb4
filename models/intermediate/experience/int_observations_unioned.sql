-- One row per signal about how an experience felt: a settled promise, an answer, a reaction or what
-- was done with an e-mail.

-- q is counted in sixtieths: fourths, sixths and tenths are whole numbers then, and sums are exact.

{% set q_type = dbt.type_int() -%}

with

promises as (

    select * from {{ ref('int_promises_settled') }}

),

survey_responses as (

    select * from {{ ref('int_survey_responses_matched') }}

),

key_messages as (

    select * from {{ ref('stg_crm__key_messages') }}

),

calls as (

    select * from {{ ref('stg_crm__calls') }}

),

staff as (

    select * from {{ ref('int_staff_mapped') }}

),

sent_emails as (

    select * from {{ ref('stg_crm__sent_emails') }}

),

interactions as (

    select * from {{ ref('int_interactions_unioned') }}

),

accounts_resolved as (

    select * from {{ ref('int_accounts_resolved') }}

),

observation_weights as (

    select * from {{ ref('observation_weights') }}

),

reporting_period as (

    select * from {{ ref('int_reporting_period') }}

),

promise_observations as (

    select
        'promise' as kind,
        promise_instance_id as source_record_id,
        accountable as variant,
        customer_id,
        promise_id,
        channel_group,
        function,
        touchpoint,
        cast(case when status = 'kept' then 60 else 0 end as {{ q_type }}) as q_sixtieths,
        settled_at as observed_at,
        source_row_id
    from promises
    where status in ('kept', 'broken')

),

finished_surveys as (

    select
        *,
        lower(touchpoint) as survey_touchpoint,
        case
            when touchpoint in ('CALL', 'EVENT', 'RELATIONSHIP') then 'field'
            when touchpoint = 'EMAIL' then 'digital'
            when touchpoint in ('ENROLLMENT', 'DELIVERY') then 'access'
            when touchpoint = 'CASE' then 'support'
        end as channel_group,
        case
            when touchpoint = 'CALL' then 'sales'
            when touchpoint in ('EVENT', 'EMAIL') then 'marketing'
            when touchpoint in ('ENROLLMENT', 'DELIVERY') then 'access'
            when touchpoint = 'CASE' then 'support'
        end as function
    from survey_responses
    where is_finished

),

-- An answer off its scale says nothing.
answers as (

    {% for kind, q in [
        ('csat', 'case when csat between 1 and 5 then (csat - 1) * 15 end'),
        ('ces', 'case when ces between 1 and 7 then (ces - 1) * 10 end'),
        ('nps', 'case when nps between 0 and 10 then nps * 6 end'),
        (
            'emotion',
            "case emotion when 'Delighted' then 60 when 'Satisfied' then 45"
            ~ " when 'Neutral' then 30 when 'Frustrated' then 15 when 'Angry' then 0 end"
        ),
    ] -%}
    select
        '{{ kind }}' as kind,
        survey_response_id as source_record_id,
        customer_id,
        channel_group,
        function,
        survey_touchpoint as touchpoint,
        cast({{ q }} as {{ q_type }}) as q_sixtieths,
        recorded_at as observed_at,
        source_row_id
    from finished_surveys
    {% if not loop.last -%}
    union all
    {% endif -%}
    {% endfor %}
),

survey_observations as (

    select
        kind,
        source_record_id,
        cast(null as {{ dbt.type_string() }}) as variant,
        customer_id,
        cast(null as {{ dbt.type_string() }}) as promise_id,
        channel_group,
        function,
        touchpoint,
        q_sixtieths,
        observed_at,
        source_row_id
    from answers
    where q_sixtieths is not null

),

reaction_observations as (

    select
        'reaction' as kind,
        key_messages.key_message_id as source_record_id,
        cast(null as {{ dbt.type_string() }}) as variant,
        accounts_resolved.customer_id,
        cast(null as {{ dbt.type_string() }}) as promise_id,
        'field' as channel_group,
        staff.function,
        'call' as touchpoint,
        cast(
            case key_messages.reaction
                when 'Positive_vod' then 60
                when 'Neutral_vod' then 30
                when 'Negative_vod' then 0
            end as {{ q_type }}
        ) as q_sixtieths,
        calls.occurred_at as observed_at,
        key_messages.source_row_id
    from key_messages
    inner join calls
        on key_messages.call_id = calls.call_id
    cross join reporting_period
    left join staff
        on calls.owner_staff_id = staff.staff_id
    left join accounts_resolved
        on key_messages.account_id = accounts_resolved.account_id
    where
        calls.status = 'Submitted_vod'
        and calls.occurred_at < reporting_period.ends_before
        and key_messages.reaction in ('Positive_vod', 'Neutral_vod', 'Negative_vod')

),

-- Opens are made by mail proxies: only what a person did counts.
email_observations as (

    select
        'email' as kind,
        sent_emails.sent_email_id as source_record_id,
        case
            when sent_emails.status in ('Unsubscribed_vod', 'Marked_Spam_vod') then 'unwanted'
            else 'clicked'
        end as variant,
        interactions.customer_id,
        cast(null as {{ dbt.type_string() }}) as promise_id,
        'digital' as channel_group,
        interactions.function,
        'email' as touchpoint,
        cast(
            case
                when sent_emails.status in ('Unsubscribed_vod', 'Marked_Spam_vod') then 0
                else 60
            end as {{ q_type }}
        ) as q_sixtieths,
        coalesce(sent_emails.last_activity_at, sent_emails.sent_at) as observed_at,
        sent_emails.source_row_id
    from interactions
    inner join sent_emails
        on interactions.source_record_id = sent_emails.sent_email_id
    cross join reporting_period
    where
        interactions.interaction_type = 'email'
        and (
            sent_emails.status in ('Unsubscribed_vod', 'Marked_Spam_vod')
            or coalesce(sent_emails.is_clicked, false)
        )
        and coalesce(sent_emails.last_activity_at, sent_emails.sent_at)
        < reporting_period.ends_before

),

all_observations as (

    select * from promise_observations
    union all
    select * from survey_observations
    union all
    select * from reaction_observations
    union all
    select * from email_observations

),

observations_unioned as (

    select
        all_observations.kind || ':' || all_observations.source_record_id as observation_id,
        all_observations.customer_id,
        all_observations.promise_id,
        all_observations.kind,
        all_observations.channel_group,
        all_observations.function,
        all_observations.touchpoint,
        all_observations.q_sixtieths,
        observation_weights.weight,
        all_observations.observed_at,
        all_observations.source_row_id
    from all_observations
    left join observation_weights
        on
            all_observations.kind = observation_weights.kind
            and coalesce(all_observations.variant, '') = coalesce(observation_weights.variant, '')

)

select * from observations_unioned
