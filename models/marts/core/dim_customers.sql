-- One row per customer, as known today.

with

customers as (

    select * from {{ ref('int_customers_unified') }}

),

customers_first_seen as (

    select * from {{ ref('int_customers_first_seen') }}

),

dim_customers as (

    select
        customers.customer_id,
        customers.npi,
        customers.customer_name,
        customers.is_inferred,
        customers.credentials,
        customers.specialty,
        customers.segment,
        customers.territory,
        customers.territories,
        customers.state,
        customers.organization_id,
        customers.is_key_opinion_leader,
        customers.is_pdrp_opt_out,
        least(
            coalesce(cast(customers.created_at as date), customers_first_seen.first_event_on),
            coalesce(customers_first_seen.first_event_on, cast(customers.created_at as date))
        ) as first_seen_on,
        customers.source_row_id
    from customers
    left join customers_first_seen
        on customers.customer_id = customers_first_seen.customer_id

)

select * from dim_customers
