-- One row per customer and range of days in which the customer's attributes did not change.

-- Ranges are half open: valid_from <= day < valid_to. The first version known is valid from the
-- beginning, because a customer does not come into being with our first delivery.

with

customers as (

    select * from {{ ref('int_customers_unified') }}

),

account_versions as (

    select * from {{ ref('stg_crm__account_versions') }}

),

accounts_resolved as (

    select * from {{ ref('int_accounts_resolved') }}

),

versions as (

    select
        customers.customer_id,
        account_versions.specialty,
        account_versions.segment,
        {{ first_listed('account_versions.territories') }} as territory,
        account_versions.state,
        parents.organization_id,
        coalesce(account_versions.is_pdrp_opt_out, false) as is_pdrp_opt_out,
        cast(account_versions.modified_at as date) as modified_on,
        account_versions.version_rank,
        row_number() over (
            partition by customers.customer_id, cast(account_versions.modified_at as date)
            order by account_versions.version_rank
        ) as rank_of_day
    from customers
    inner join account_versions
        on customers.customer_id = account_versions.account_id
    left join accounts_resolved as parents
        on account_versions.parent_account_id = parents.account_id

),

-- A version whose stamp cannot be read has no place in time. It ranks last, and stands only where
-- there is no other.
dated_versions as (

    select
        *,
        row_number() over (
            partition by customer_id
            order by version_rank desc
        ) as version_number,
        {{ dbt.hash(dbt.concat([
            "coalesce(specialty, '')", "'|'",
            "coalesce(segment, '')", "'|'",
            "coalesce(territory, '')", "'|'",
            "coalesce(state, '')", "'|'",
            "coalesce(organization_id, '')", "'|'",
            "case when is_pdrp_opt_out then 'y' else 'n' end",
        ])) }} as attributes_hash
    from versions
    where
        rank_of_day = 1
        and (modified_on is not null or version_rank = 1)

),

changes as (

    select
        *,
        lag(attributes_hash) over (
            partition by customer_id
            order by version_number
        ) as previous_attributes_hash
    from dated_versions

),

ranges as (

    select
        customer_id,
        specialty,
        segment,
        territory,
        state,
        organization_id,
        is_pdrp_opt_out,
        case
            when version_number = 1 then date '1900-01-01'
            else modified_on
        end as valid_from
    from changes
    where
        version_number = 1
        or attributes_hash <> previous_attributes_hash

),

inferred_ranges as (

    select
        customer_id,
        specialty,
        segment,
        territory,
        state,
        organization_id,
        is_pdrp_opt_out,
        date '1900-01-01' as valid_from
    from customers
    where is_inferred

),

all_ranges as (

    select * from ranges
    union all
    select * from inferred_ranges

),

customers_versioned as (

    select
        customer_id,
        valid_from,
        coalesce(
            lead(valid_from) over (
                partition by customer_id
                order by valid_from
            ),
            date '9999-12-31'
        ) as valid_to,
        specialty,
        segment,
        territory,
        state,
        organization_id,
        is_pdrp_opt_out
    from all_ranges

)

select * from customers_versioned
