-- One row per field or inside staff member, without a name.

with

staff as (

    select * from {{ ref('int_staff_mapped') }}

),

dim_staff as (

    select
        staff_id,
        function,
        territory,
        is_active,
        source_row_id
    from staff

)

select * from dim_staff
