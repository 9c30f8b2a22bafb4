-- One row per customer and month, from the month of the customer's first event to the last month.

with

customer_months as (

    select * from {{ ref('int_customer_months') }}

),

accrued as (

    select * from {{ ref('int_customer_months_accrued') }}

),

starts as (

    select * from {{ ref('int_starts_spaced') }}

),

months_with_value as (

    select
        customer_months.customer_id,
        customer_months.month,
        customer_months.next_month,
        coalesce(accrued.accrued_value, 0) as accrued_value,
        starts.month as start_month
    from customer_months
    left join accrued
        on
            customer_months.customer_id = accrued.customer_id
            and customer_months.month = accrued.month
    left join starts
        on
            customer_months.customer_id = starts.customer_id
            and customer_months.month = starts.month

),

-- The panel has no gaps, so that frames of rows are frames of months.
windows as (

    select
        customer_id,
        month,
        next_month,
        accrued_value,
        sum(accrued_value) over (
            partition by customer_id
            order by month
            rows between {{ var('realized_window_months') - 1 }} preceding and current row
        ) as realized_value,
        sum(accrued_value) over (
            partition by customer_id
            order by month
            rows between {{ var('run_rate_window_months') - 1 }} preceding and current row
        ) as run_rate_window_value,
        sum(accrued_value) over (
            partition by customer_id
            order by month
            rows between {{ var('active_window_months') - 1 }} preceding and current row
        ) as active_window_value,
        sum(accrued_value) over (
            partition by customer_id
            order by month
            rows between 1 following and {{ var('lapse_window_months') }} following
        ) as lapse_window_value,
        count(*) over (
            partition by customer_id
            order by month
            rows between 1 following and {{ var('lapse_window_months') }} following
        ) as lapse_window_known_months,
        min(case when accrued_value > 0 then month end) over (
            partition by customer_id
            order by month
            rows between unbounded preceding and current row
        ) as first_accrual_month,
        max(start_month) over (
            partition by customer_id
            order by month
            rows between unbounded preceding and current row
        ) as last_start_month
    from months_with_value

),

windows_with_starts as (

    select
        windows.*,
        cast({{ dbt.dateadd('day', -1, 'windows.next_month') }} as date) as month_ends_on,
        starts.last_started_on,
        starts.median_gap_days
    from windows
    left join starts
        on
            windows.customer_id = starts.customer_id
            and windows.last_start_month = starts.month

),

fct_customer_value as (

    select
        customer_id,
        month,
        cast(accrued_value as {{ money_type() }}) as accrued_value,
        cast(realized_value as {{ money_type() }}) as realized_value,
        cast(
            case
                when first_accrual_month is null then 0
                else
                    cast(run_rate_window_value as double)
                    / least(
                        {{ var('run_rate_window_months') }},
                        {{ dbt.datediff(
                            'first_accrual_month', 'month', 'month'
                        ) }} + 1
                    )
            end as {{ run_rate_type() }}
        ) as run_rate,
        active_window_value > 0 as is_active,
        case
            when active_window_value <= 0 then false
            when lapse_window_known_months = {{ var('lapse_window_months') }}
                then lapse_window_value <= 0
        end as lapsed,
        {{ is_writer_silent('last_started_on', 'median_gap_days', 'month_ends_on') }}
            as is_writer_silent
    from windows_with_starts

)

select * from fct_customer_value
