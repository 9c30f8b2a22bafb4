-- One row per promise to a customer: when it was made and due, and what became of it.

with

promises as (

    select * from {{ ref('int_promises_settled') }}

),

fct_promises as (

    select
        promise_instance_id,
        promise_id,
        customer_id,
        organization_id,
        case_id,
        touchpoint,
        channel_group,
        function,
        accountable,
        clock,
        territory,
        priority,
        status,
        standard_hours,
        promise_ratio,
        started_at,
        due_at,
        delivered_at,
        voided_at,
        settled_at,
        source_row_id
    from promises

)

select * from fct_promises
