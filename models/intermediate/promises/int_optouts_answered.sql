-- One row per opt-out from e-mail: whether e-mails stopped.

-- The one promise that is kept by silence: it is broken by the first e-mail after a day's grace,
-- void by an opt-in that comes first, and kept once its standard has passed without either.

with

consents as (

    select * from {{ ref('stg_crm__consents') }}

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

promises as (

    select * from {{ ref('promises') }}

),

reporting_period as (

    select * from {{ ref('int_reporting_period') }}

),

captured as (

    select
        consents.consent_id,
        consents.opt_type,
        consents.captured_at,
        coalesce(accounts_resolved.survivor_account_id, consents.account_id) as person_id,
        accounts_resolved.customer_id,
        accounts_resolved.organization_id,
        consents.source_row_id
    from consents
    cross join reporting_period
    left join accounts_resolved
        on consents.account_id = accounts_resolved.account_id
    where
        consents.is_for_email
        and consents.captured_at < reporting_period.ends_before

),

emails as (

    select
        coalesce(accounts_resolved.survivor_account_id, sent_emails.account_id) as person_id,
        interactions.occurred_at as sent_at
    from interactions
    inner join sent_emails
        on interactions.source_record_id = sent_emails.sent_email_id
    left join accounts_resolved
        on sent_emails.account_id = accounts_resolved.account_id
    where interactions.interaction_type = 'email'

),

optouts as (

    select
        captured.*,
        promises.standard_hours,
        {{ dbt.dateadd(
            'hour', 'cast(promises.standard_hours as ' ~ dbt.type_int() ~ ')', 'captured.captured_at'
        ) }} as due_at
    from captured
    inner join promises
        on
            promises.promise_id = 'optout_honoured'
            and {{ is_valid_on('promises', 'captured.captured_at') }}
    where captured.opt_type = 'Opt_Out_vod'

),

next_opt_ins as (

    select
        optouts.consent_id,
        min(opt_ins.captured_at) as opted_in_at
    from optouts
    inner join captured as opt_ins
        on
            optouts.person_id = opt_ins.person_id
            and optouts.captured_at < opt_ins.captured_at
    where opt_ins.opt_type = 'Opt_In_vod'
    group by optouts.consent_id

),

breaches as (

    select
        optouts.consent_id,
        min(emails.sent_at) as breached_at
    from optouts
    inner join emails
        on
            optouts.person_id = emails.person_id
            and optouts.due_at >= emails.sent_at
    left join next_opt_ins
        on optouts.consent_id = next_opt_ins.consent_id
    where
        emails.sent_at > {{ dbt.dateadd('hour', var('optout_grace_hours'), 'optouts.captured_at') }}
        and coalesce(emails.sent_at < next_opt_ins.opted_in_at, true)
    group by optouts.consent_id

),

judged as (

    select
        optouts.*,
        breaches.breached_at,
        next_opt_ins.opted_in_at,
        case
            when breaches.breached_at is not null then 'broken'
            when next_opt_ins.opted_in_at < optouts.due_at then 'void'
            when optouts.due_at < reporting_period.ends_before then 'kept'
            else 'open'
        end as status
    from optouts
    cross join reporting_period
    left join breaches
        on optouts.consent_id = breaches.consent_id
    left join next_opt_ins
        on optouts.consent_id = next_opt_ins.consent_id

),

optouts_answered as (

    select
        'optout_honoured' as promise_id,
        consent_id as source_record_id,
        customer_id,
        organization_id,
        captured_at as started_at,
        due_at,
        case when status = 'kept' then due_at end as delivered_at,
        case when status = 'void' then opted_in_at end as voided_at,
        case
            when status = 'kept' then due_at
            when status = 'broken' then breached_at
        end as settled_at,
        status,
        standard_hours,
        source_row_id
    from judged

)

select * from optouts_answered
