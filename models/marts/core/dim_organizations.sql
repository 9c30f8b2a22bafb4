-- One row per organisation (hospital, group practice), as known today.

with

organizations as (

    select * from {{ ref('int_organizations_unified') }}

),

customers as (

    select * from {{ ref('int_customers_unified') }}

),

customer_counts as (

    select
        organization_id,
        count(*) as customer_count
    from customers
    where organization_id is not null
    group by organization_id

),

dim_organizations as (

    select
        organizations.organization_id,
        organizations.organization_name,
        organizations.territory,
        organizations.state,
        organizations.parent_organization_id,
        coalesce(customer_counts.customer_count, 0) as customer_count,
        organizations.source_row_id
    from organizations
    left join customer_counts
        on organizations.organization_id = customer_counts.organization_id

)

select * from dim_organizations
