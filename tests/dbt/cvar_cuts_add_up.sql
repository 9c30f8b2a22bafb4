-- Cuts of gross CVAR add up to the whole of each month: the bridge's territories at their closing
-- and, of the month before, at their opening; specialties and segments on the month's last day.
{{ config(
    meta={'remedy': 'A customer stands in two territories at once or in none: look for overlapping '
        ~ 'versions in dim_customer_history, then correct models/intermediate/customers.'}
) }}
with

cvar as (

    select * from {{ ref('fct_cvar') }}

),

bridge as (

    select * from {{ ref('fct_cvar_bridge') }}

),

customer_history as (

    select * from {{ ref('dim_customer_history') }}

),

months as (

    select * from {{ ref('int_months') }}

),

totals as (

    select
        month,
        sum(gross_cvar) as gross_cvar
    from cvar
    where calibration_status <> 'uncalibrated'
    group by month

),

-- The bridge has the months whose previous one has a fit as well.
totals_paired as (

    select
        later.month,
        later.gross_cvar as closing,
        earlier.gross_cvar as opening
    from totals as later
    inner join totals as earlier
        on {{ dbt.dateadd('month', -1, 'later.month') }} = earlier.month

),

by_territory as (

    select
        month,
        sum(opening) as opening,
        sum(closing) as closing
    from bridge
    group by month

),

by_specialty_and_segment as (

    select
        cvar.month,
        customer_history.specialty,
        customer_history.segment,
        sum(cvar.gross_cvar) as gross_cvar
    from cvar
    inner join months
        on cvar.month = months.month
    inner join customer_history
        on
            cvar.customer_id = customer_history.customer_id
            and {{ is_valid_on('customer_history', 'months.last_day_on') }}
    where cvar.calibration_status <> 'uncalibrated'
    group by cvar.month, customer_history.specialty, customer_history.segment

),

cuts_added_up as (

    select
        month,
        sum(gross_cvar) as gross_cvar
    from by_specialty_and_segment
    group by month

),

compared as (

    select
        coalesce(totals_paired.month, by_territory.month) as month,
        'closing of the territories' as cut,
        totals_paired.closing as whole,
        by_territory.closing as parts
    from totals_paired
    full join by_territory
        on totals_paired.month = by_territory.month
    union all
    select
        coalesce(totals_paired.month, by_territory.month) as month,
        'opening of the territories' as cut,
        totals_paired.opening as whole,
        by_territory.opening as parts
    from totals_paired
    full join by_territory
        on totals_paired.month = by_territory.month
    union all
    select
        totals.month,
        'specialty and segment' as cut,
        totals.gross_cvar as whole,
        cuts_added_up.gross_cvar as parts
    from totals
    left join cuts_added_up
        on totals.month = cuts_added_up.month

)

select * from compared
where whole is distinct from parts
