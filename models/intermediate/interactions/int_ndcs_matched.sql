-- One row per NDC of the product list: the product it stands for.

with

products as (

    select * from {{ ref('int_products_ranked') }}

),

ndcs_matched as (

    select
        ndc,
        product_id
    from products
    where ndc_rank = 1

)

select * from ndcs_matched
