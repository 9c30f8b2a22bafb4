-- One row per month and decile of customers, known for a year, by the outbound touches of the
-- trailing twelve months: what was spent on them, and how many starts came of it.

{% set window_months = var('touch_window_months') -%}
{% set deciles = var('touch_deciles') -%}
with

customer_months as (

    select * from {{ ref('int_customer_months') }}

),

touch_months as (

    select * from {{ ref('int_customer_touch_months') }}

),

fills as (

    select * from {{ ref('int_fills_resolved') }}

),

start_months as (

    select
        customer_id,
        cast({{ dbt.date_trunc('month', 'shipped_on') }} as date) as month,
        count(*) as starts
    from fills
    where
        customer_id is not null
        and is_start
    group by customer_id, cast({{ dbt.date_trunc('month', 'shipped_on') }} as date)

),

-- The panel has no gaps, so that frames of rows are frames of months.
windows as (

    select
        customer_months.month,
        row_number() over (
            partition by customer_months.customer_id
            order by customer_months.month
        ) as customer_month_number,
        sum(coalesce(touch_months.outbound_touches, 0)) over trailing_months as touches,
        sum(coalesce(touch_months.touch_cost, 0)) over trailing_months as touch_cost,
        sum(coalesce(start_months.starts, 0)) over trailing_months as starts
    from customer_months
    left join touch_months
        on
            customer_months.customer_id = touch_months.customer_id
            and customer_months.month = touch_months.month
    left join start_months
        on
            customer_months.customer_id = start_months.customer_id
            and customer_months.month = start_months.month
    window trailing_months as (
        partition by customer_months.customer_id
        order by customer_months.month
        rows between {{ window_months - 1 }} preceding and current row
    )

),

-- A newcomer's few touches mean a short time and not a light hand.
ranked as (

    select
        *,
        rank() over (
            partition by month
            order by touches
        ) as touches_rank,
        count(*) over (partition by month) as customers
    from windows
    where customer_month_number >= {{ window_months }}

),

-- Customers with the same number of touches share a decile, so that one may be missing.
in_deciles as (

    select
        month,
        1 + {{ integer_divide(deciles ~ ' * (touches_rank - 1)', 'customers') }} as decile,
        touches,
        touch_cost,
        starts
    from ranked

),

fct_diminishing_returns as (

    select
        month,
        cast(decile as {{ dbt.type_bigint() }}) as decile,
        count(*) as customers,
        cast(sum(touches) as {{ dbt.type_bigint() }}) as touches,
        cast(min(touches) as {{ dbt.type_bigint() }}) as fewest_touches,
        cast(max(touches) as {{ dbt.type_bigint() }}) as most_touches,
        cast(sum(starts) as {{ dbt.type_bigint() }}) as starts,
        cast(100 * sum(starts) as double) / count(*) as starts_per_100_customers,
        cast(sum(touch_cost) as {{ money_type() }}) as touch_cost
    from in_deciles
    group by month, decile

)

select * from fct_diminishing_returns
