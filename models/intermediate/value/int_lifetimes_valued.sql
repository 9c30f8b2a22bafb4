-- One row per customer and month: margin so far, what winning the customer cost, and what history
-- adds.

with

valued as (

    select * from {{ ref('int_customer_months_valued') }}

),

covariates as (

    select * from {{ ref('int_cvar_covariates') }}

),

interactions as (

    select * from {{ ref('int_interactions_unioned') }}

),

fills as (

    select * from {{ ref('int_fills_resolved') }}

),

tenure_bands as (

    select * from {{ ref('tenure_bands') }}

),

months as (

    select * from {{ ref('int_months') }}

),

band_ranges as (

    select
        band,
        lowest_months,
        lead(lowest_months) over (order by lowest_months) as below_months
    from tenure_bands

),

first_fills as (

    select
        customer_id,
        min(shipped_on) as first_shipped_on
    from fills
    where customer_id is not null
    group by customer_id

),

-- A touch on the day of the first fill came too late to win it.
costs as (

    select
        interactions.customer_id,
        cast({{ dbt.date_trunc('month', 'interactions.occurred_at') }} as date) as month,
        sum(interactions.touch_cost) as touch_cost
    from interactions
    left join first_fills
        on interactions.customer_id = first_fills.customer_id
    where
        interactions.direction = 'outbound'
        and interactions.customer_id is not null
        and coalesce(interactions.occurred_at < first_fills.first_shipped_on, true)
    group by
        interactions.customer_id,
        cast({{ dbt.date_trunc('month', 'interactions.occurred_at') }} as date)

),

tenured as (

    select
        valued.customer_id,
        valued.month,
        valued.is_active,
        valued.margin_to_date,
        valued.margin_run_rate,
        band_ranges.band,
        sum(coalesce(costs.touch_cost, 0)) over (
            partition by valued.customer_id
            order by valued.month
            rows between unbounded preceding and current row
        ) as acquisition_cost
    from valued
    left join band_ranges
        on
            valued.months_since_first_accrual >= band_ranges.lowest_months
            and coalesce(valued.months_since_first_accrual < band_ranges.below_months, true)
    left join costs
        on
            valued.customer_id = costs.customer_id
            and valued.month = costs.month

),

retained as (

    select
        tenured.band,
        covariates.month,
        {% for quarter in [1, 2, 3, 4] -%}
        count(covariates.retained_share_{{ quarter }}) as count_{{ quarter }},
        sum(cast(covariates.retained_share_{{ quarter }} as {{ run_rate_type() }}))
            as sum_{{ quarter }},
        {% endfor -%}
        count(*) as customers
    from covariates
    inner join tenured
        on
            covariates.customer_id = tenured.customer_id
            and covariates.month = tenured.month
    group by tenured.band, covariates.month

),

retained_so_far as (

    select
        retained.band,
        months.month,
        {% for quarter in [1, 2, 3, 4] -%}
        cast(
            sum(
                case
                    when {{ dbt.dateadd('month', 3 * quarter, 'retained.month') }} <= months.month
                        then retained.sum_{{ quarter }}
                end
            ) as double
        ) / nullif(
            sum(
                case
                    when {{ dbt.dateadd('month', 3 * quarter, 'retained.month') }} <= months.month
                        then retained.count_{{ quarter }}
                end
            ), 0
        ) as share_{{ quarter }},
        {% endfor -%}
        count(*) as snapshots
    from months
    inner join retained
        on months.month > retained.month
    group by retained.band, months.month

),

lifetimes_known as (

    select
        band,
        month,
        {{ quarters_to_come() }} as quarters_to_come
    from retained_so_far
    where share_4 is not null

),

-- Nobody has been followed for as long as the oldest customers are here: they are taken for as
-- loyal as the longest band of which enough is known.
lifetimes as (

    select
        band_ranges.band,
        lifetimes_known.month,
        lifetimes_known.quarters_to_come,
        row_number() over (
            partition by band_ranges.band, lifetimes_known.month
            order by known_ranges.lowest_months desc
        ) as distance
    from lifetimes_known
    inner join band_ranges as known_ranges
        on lifetimes_known.band = known_ranges.band
    inner join band_ranges
        on known_ranges.lowest_months <= band_ranges.lowest_months

),

with_residual as (

    select
        tenured.customer_id,
        tenured.month,
        cast(tenured.margin_to_date as {{ money_type() }}) as margin_to_date,
        cast(tenured.acquisition_cost as {{ money_type() }}) as acquisition_cost,
        cast(
            case
                when tenured.is_active
                    then
                        3 * cast(tenured.margin_run_rate as double) * lifetimes.quarters_to_come
                else 0
            end as {{ money_type() }}
        ) as residual
    from tenured
    left join lifetimes
        on
            tenured.band = lifetimes.band
            and tenured.month = lifetimes.month
            and lifetimes.distance = 1

),

lifetimes_valued as (

    select
        customer_id,
        month,
        margin_to_date,
        acquisition_cost,
        residual,
        cast(margin_to_date - acquisition_cost + residual as {{ money_type() }}) as clv
    from with_residual

)

select * from lifetimes_valued
