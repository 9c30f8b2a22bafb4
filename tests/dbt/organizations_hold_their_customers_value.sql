-- Months in which organisations are not worth, or do not risk, what their customers do.

with

organizations as (

    select * from {{ ref('fct_organization_value') }}

),

customer_value as (

    select * from {{ ref('fct_customer_value') }}

),

cvar as (

    select * from {{ ref('fct_cvar') }}

),

months as (

    select * from {{ ref('dim_months') }}

),

history as (

    select * from {{ ref('dim_customer_history') }}

),

of_organizations as (

    select
        month,
        sum(customers) as customers,
        sum(accrued_value) as accrued_value,
        sum(customer_value) as customer_value,
        sum(gross_cvar) as gross_cvar
    from organizations
    group by month

),

of_customers as (

    select
        customer_value.month,
        count(*) as customers,
        sum(customer_value.accrued_value) as accrued_value,
        sum(customer_value.customer_value) as customer_value,
        sum(cvar.gross_cvar) as gross_cvar
    from customer_value
    inner join cvar
        on
            customer_value.customer_id = cvar.customer_id
            and customer_value.month = cvar.month
    inner join history
        on
            customer_value.customer_id = history.customer_id
            and {{ is_valid_on('history', dbt.last_day('customer_value.month', 'month')) }}
    where history.organization_id is not null
    group by customer_value.month

)

select
    months.month,
    of_organizations.customer_value as organizations_value,
    of_customers.customer_value as customers_value
from months
left join of_organizations
    on months.month = of_organizations.month
left join of_customers
    on months.month = of_customers.month
where
    of_organizations.customers is distinct from of_customers.customers
    or of_organizations.accrued_value is distinct from of_customers.accrued_value
    or of_organizations.customer_value is distinct from of_customers.customer_value
    or of_organizations.gross_cvar is distinct from of_customers.gross_cvar
