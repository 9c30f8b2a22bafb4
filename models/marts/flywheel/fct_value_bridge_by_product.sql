-- One row per month, territory and product: what moved accrued value from the quarter before to the
-- one that ends with the month, each customer judged by this product alone.

with

customer_product_months as (

    select * from {{ ref('int_customer_product_months') }}

),

customers_versioned as (

    select * from {{ ref('int_customers_versioned') }}

),

quarters as (

    select
        customer_id,
        product_id,
        {{ value_bridge_quarters(['customer_id', 'product_id']) | indent(8) }}
    from customer_product_months

),

moved as (

    select
        quarters.month,
        coalesce(customers_versioned.territory, 'unassigned') as territory,
        quarters.product_id,
        quarters.accrued_value,
        quarters.opening,
        {{ value_bridge_standing(
            'quarters.opening', 'quarters.earlier_value'
        ) | indent(8) }} as standing,
        quarters.closing
    from quarters
    left join customers_versioned
        on
            quarters.customer_id = customers_versioned.customer_id
            and {{ is_valid_on('customers_versioned', 'quarters.month_ends_on') }}

),

fct_value_bridge_by_product as (

    select
        month,
        territory,
        product_id,
        {{ value_bridge_amounts() | indent(8) }}
    from moved
    group by month, territory, product_id

)

select * from fct_value_bridge_by_product
