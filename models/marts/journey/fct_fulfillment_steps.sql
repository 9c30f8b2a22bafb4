-- One row per status event of a hub case: the step it begins, how long it lasts, who holds it.

with

case_steps as (

    select * from {{ ref('int_case_steps') }}

),

fct_fulfillment_steps as (

    select
        case_id,
        seq,
        customer_id,
        step,
        owner_org,
        wait_hours,
        is_rework,
        is_handoff,
        is_high_risk_handoff,
        entered_at,
        left_at,
        source_row_id
    from case_steps

)

select * from fct_fulfillment_steps
