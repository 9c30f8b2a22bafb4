-- One row per interaction of the company with a customer or an organisation, from all systems.

{% set no_text = 'cast(null as ' ~ dbt.type_string() ~ ')' -%}

with

calls as (

    select * from {{ ref('int_calls_attended') }}

),

staff as (

    select * from {{ ref('int_staff_mapped') }}

),

sent_emails as (

    select * from {{ ref('stg_crm__sent_emails') }}

),

event_attendees as (

    select * from {{ ref('stg_crm__event_attendees') }}

),

digital_activities as (

    select * from {{ ref('stg_crm__digital_activities') }}

),

inquiries as (

    select * from {{ ref('stg_crm__inquiries') }}

),

enrollments as (

    select * from {{ ref('stg_access__enrollments') }}

),

support_cases as (

    select * from {{ ref('stg_support__cases') }}

),

accounts_resolved as (

    select * from {{ ref('int_accounts_resolved') }}

),

npis_matched as (

    select * from {{ ref('int_npis_matched') }}

),

products as (

    select * from {{ ref('int_products_ranked') }}

),

ndcs_matched as (

    select * from {{ ref('int_ndcs_matched') }}

),

touch_costs as (

    select * from {{ ref('touch_costs') }}

),

reporting_period as (

    select * from {{ ref('int_reporting_period') }}

),

call_interactions as (

    select
        'call' as interaction_type,
        calls.call_id as source_record_id,
        calls.account_id,
        {{ no_text }} as npi,
        {{ no_text }} as ndc,
        calls.product_id,
        {{ no_text }} as campaign,
        staff.function,
        coalesce({{ field_term('calls.channel') }}, 'unspecified') as channel,
        'outbound' as direction,
        calls.has_reaction as is_two_way,
        calls.occurred_at,
        'crm' as source_system,
        calls.source_row_id
    from calls
    left join staff
        on calls.owner_staff_id = staff.staff_id

),

email_interactions as (

    select
        'email' as interaction_type,
        sent_email_id as source_record_id,
        account_id,
        {{ no_text }} as npi,
        {{ no_text }} as ndc,
        product_id,
        campaign,
        case when campaign is null then 'sales' else 'marketing' end as function,
        'email' as channel,
        'outbound' as direction,
        coalesce(is_clicked, false)
        and status not in ('Unsubscribed_vod', 'Marked_Spam_vod') as is_two_way,
        sent_at as occurred_at,
        'crm' as source_system,
        source_row_id
    from sent_emails
    where status in ('Delivered_vod', 'Sent_vod', 'Unsubscribed_vod', 'Marked_Spam_vod')

),

event_interactions as (

    select
        'event' as interaction_type,
        event_attendee_id as source_record_id,
        account_id,
        {{ no_text }} as npi,
        {{ no_text }} as ndc,
        {{ no_text }} as product_id,
        {{ no_text }} as campaign,
        'marketing' as function,
        'event' as channel,
        'outbound' as direction,
        true as is_two_way,
        event_starts_at as occurred_at,
        'crm' as source_system,
        source_row_id
    from event_attendees
    where status = 'Attended_vod'

),

-- What a rep presented in a call is that call, not a visit.
digital_interactions as (

    select
        'digital' as interaction_type,
        digital_activity_id as source_record_id,
        account_id,
        {{ no_text }} as npi,
        {{ no_text }} as ndc,
        {{ no_text }} as product_id,
        {{ no_text }} as campaign,
        'marketing' as function,
        'digital' as channel,
        'inbound' as direction,
        true as is_two_way,
        started_at as occurred_at,
        'crm' as source_system,
        source_row_id
    from digital_activities
    where call_id is null

),

-- A closed inquiry was submitted before; an extract without the status holds submitted ones only.
inquiry_interactions as (

    select
        'inquiry' as interaction_type,
        inquiry_id as source_record_id,
        account_id,
        {{ no_text }} as npi,
        {{ no_text }} as ndc,
        product_id,
        {{ no_text }} as campaign,
        'medical' as function,
        'inquiry' as channel,
        'inbound' as direction,
        true as is_two_way,
        submitted_at as occurred_at,
        'crm' as source_system,
        source_row_id
    from inquiries
    where coalesce(status, 'Submitted_vod') in ('Submitted_vod', 'Closed_vod')

),

enrollment_interactions as (

    select
        'enrollment' as interaction_type,
        case_id as source_record_id,
        {{ no_text }} as account_id,
        hcp_npi as npi,
        ndc,
        {{ no_text }} as product_id,
        {{ no_text }} as campaign,
        'access' as function,
        'hub_' || coalesce({{ field_term('referral_source') }}, 'unspecified') as channel,
        'inbound' as direction,
        true as is_two_way,
        received_at as occurred_at,
        'access' as source_system,
        source_row_id
    from enrollments

),

support_case_interactions as (

    select
        'support_case' as interaction_type,
        support_case_id as source_record_id,
        account_id,
        {{ no_text }} as npi,
        {{ no_text }} as ndc,
        {{ no_text }} as product_id,
        {{ no_text }} as campaign,
        'support' as function,
        coalesce({{ field_term('origin') }}, 'unspecified') as channel,
        'inbound' as direction,
        true as is_two_way,
        created_at as occurred_at,
        'support' as source_system,
        source_row_id
    from support_cases

),

all_interactions as (

    select * from call_interactions
    union all
    select * from email_interactions
    union all
    select * from event_interactions
    union all
    select * from digital_interactions
    union all
    select * from inquiry_interactions
    union all
    select * from enrollment_interactions
    union all
    select * from support_case_interactions

),

-- What has no readable time or lies after the end of the world has not happened yet.
interactions_unioned as (

    select
        all_interactions.interaction_type || ':' || all_interactions.source_record_id
            as interaction_id,
        all_interactions.interaction_type,
        all_interactions.source_record_id,
        coalesce(accounts_resolved.customer_id, npis_matched.customer_id) as customer_id,
        accounts_resolved.organization_id,
        coalesce(products.product_id, ndcs_matched.product_id) as product_id,
        all_interactions.campaign,
        all_interactions.function,
        all_interactions.channel,
        all_interactions.direction,
        all_interactions.is_two_way,
        case
            when all_interactions.direction = 'inbound' then cast(0 as {{ money_type() }})
            else cast(touch_costs.cost as {{ money_type() }})
        end as touch_cost,
        cast(touch_costs.customer_minutes as {{ dbt.type_bigint() }}) as customer_minutes,
        all_interactions.occurred_at,
        all_interactions.source_system,
        all_interactions.source_row_id
    from all_interactions
    cross join reporting_period
    left join accounts_resolved
        on all_interactions.account_id = accounts_resolved.account_id
    left join npis_matched
        on all_interactions.npi = npis_matched.npi
    left join products
        on all_interactions.product_id = products.product_id
    left join ndcs_matched
        on all_interactions.ndc = ndcs_matched.ndc
    left join touch_costs
        on
            all_interactions.function = touch_costs.function
            and all_interactions.channel = touch_costs.channel
    where all_interactions.occurred_at < reporting_period.ends_before

)

select * from interactions_unioned
