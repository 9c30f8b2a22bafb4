-- Months and territories whose bridges by product do not add up to the bridge of whole customers:
-- headings may differ, quarters may not.

with

bridges as (

    select
        month,
        territory,
        accrued_value,
        opening,
        closing
    from {{ ref('fct_value_bridge') }}

),

product_bridges as (

    select
        month,
        territory,
        sum(accrued_value) as accrued_value,
        sum(opening) as opening,
        sum(closing) as closing
    from {{ ref('fct_value_bridge_by_product') }}
    group by month, territory

)

-- Where no customer ever had a fill there is a bridge of nothing, and none by product.
select
    coalesce(bridges.month, product_bridges.month) as month,
    coalesce(bridges.territory, product_bridges.territory) as territory,
    bridges.accrued_value,
    product_bridges.accrued_value as product_accrued_value,
    bridges.opening,
    product_bridges.opening as product_opening,
    bridges.closing,
    product_bridges.closing as product_closing
from bridges
full join product_bridges
    on
        bridges.month = product_bridges.month
        and bridges.territory = product_bridges.territory
where
    bridges.month is null
    or bridges.accrued_value <> coalesce(product_bridges.accrued_value, 0)
    or bridges.opening <> coalesce(product_bridges.opening, 0)
    or bridges.closing <> coalesce(product_bridges.closing, 0)
