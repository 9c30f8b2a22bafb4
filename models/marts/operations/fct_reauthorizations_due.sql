-- One row per hub case whose patient is on therapy and soon without the payer's approval: how many
-- days are left, and whether its renewal is under way.

with

reauthorizations as (

    select * from {{ ref('int_reauthorizations_due') }}

),

assessed as (

    select * from {{ ref('int_cvar_assessed') }}

),

reporting_period as (

    select * from {{ ref('int_reporting_period') }}

),

fct_reauthorizations_due as (

    select
        reauthorizations.case_id,
        reauthorizations.customer_id,
        reauthorizations.product_id,
        reauthorizations.territory,
        reauthorizations.pharmacy_id,
        reauthorizations.approval_ends_on,
        reauthorizations.days_left,
        reauthorizations.last_shipped_on,
        reauthorizations.supply_ends_on,
        reauthorizations.is_renewal_started,
        reauthorizations.renewal_started_at,
        cast(coalesce(assessed.recoverable_cvar, 0) as {{ money_type() }}) as recoverable_cvar,
        reauthorizations.approved_at,
        reauthorizations.source_row_id
    from reauthorizations
    cross join reporting_period
    left join assessed
        on
            reauthorizations.customer_id = assessed.customer_id
            and reporting_period.last_month = assessed.month

)

select * from fct_reauthorizations_due
