-- One row per product of the CRM's list, and its rank among the products that carry its NDC.

-- Brand rows come first: an NDC may also be carried by a detailing topic of the same drug.

with

products as (

    select * from {{ ref('stg_crm__products') }}

),

products_ranked as (

    select
        product_id,
        product_name,
        product_type,
        ndc,
        case
            when ndc is not null then row_number() over (
                partition by ndc
                order by
                    case when product_type = 'Brand' then 0 else 1 end asc,
                    modified_at desc nulls last,
                    product_id asc
            )
        end as ndc_rank,
        launched_on,
        source_row_id
    from products

)

select * from products_ranked
