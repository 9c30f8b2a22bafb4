-- One row per unit (function, channel group or territory) and month in which promises of it
-- settled: whether its kept rate moved by more than chance, and differs from the other units.

{% set run_length = var('signal_run_months') -%}
with

promises as (

    select * from {{ ref('int_promises_settled') }}

),

reporting_period as (

    select * from {{ ref('int_reporting_period') }}

),

settled as (

    select
        promises.function,
        promises.channel_group,
        promises.territory,
        promises.status,
        cast({{ dbt.date_trunc('month', 'promises.settled_at') }} as date) as month
    from promises
    cross join reporting_period
    where
        promises.status in ('kept', 'broken')
        and {{ dbt.date_trunc('month', 'promises.settled_at') }} <= reporting_period.last_month

),

unit_months as (

    {% for unit_type in ['function', 'channel_group', 'territory'] -%}
    select
        '{{ unit_type }}' as unit_type,
        {{ unit_type }} as unit,
        month,
        count(*) as n,
        count(*) filter (where status = 'kept') as kept
    from settled
    where {{ unit_type }} is not null
    group by {{ unit_type }}, month
    {% if not loop.last -%}
    union all
    {% endif -%}
    {% endfor %}
),

rated as (

    select
        *,
        cast(kept as double) / n as kept_rate,
        cast(sum(kept) over (partition by unit_type, month) as double)
        / sum(n) over (partition by unit_type, month) as pooled_rate
    from unit_months

),

moved as (

    select
        *,
        abs(
            kept_rate - lag(kept_rate) over (
                partition by unit_type, unit
                order by month
            )
        ) as moving_range
    from rated

),

-- What a month is judged by is what was known before it.
based as (

    select
        *,
        count(*) over earlier_months as earlier_count,
        avg(kept_rate) over earlier_months as earlier_mean,
        avg(moving_range) over earlier_months as earlier_moving_range,
        min(kept_rate) over run_of_months as run_lowest,
        max(kept_rate) over run_of_months as run_highest
    from moved
    window
        earlier_months as (
            partition by unit_type, unit
            order by month
            rows between unbounded preceding and 1 preceding
        ),
        run_of_months as (
            partition by unit_type, unit
            order by month
            rows between {{ run_length - 1 }} preceding and current row
        )

),

limited as (

    select
        *,
        case when earlier_count >= {{ var('baseline_min_months') }} then earlier_mean end as mean,
        case
            when earlier_count >= {{ var('baseline_min_months') }}
                then {{ xmr_limit('earlier_mean', 'earlier_moving_range', -1) }}
        end as lower,
        case
            when earlier_count >= {{ var('baseline_min_months') }}
                then {{ xmr_limit('earlier_mean', 'earlier_moving_range', 1) }}
        end as upper,
        {{ funnel_limit('pooled_rate', 'n', var('confidence_z'), -1) }} as funnel_lower,
        {{ funnel_limit('pooled_rate', 'n', var('confidence_z'), 1) }} as funnel_upper,
        {{ funnel_limit('pooled_rate', 'n', 3.090232306167813, -1) }} as funnel_lower_998,
        {{ funnel_limit('pooled_rate', 'n', 3.090232306167813, 1) }} as funnel_upper_998
    from based

),

-- The tolerance keeps a rate that lies on a limit from passing it by rounding.
fct_variability_signals as (

    select
        unit_type,
        unit,
        month,
        n,
        kept,
        kept_rate,
        mean,
        lower,
        upper,
        case
            when mean is null then null
            when kept_rate < lower - 1e-12 then 'below'
            when kept_rate > upper + 1e-12 then 'above'
            when earlier_count < {{ run_length - 1 }} then 'none'
            when run_highest < mean - 1e-12 then 'run_below'
            when run_lowest > mean + 1e-12 then 'run_above'
            else 'none'
        end as signal,
        funnel_lower,
        funnel_upper,
        funnel_lower_998,
        funnel_upper_998,
        case
            when kept_rate < funnel_lower_998 - 1e-12 then 'below'
            when kept_rate > funnel_upper_998 + 1e-12 then 'above'
            when kept_rate < funnel_lower - 1e-12 then 'low'
            when kept_rate > funnel_upper + 1e-12 then 'high'
            else 'within'
        end as funnel_position
    from limited

)

select * from fct_variability_signals
