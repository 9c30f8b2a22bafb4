-- One row per NPI that an account or a hub or pharmacy row of the period names: whom it stands for.

with

accounts as (

    select * from {{ ref('stg_crm__accounts') }}

),

accounts_resolved as (

    select * from {{ ref('int_accounts_resolved') }}

),

enrollments as (

    select * from {{ ref('stg_access__enrollments') }}

),

dispenses as (

    select * from {{ ref('stg_access__dispenses') }}

),

reporting_period as (

    select * from {{ ref('int_reporting_period') }}

),

-- A live account comes before one that was merged away; among equals the one modified last.
claims_to_npi as (

    select
        accounts.npi,
        accounts_resolved.customer_id,
        row_number() over (
            partition by accounts.npi
            order by
                accounts_resolved.is_merged asc,
                accounts.modified_at desc nulls last,
                accounts.account_id asc
        ) as claim_rank,
        sum(case when accounts_resolved.is_merged then 0 else 1 end) over (
            partition by accounts.npi
        ) as live_accounts
    from accounts
    inner join accounts_resolved
        on accounts.account_id = accounts_resolved.account_id
    where
        accounts.npi is not null
        and accounts_resolved.customer_id is not null

),

delivered_npis as (

    select enrollments.hcp_npi as npi
    from enrollments
    cross join reporting_period
    where enrollments.received_at < reporting_period.ends_before
    union distinct
    select dispenses.prescriber_npi as npi
    from dispenses
    cross join reporting_period
    where dispenses.transaction_at < reporting_period.ends_before

),

-- No shipment is lost: an NPI that no account has makes a customer of its own.
inferred as (

    select
        delivered_npis.npi,
        'npi:' || delivered_npis.npi as customer_id,
        true as is_inferred,
        0 as live_accounts
    from delivered_npis
    left join claims_to_npi
        on delivered_npis.npi = claims_to_npi.npi
    where
        delivered_npis.npi is not null
        and claims_to_npi.npi is null

),

matched as (

    select
        npi,
        customer_id,
        false as is_inferred,
        live_accounts
    from claims_to_npi
    where claim_rank = 1

),

npis_matched as (

    select * from matched
    union all
    select * from inferred

)

select * from npis_matched
