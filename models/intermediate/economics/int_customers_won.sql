-- One row per customer and month in which the customer was won, for the first time or back.

with

valued as (

    select * from {{ ref('int_customer_months_valued') }}

),

profiled as (

    select * from {{ ref('int_customer_months_profiled') }}

),

fills as (

    select * from {{ ref('int_fills_resolved') }}

),

interactions as (

    select * from {{ ref('int_interactions_unioned') }}

),

months as (

    select * from {{ ref('int_months') }}

),

-- Who bought where the extracts begin had been won before they do.
winning_months as (

    select
        month,
        month_number,
        max(month) over () as last_month
    from months

),

fill_months as (

    select
        customer_id,
        cast({{ dbt.date_trunc('month', 'shipped_on') }} as date) as month,
        min(shipped_on) as first_shipped_on,
        row_number() over (
            partition by customer_id
            order by min(shipped_on)
        ) as fill_month_number
    from fills
    where customer_id is not null
    group by customer_id, cast({{ dbt.date_trunc('month', 'shipped_on') }} as date)

),

-- Margin to date less what there was before the month is what accrues from the month on.
standing as (

    select
        customer_id,
        month,
        accrued_value,
        coalesce(
            lag(margin_to_date) over (
                partition by customer_id
                order by month
            ),
            0
        ) as earlier_margin,
        max(case when accrued_value > 0 then month end) over (
            partition by customer_id
            order by month
            rows between unbounded preceding and 1 preceding
        ) as last_value_month
    from valued

),

classified as (

    select
        standing.customer_id,
        standing.month,
        standing.earlier_margin,
        winning_months.last_month,
        fill_months.first_shipped_on,
        cast({{ dbt.dateadd('month', 1, 'standing.last_value_month') }} as date) as lost_since,
        case
            when fill_months.fill_month_number = 1 then 'new'
            when
                standing.accrued_value > 0
                and {{ dbt.datediff(
                    'standing.last_value_month', 'standing.month', 'month'
                ) }} > {{ var('active_window_months') }}
                then 'reactivated'
        end as kind
    from standing
    inner join winning_months
        on
            standing.month = winning_months.month
            and winning_months.month_number > {{ var('calibration_skipped_months') }}
    left join fill_months
        on
            standing.customer_id = fill_months.customer_id
            and standing.month = fill_months.month

),

-- Of whom was won back without a fill, value of the past had still to accrue: nothing that was done
-- in the month has brought it.
efforts as (

    select
        customer_id,
        month,
        kind,
        earlier_margin,
        last_month,
        case when kind = 'reactivated' then lost_since end as spent_since,
        coalesce(first_shipped_on, month) as won_on
    from classified
    where kind is not null

),

-- A touch on the day of the fill came too late to win it.
costs as (

    select
        efforts.customer_id,
        efforts.month,
        sum(interactions.touch_cost) as touch_cost
    from efforts
    inner join interactions
        on
            efforts.customer_id = interactions.customer_id
            and efforts.won_on > interactions.occurred_at
            and coalesce(efforts.spent_since <= interactions.occurred_at, true)
    where interactions.direction = 'outbound'
    group by efforts.customer_id, efforts.month

),

won as (

    select
        efforts.customer_id,
        efforts.month,
        efforts.kind,
        efforts.earlier_margin,
        efforts.last_month,
        cast(coalesce(costs.touch_cost, 0) as {{ money_type() }}) as acquisition_cost
    from efforts
    left join costs
        on
            efforts.customer_id = costs.customer_id
            and efforts.month = costs.month

),

break_evens as (

    select
        won.customer_id,
        won.month,
        min(valued.month) as break_even_month
    from won
    inner join valued
        on
            won.customer_id = valued.customer_id
            and won.month <= valued.month
    where valued.margin_to_date - won.earlier_margin >= won.acquisition_cost
    group by won.customer_id, won.month

),

with_break_even as (

    select
        won.customer_id,
        won.month,
        won.kind,
        profiled.territory,
        won.acquisition_cost,
        break_evens.break_even_month,
        {{ dbt.datediff(
            'won.month', 'break_evens.break_even_month', 'month'
        ) }} + 1 as months_to_break_even,
        {{ dbt.datediff(
            'won.month', 'won.last_month', 'month'
        ) }} + 1 >= {{ var('break_even_window_months') }} as is_break_even_decided
    from won
    left join profiled
        on
            won.customer_id = profiled.customer_id
            and won.month = profiled.month
    left join break_evens
        on
            won.customer_id = break_evens.customer_id
            and won.month = break_evens.month

),

customers_won as (

    select
        customer_id,
        month,
        kind,
        territory,
        acquisition_cost,
        break_even_month,
        cast(months_to_break_even as {{ dbt.type_bigint() }}) as months_to_break_even,
        is_break_even_decided,
        case
            when is_break_even_decided
                then
                    coalesce(
                        months_to_break_even <= {{ var('break_even_window_months') }}, false
                    )
        end as is_broken_even
    from with_break_even

)

select * from customers_won
