-- One row per patient and product on therapy whose last approval ends soon: what has been done
-- about its renewal.

-- A patient may have several approvals, of one case or of several: only the one that ends last says
-- when therapy loses its cover.

with

enrollments as (

    select * from {{ ref('stg_access__enrollments') }}

),

cases as (

    select * from {{ ref('int_cases_followed') }}

),

prior_auths as (

    select * from {{ ref('int_prior_auths_chained') }}

),

case_statuses as (

    select * from {{ ref('stg_access__case_statuses') }}

),

fills as (

    select * from {{ ref('int_fills_resolved') }}

),

reporting_period as (

    select * from {{ ref('int_reporting_period') }}

),

patient_cases as (

    select
        cases.case_id,
        cases.customer_id,
        cases.product_id,
        cases.territory,
        cases.case_type,
        cases.outcome,
        enrollments.patient_key,
        coalesce(cases.product_id, enrollments.ndc) as therapy,
        cases.received_at
    from cases
    inner join enrollments
        on cases.case_id = enrollments.case_id
    where enrollments.patient_key is not null

),

requests as (

    select
        patient_cases.patient_key,
        patient_cases.therapy,
        patient_cases.case_id,
        patient_cases.customer_id,
        patient_cases.product_id,
        patient_cases.territory,
        prior_auths.prior_auth_id,
        prior_auths.chain_id,
        prior_auths.is_last_of_chain and prior_auths.is_granted as is_approval,
        prior_auths.authorization_ends_on,
        prior_auths.submitted_at,
        prior_auths.responded_at,
        prior_auths.source_row_id
    from patient_cases
    inner join prior_auths
        on patient_cases.case_id = prior_auths.case_id

),

approvals_ranked as (

    select
        *,
        row_number() over (
            partition by patient_key, therapy
            order by authorization_ends_on desc, submitted_at desc, prior_auth_id desc
        ) as approval_rank
    from requests
    where
        is_approval
        and authorization_ends_on is not null

),

ending_soon as (

    select
        approvals_ranked.*,
        reporting_period.as_of_date
    from approvals_ranked
    cross join reporting_period
    where
        approvals_ranked.approval_rank = 1
        and approvals_ranked.authorization_ends_on >= reporting_period.as_of_date
        and approvals_ranked.authorization_ends_on
        <= {{ dbt.dateadd(
            'day', var('reauthorization_window_days'), 'reporting_period.as_of_date'
        ) }}

),

supplies as (

    select
        patient_key,
        coalesce(product_id, ndc) as therapy,
        max(shipped_on) as last_shipped_on,
        max(
            cast(
                {{ dbt.dateadd(
                    'day', 'cast(days_supply as ' ~ dbt.type_int() ~ ')', 'shipped_on'
                ) }} as date
            )
        ) as supply_ends_on
    from fills
    where patient_key is not null
    group by patient_key, coalesce(product_id, ndc)

),

fills_ranked as (

    select
        patient_key,
        coalesce(product_id, ndc) as therapy,
        pharmacy_id,
        row_number() over (
            partition by patient_key, coalesce(product_id, ndc)
            order by shipped_on desc, fill_number desc nulls last, fill_id desc
        ) as rank_from_last
    from fills
    where patient_key is not null

),

last_fills as (

    select * from fills_ranked
    where rank_from_last = 1

),

statuses_ranked as (

    select
        patient_cases.patient_key,
        patient_cases.therapy,
        case_statuses.status,
        case_statuses.status_at,
        row_number() over (
            partition by patient_cases.patient_key, patient_cases.therapy
            order by
                case_statuses.status_at desc,
                case_statuses.seq desc,
                patient_cases.case_id desc
        ) as rank_from_last
    from patient_cases
    inner join case_statuses
        on patient_cases.case_id = case_statuses.case_id
    cross join reporting_period
    where case_statuses.status_at < reporting_period.ends_before

),

therapies_ended as (

    select * from statuses_ranked
    where
        rank_from_last = 1
        and status = 'DISCONTINUED'

),

on_therapy as (

    select
        ending_soon.*,
        last_fills.pharmacy_id,
        supplies.last_shipped_on,
        supplies.supply_ends_on
    from ending_soon
    inner join supplies
        on
            ending_soon.patient_key = supplies.patient_key
            and ending_soon.therapy = supplies.therapy
    inner join last_fills
        on
            ending_soon.patient_key = last_fills.patient_key
            and ending_soon.therapy = last_fills.therapy
    left join therapies_ended
        on
            ending_soon.patient_key = therapies_ended.patient_key
            and ending_soon.therapy = therapies_ended.therapy
            and supplies.last_shipped_on <= cast(therapies_ended.status_at as date)
    where
        therapies_ended.patient_key is null
        and {{ dbt.dateadd('day', var('grace_days'), 'supplies.supply_ends_on') }}
        >= ending_soon.as_of_date

),

-- Of a renewal that was refused, or closed without a fill, nothing is under way any more.
refused as (

    select chain_id
    from prior_auths
    where
        is_last_of_chain
        and is_decided
        and not is_granted

),

renewal_steps as (

    select
        patient_key,
        therapy,
        received_at as stepped_at
    from patient_cases
    where
        case_type = 'REAUTH'
        and outcome in ('open', 'started')
    union all
    select
        requests.patient_key,
        requests.therapy,
        requests.submitted_at as stepped_at
    from requests
    left join refused
        on requests.chain_id = refused.chain_id
    where refused.chain_id is null

),

renewals as (

    select
        on_therapy.prior_auth_id,
        min(renewal_steps.stepped_at) as renewal_started_at
    from on_therapy
    inner join renewal_steps
        on
            on_therapy.patient_key = renewal_steps.patient_key
            and on_therapy.therapy = renewal_steps.therapy
            and on_therapy.responded_at < renewal_steps.stepped_at
    group by on_therapy.prior_auth_id

),

reauthorizations_due as (

    select
        on_therapy.case_id,
        on_therapy.customer_id,
        on_therapy.product_id,
        on_therapy.territory,
        on_therapy.pharmacy_id,
        cast(
            {{ dbt.datediff(
                'on_therapy.as_of_date', 'on_therapy.authorization_ends_on', 'day'
            ) }} as {{ dbt.type_bigint() }}
        ) as days_left,
        renewals.prior_auth_id is not null as is_renewal_started,
        on_therapy.authorization_ends_on as approval_ends_on,
        on_therapy.last_shipped_on,
        on_therapy.supply_ends_on,
        on_therapy.responded_at as approved_at,
        renewals.renewal_started_at,
        on_therapy.source_row_id
    from on_therapy
    left join renewals
        on on_therapy.prior_auth_id = renewals.prior_auth_id

)

select * from reauthorizations_due
