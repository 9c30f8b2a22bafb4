-- One row per month and territory: what moved accrued value from the quarter before to the one that
-- ends with the month. Customers stand in the territory they have at its end.

with

valued as (

    select * from {{ ref('int_customer_months_valued') }}

),

customers_versioned as (

    select * from {{ ref('int_customers_versioned') }}

),

quarters as (

    select
        customer_id,
        {{ value_bridge_quarters(['customer_id']) | indent(8) }}
    from valued

),

moved as (

    select
        quarters.month,
        coalesce(customers_versioned.territory, 'unassigned') as territory,
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

fct_value_bridge as (

    select
        month,
        territory,
        {{ value_bridge_amounts() | indent(8) }}
    from moved
    group by month, territory

)

select * from fct_value_bridge
