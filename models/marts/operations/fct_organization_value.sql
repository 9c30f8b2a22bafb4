-- One row per organisation and month of the panel with a customer: what its customers are worth,
-- and whether starts that one of them lost were only moved to another.

{% set window_months = var('active_window_months') -%}
{# Who was on therapy when the extracts begin seems to start then: these months are no past. -#}
{% set first_compared = 2 * window_months + var('calibration_skipped_months') -%}
with

valued as (

    select * from {{ ref('int_customer_months_valued') }}

),

customers_versioned as (

    select * from {{ ref('int_customers_versioned') }}

),

pipeline as (

    select * from {{ ref('int_pipeline_valued') }}

),

cvar as (

    select * from {{ ref('int_cvar_assessed') }}

),

fills as (

    select * from {{ ref('int_fills_resolved') }}

),

months as (

    select * from {{ ref('int_months') }}

),

start_months as (

    select
        customer_id,
        cast({{ dbt.date_trunc('month', 'shipped_on') }} as date) as month,
        count(*) as starts
    from fills
    where
        is_start
        and customer_id is not null
    group by customer_id, cast({{ dbt.date_trunc('month', 'shipped_on') }} as date)

),

customer_months as (

    select
        valued.customer_id,
        valued.month,
        valued.month_ends_on,
        valued.accrued_value,
        valued.is_active,
        valued.realized_value
        + cast(
            case
                when valued.is_active
                    then {{ forward_value('valued.run_rate') }}
                else 0
            end as {{ money_type() }}
        )
        + coalesce(pipeline.pipeline_value, 0) as customer_value,
        cvar.gross_cvar,
        coalesce(start_months.starts, 0) as starts
    from valued
    left join pipeline
        on
            valued.customer_id = pipeline.customer_id
            and valued.month = pipeline.month
    left join cvar
        on
            valued.customer_id = cvar.customer_id
            and valued.month = cvar.month
    left join start_months
        on
            valued.customer_id = start_months.customer_id
            and valued.month = start_months.month

),

-- The panel has no gaps, so that frames of rows are frames of months; before it there is no start.
windows as (

    select
        *,
        sum(starts) over (
            partition by customer_id
            order by month
            rows between {{ window_months - 1 }} preceding and current row
        ) as window_starts,
        coalesce(
            sum(starts) over (
                partition by customer_id
                order by month
                rows between {{ 2 * window_months - 1 }} preceding
                and {{ window_months }} preceding
            ),
            0
        ) as earlier_starts
    from customer_months

),

-- Whoever leaves an organisation takes all starts along: no start is lost by a change of employer.
organization_months as (

    select
        customers_versioned.organization_id,
        windows.month,
        count(*) as customers,
        count(case when windows.is_active then 1 end) as active_customers,
        count(case when windows.window_starts > 0 then 1 end) as writers,
        sum(windows.starts) as starts,
        sum(windows.accrued_value) as accrued_value,
        sum(windows.customer_value) as customer_value,
        sum(windows.gross_cvar) as gross_cvar,
        sum(greatest(windows.window_starts - windows.earlier_starts, 0)) as starts_gained,
        sum(greatest(windows.earlier_starts - windows.window_starts, 0)) as starts_lost
    from windows
    inner join customers_versioned
        on
            windows.customer_id = customers_versioned.customer_id
            and {{ is_valid_on('customers_versioned', 'windows.month_ends_on') }}
    where customers_versioned.organization_id is not null
    group by customers_versioned.organization_id, windows.month

),

fct_organization_value as (

    select
        organization_months.organization_id,
        organization_months.month,
        cast(organization_months.customers as {{ dbt.type_bigint() }}) as customers,
        cast(organization_months.active_customers as {{ dbt.type_bigint() }}) as active_customers,
        cast(organization_months.writers as {{ dbt.type_bigint() }}) as writers,
        cast(organization_months.starts as {{ dbt.type_bigint() }}) as starts,
        cast(organization_months.accrued_value as {{ money_type() }}) as accrued_value,
        cast(organization_months.customer_value as {{ money_type() }}) as customer_value,
        cast(organization_months.gross_cvar as {{ money_type() }}) as gross_cvar,
        {% for measure, formula in {
            'starts_gained': 'organization_months.starts_gained',
            'starts_lost': 'organization_months.starts_lost',
            'starts_moved':
                'least(organization_months.starts_gained, organization_months.starts_lost)',
        }.items() -%}
        cast(
            case
                when months.month_number >= {{ first_compared }}
                    then {{ formula }}
            end as {{ dbt.type_bigint() }}
        ) as {{ measure }},
        {% endfor -%}
        cast(
            case
                when months.month_number >= {{ first_compared }}
                    then
                        greatest(
                            organization_months.starts_lost - organization_months.starts_gained, 0
                        )
            end as {{ dbt.type_bigint() }}
        ) as net_starts_lost
    from organization_months
    inner join months
        on organization_months.month = months.month

)

select * from fct_organization_value
