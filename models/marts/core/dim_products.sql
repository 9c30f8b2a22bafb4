-- One row per product of the CRM's list.

with

products as (

    select * from {{ ref('int_products_ranked') }}

),

dim_products as (

    select
        product_id,
        product_name,
        product_type,
        ndc,
        launched_on,
        source_row_id
    from products

)

select * from dim_products
