-- One row per submitted call and person who attended it.

-- A group call has a row for the organisation and one for each attendee; a person may stand among
-- them twice, under one or several accounts that were merged since, and counts once.

with

calls as (

    select * from {{ ref('stg_crm__calls') }}

),

accounts_resolved as (

    select * from {{ ref('int_accounts_resolved') }}

),

call_details as (

    select * from {{ ref('stg_crm__call_details') }}

),

key_messages as (

    select * from {{ ref('stg_crm__key_messages') }}

),

-- A row on an account that is not delivered is taken for a person's unless the CRM calls it a
-- group or a business: the touch stays, without a customer.
attendances as (

    select
        calls.call_id,
        coalesce(calls.parent_call_id, calls.call_id) as group_call_id,
        coalesce(accounts_resolved.survivor_account_id, calls.account_id) as attendee_id,
        accounts_resolved.customer_id,
        calls.owner_staff_id,
        calls.channel,
        calls.occurred_at,
        calls.duration_minutes,
        calls.source_row_id
    from calls
    left join accounts_resolved
        on calls.account_id = accounts_resolved.account_id
    where
        calls.status = 'Submitted_vod'
        and coalesce(
            accounts_resolved.is_person,
            coalesce(calls.attendee_type, 'Person_Account_vod') = 'Person_Account_vod'
        )

),

ranked as (

    select
        *,
        row_number() over (
            partition by group_call_id, attendee_id
            order by occurred_at nulls last, call_id
        ) as attendance_rank
    from attendances

),

details_ranked as (

    select
        call_id,
        product_id,
        row_number() over (
            partition by call_id
            order by detail_priority nulls last, call_detail_id
        ) as detail_rank
    from call_details

),

first_details as (

    select
        call_id,
        product_id
    from details_ranked
    where detail_rank = 1

),

-- A reaction may be filed under the attendee's row or under the group call's.
reactions as (

    select distinct
        coalesce(calls.parent_call_id, calls.call_id) as group_call_id,
        coalesce(accounts_resolved.survivor_account_id, key_messages.account_id) as attendee_id
    from key_messages
    inner join calls
        on key_messages.call_id = calls.call_id
    left join accounts_resolved
        on key_messages.account_id = accounts_resolved.account_id
    where key_messages.reaction in ('Positive_vod', 'Negative_vod')

),

calls_attended as (

    select
        ranked.call_id,
        ranked.group_call_id,
        ranked.attendee_id as account_id,
        ranked.customer_id,
        ranked.owner_staff_id,
        ranked.channel,
        ranked.occurred_at,
        ranked.duration_minutes,
        first_details.product_id,
        reactions.attendee_id is not null as has_reaction,
        ranked.source_row_id
    from ranked
    left join first_details
        on ranked.call_id = first_details.call_id
    left join reactions
        on
            ranked.group_call_id = reactions.group_call_id
            and ranked.attendee_id = reactions.attendee_id
    where ranked.attendance_rank = 1

)

select * from calls_attended
