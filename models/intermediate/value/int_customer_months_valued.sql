-- One row per customer and month, from the month of the customer's first event to the last month.

{% set quarters = [1, 2, 3, 4] -%}
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

fills as (

    select * from {{ ref('int_fills_resolved') }}

),

fill_months as (

    select
        customer_id,
        cast({{ dbt.date_trunc('month', 'shipped_on') }} as date) as month,
        count(*) as fills
    from fills
    where customer_id is not null
    group by customer_id, cast({{ dbt.date_trunc('month', 'shipped_on') }} as date)

),

months_with_value as (

    select
        customer_months.customer_id,
        customer_months.month,
        customer_months.next_month,
        coalesce(accrued.accrued_value, 0) as accrued_value,
        coalesce(accrued.accrued_margin, 0) as accrued_margin,
        coalesce(accrued.last_day_value, 0) as last_day_value,
        coalesce(accrued.active_patients, 0) as active_patients,
        coalesce(accrued.medicaid_patients, 0) as medicaid_patients,
        coalesce(accrued.medicare_d_patients, 0) as medicare_d_patients,
        coalesce(fill_months.fills, 0) as fills,
        case when fill_months.fills > 0 then customer_months.month end as fill_month,
        starts.month as start_month
    from customer_months
    left join accrued
        on
            customer_months.customer_id = accrued.customer_id
            and customer_months.month = accrued.month
    left join fill_months
        on
            customer_months.customer_id = fill_months.customer_id
            and customer_months.month = fill_months.month
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
        last_day_value,
        active_patients,
        medicaid_patients,
        medicare_d_patients,
        sum(accrued_value) over (
            partition by customer_id
            order by month
            rows between {{ var('realized_window_months') - 1 }} preceding and current row
        ) as realized_value,
        sum(fills) over (
            partition by customer_id
            order by month
            rows between {{ var('realized_window_months') - 1 }} preceding and current row
        ) as realized_window_fills,
        sum(accrued_value) over (
            partition by customer_id
            order by month
            rows between {{ var('run_rate_window_months') - 1 }} preceding and current row
        ) as run_rate_window_value,
        sum(accrued_margin) over (
            partition by customer_id
            order by month
            rows between {{ var('run_rate_window_months') - 1 }} preceding and current row
        ) as run_rate_window_margin,
        sum(accrued_value) over (
            partition by customer_id
            order by month
            rows between {{ var('active_window_months') - 1 }} preceding and current row
        ) as active_window_value,
        sum(fills) over (
            partition by customer_id
            order by month
            rows between {{ var('active_window_months') - 1 }} preceding and current row
        ) as active_window_fills,
        {% for quarter in quarters -%}
        case
            when
                count(*) over (
                    partition by customer_id
                    order by month
                    rows between current row and {{ 3 * quarter }} following
                ) = {{ 3 * quarter + 1 }}
                then
                    sum(accrued_value) over (
                        partition by customer_id
                        order by month
                        rows between {{ 3 * quarter - 2 }} following and {{ 3 * quarter }} following
                    )
        end as quarter_{{ quarter }}_value,
        {% endfor -%}
        sum(accrued_margin) over (
            partition by customer_id
            order by month
            rows between unbounded preceding and current row
        ) as margin_to_date,
        count(case when accrued_value > 0 then month end) over (
            partition by customer_id
            order by month
            rows between unbounded preceding and current row
        ) as accrual_months,
        min(case when accrued_value > 0 then month end) over (
            partition by customer_id
            order by month
            rows between unbounded preceding and current row
        ) as first_accrual_month,
        max(fill_month) over (
            partition by customer_id
            order by month
            rows between unbounded preceding and current row
        ) as last_fill_month,
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
        starts.median_gap_days,
        least(
            {{ var('run_rate_window_months') }},
            {{ dbt.datediff(
                'windows.first_accrual_month', 'windows.month', 'month'
            ) }} + 1
        ) as rated_months
    from windows
    left join starts
        on
            windows.customer_id = starts.customer_id
            and windows.last_start_month = starts.month

),

customer_months_valued as (

    select
        customer_id,
        month,
        month_ends_on,
        cast(accrued_value as {{ money_type() }}) as accrued_value,
        cast(last_day_value as {{ money_type() }}) as last_day_value,
        cast(realized_value as {{ money_type() }}) as realized_value,
        cast(
            case
                when first_accrual_month is null then 0
                else cast(run_rate_window_value as double) / rated_months
            end as {{ run_rate_type() }}
        ) as run_rate,
        cast(
            case
                when first_accrual_month is null then 0
                else cast(run_rate_window_margin as double) / rated_months
            end as {{ run_rate_type() }}
        ) as margin_run_rate,
        cast(margin_to_date as {{ money_type() }}) as margin_to_date,
        cast(active_window_value as {{ money_type() }}) as active_window_value,
        {% for quarter in quarters -%}
        cast(quarter_{{ quarter }}_value as {{ money_type() }}) as quarter_{{ quarter }}_value,
        {% endfor -%}
        cast(active_patients as {{ dbt.type_bigint() }}) as active_patients,
        cast(medicaid_patients as {{ dbt.type_bigint() }}) as medicaid_patients,
        cast(medicare_d_patients as {{ dbt.type_bigint() }}) as medicare_d_patients,
        cast(active_window_fills as {{ dbt.type_bigint() }}) as active_window_fills,
        cast(realized_window_fills as {{ dbt.type_bigint() }}) as realized_window_fills,
        accrual_months,
        {{ dbt.datediff(
            'first_accrual_month', 'month', 'month'
        ) }} as months_since_first_accrual,
        {{ dbt.datediff(
            'last_fill_month', 'month', 'month'
        ) }} as months_since_last_fill,
        {{ dbt.datediff(
            'last_start_month', 'month', 'month'
        ) }} as months_since_last_start,
        active_window_value > 0 as is_active,
        case
            when active_window_value <= 0 then false
            else quarter_1_value <= 0
        end as lapsed,
        {{ is_writer_silent('last_started_on', 'median_gap_days', 'month_ends_on') }}
            as is_writer_silent
    from windows_with_starts

)

select * from customer_months_valued
