-- One row per obstacle to a patient start that the field identified.

with

barriers as (

    select * from {{ ref('int_barriers_followed') }}

),

fct_barriers as (

    select
        barrier_id,
        customer_id,
        organization_id,
        case_id,
        barrier_type,
        function,
        escalated_to,
        territory,
        resolution,
        value_unblocked,
        is_started_after_removal as started_after_removal,
        identified_at,
        escalated_at,
        resolved_at,
        source_row_id
    from barriers

)

select * from fct_barriers
