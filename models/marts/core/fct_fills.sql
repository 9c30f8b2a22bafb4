-- One row per paid, unreversed fill.

with

fills as (

    select * from {{ ref('int_fills_resolved') }}

),

fct_fills as (

    select
        fill_id,
        customer_id,
        case_id,
        product_id,
        shipped_on,
        delivered_on,
        pharmacy_id,
        payer_type,
        dispense_type,
        quantity,
        days_supply,
        net_value,
        margin,
        fill_number,
        is_start,
        is_first_fill_of_case,
        source_row_id
    from fills

)

select * from fct_fills
