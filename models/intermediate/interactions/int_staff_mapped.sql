-- One row per field or inside staff member: the function the person acts for.

with

staff as (

    select * from {{ ref('stg_crm__staff') }}

),

staff_mapped as (

    select
        staff_id,
        {{ field_term('user_type') }} as function,
        territory,
        coalesce(is_active, false) as is_active,
        source_row_id
    from staff

)

select * from staff_mapped
