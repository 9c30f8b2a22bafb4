-- The steps of a case follow each other without a gap, from its receipt to its closing. A case that
-- closed before its last step began is covered: that step has no end.
with

journeys as (

    select * from {{ ref('fct_fulfillment_journeys') }}

),

steps as (

    select * from {{ ref('fct_fulfillment_steps') }}

),

steps_in_order as (

    select
        *,
        lag(entered_at) over steps_of_case as previous_entered_at,
        lead(entered_at) over steps_of_case as next_entered_at
    from steps
    window steps_of_case as (partition by case_id order by entered_at, seq)

)

select
    steps_in_order.case_id,
    steps_in_order.seq,
    steps_in_order.entered_at,
    steps_in_order.left_at,
    steps_in_order.next_entered_at,
    journeys.received_at,
    journeys.closed_at
from steps_in_order
inner join journeys
    on steps_in_order.case_id = journeys.case_id
where
    (
        steps_in_order.previous_entered_at is null
        and steps_in_order.entered_at > journeys.received_at
    )
    or steps_in_order.left_at is distinct from coalesce(
        steps_in_order.next_entered_at,
        case
            when journeys.closed_at >= steps_in_order.entered_at then journeys.closed_at
        end
    )
