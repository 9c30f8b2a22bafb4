-- One row per customer and month, from the customer's twelfth month on: in how many of the trailing
-- twelve months the customer answered, and how much of marketing's touches the busiest three hold.

{% set window_months = var('continuity_window_months') -%}
with

profiles as (

    select * from {{ ref('int_customer_months_profiled') }}

),

touch_months as (

    select * from {{ ref('int_customer_touch_months') }}

),

generated_series as (

    {{ dbt.generate_series(window_months) | indent }}

),

-- The panel has no gaps, so that frames of rows are frames of months.
windows as (

    select
        profiles.customer_id,
        profiles.month,
        profiles.specialty,
        profiles.segment,
        profiles.territory,
        profiles.state,
        row_number() over (
            partition by profiles.customer_id
            order by profiles.month
        ) as customer_month_number,
        sum(case when touch_months.two_way_interactions > 0 then 1 else 0 end) over (
            partition by profiles.customer_id
            order by profiles.month
            rows between {{ window_months - 1 }} preceding and current row
        ) as engaged_months,
        sum(coalesce(touch_months.marketing_touches, 0)) over (
            partition by profiles.customer_id
            order by profiles.month
            rows between {{ window_months - 1 }} preceding and current row
        ) as marketing_touches
    from profiles
    left join touch_months
        on
            profiles.customer_id = touch_months.customer_id
            and profiles.month = touch_months.month

),

-- Only months with touches can be busy ones: joining these, and not all months, to the windows they
-- lie in keeps the work small.
busy_months as (

    select
        touch_months.customer_id,
        cast(
            {{ dbt.dateadd(
                'month',
                'cast(generated_series.generated_number - 1 as ' ~ dbt.type_int() ~ ')',
                'touch_months.month'
            ) }} as date
        ) as month,
        touch_months.month as touch_month,
        touch_months.marketing_touches
    from touch_months
    cross join generated_series
    where touch_months.marketing_touches > 0

),

busy_months_ranked as (

    select
        customer_id,
        month,
        marketing_touches,
        row_number() over (
            partition by customer_id, month
            order by marketing_touches desc, touch_month desc
        ) as busyness_rank
    from busy_months

),

busiest_months as (

    select
        customer_id,
        month,
        sum(marketing_touches) as busiest_marketing_touches
    from busy_months_ranked
    where busyness_rank <= {{ var('launch_and_leave_busiest_months') }}
    group by customer_id, month

),

fct_engagement_continuity as (

    select
        windows.customer_id,
        windows.month,
        windows.specialty,
        windows.segment,
        windows.territory,
        windows.state,
        cast(windows.engaged_months as {{ dbt.type_bigint() }}) as engaged_months,
        cast(windows.engaged_months as double) / {{ window_months }} as continuity,
        cast(windows.marketing_touches as {{ dbt.type_bigint() }}) as marketing_touches,
        cast(coalesce(busiest_months.busiest_marketing_touches, 0) as {{ dbt.type_bigint() }})
            as busiest_marketing_touches,
        case
            when windows.marketing_touches >= {{ var('launch_and_leave_min_touches') }}
                then
                    cast(busiest_months.busiest_marketing_touches as double)
                    / windows.marketing_touches
        end as launch_and_leave
    from windows
    left join busiest_months
        on
            windows.customer_id = busiest_months.customer_id
            and windows.month = busiest_months.month
    where windows.customer_month_number >= {{ window_months }}

)

select * from fct_engagement_continuity
