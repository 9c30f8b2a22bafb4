-- One row per month, component of relationship health and outcome: by how much customers with the
-- best scores then did differently from like customers with the worst.

{% set components = health_components() + ['health'] -%}
{% set outcomes = ['retention', 'growth'] -%}
{% set quintiles = var('link_quintiles') -%}
with

months as (

    select * from {{ ref('int_months') }}

),

relationships as (

    select * from {{ ref('int_relationships_scored') }}

),

valued as (

    select * from {{ ref('int_customer_months_valued') }}

),

profiled as (

    select * from {{ ref('int_customer_months_profiled') }}

),

tenure_bands as (

    select * from {{ ref('tenure_bands') }}

),

band_ranges as (

    select
        band,
        lowest_months,
        lead(lowest_months) over (order by lowest_months) as below_months
    from tenure_bands

),

-- The midpoint rate of growth lies between -2 and 2 and treats gain and loss alike; outcomes and
-- scores have nine decimals, so that sums are exact and scores that are alike tie.
followed as (

    select
        valued.month,
        coalesce(profiled.segment, 'unknown') as segment,
        band_ranges.band as tenure_band,
        cast(
            least(
                1,
                cast(valued.quarter_1_value as double) / cast(valued.active_window_value as double)
            ) as decimal(18, 9)
        ) as retention,
        cast(
            2 * cast(valued.quarter_1_value - valued.active_window_value as double)
            / cast(valued.quarter_1_value + valued.active_window_value as double) as decimal(18, 9)
        ) as growth,
        {% for component in components[:-1] -%}
        cast(relationships.{{ component }} as decimal(18, 9)) as {{ component }},
        {% endfor -%}
        cast(
            case when relationships.band <> 'unrated' then relationships.health end
            as decimal(18, 9)
        ) as health
    from valued
    inner join months
        on valued.month = months.month
    inner join relationships
        on
            valued.customer_id = relationships.customer_id
            and valued.month = relationships.month
    left join profiled
        on
            valued.customer_id = profiled.customer_id
            and valued.month = profiled.month
    left join band_ranges
        on
            valued.months_since_first_accrual >= band_ranges.lowest_months
            and coalesce(valued.months_since_first_accrual < band_ranges.below_months, true)
    where
        months.month_number > {{ var('calibration_skipped_months') }}
        and valued.is_active
        and valued.quarter_1_value is not null

),

components_scored as (

    {% for component in components -%}
    select
        month,
        segment,
        tenure_band,
        retention,
        growth,
        '{{ component }}' as component,
        {{ component }} as score
    from followed
    where {{ component }} is not null
    {% if not loop.last -%}
    union all
    {% endif -%}
    {% endfor %}
),

ranked as (

    select
        *,
        count(*) over (partition by month, component) as customers,
        rank() over (
            partition by month, component
            order by score
        ) as score_rank
    from components_scored

),

quintiled as (

    select
        *,
        1 + {{ integer_divide(quintiles ~ ' * (score_rank - 1)', 'customers') }} as quintile
    from ranked

),

compared as (

    select
        month,
        component,
        max(customers) as customers
    from quintiled
    group by month, component

),

ends as (

    select
        month,
        component,
        segment,
        tenure_band,
        {% for outcome in outcomes -%}
        sum({{ outcome }}) as {{ outcome }}_sum,
        sum({{ outcome }} * {{ outcome }}) as {{ outcome }}_square_sum,
        {% endfor -%}
        quintile = {{ quintiles }} as is_high,
        count(*) as customers
    from quintiled
    where quintile in (1, {{ quintiles }})
    group by month, component, segment, tenure_band, quintile
    having count(*) >= {{ var('link_min_customers') }}

),

-- Only customers of one segment and tenure band are compared with each other.
strata as (

    {% for outcome in outcomes -%}
    select
        low_ends.month,
        low_ends.component,
        '{{ outcome }}' as outcome,
        low_ends.customers as low_customers,
        high_ends.customers as high_customers,
        low_ends.{{ outcome }}_sum as low_sum,
        high_ends.{{ outcome }}_sum as high_sum,
        low_ends.{{ outcome }}_square_sum as low_square_sum,
        high_ends.{{ outcome }}_square_sum as high_square_sum
    from ends as low_ends
    inner join ends as high_ends
        on
            low_ends.month = high_ends.month
            and low_ends.component = high_ends.component
            and low_ends.segment = high_ends.segment
            and low_ends.tenure_band = high_ends.tenure_band
            and not low_ends.is_high
            and high_ends.is_high
    {% if not loop.last -%}
    union all
    {% endif -%}
    {% endfor %}
),

strata_weighed as (

    select
        *,
        cast(high_sum as double) / high_customers
        - cast(low_sum as double) / low_customers as difference,
        {{ variance_of_mean('high_customers', 'high_sum', 'high_square_sum') }}
        + {{ variance_of_mean('low_customers', 'low_sum', 'low_square_sum') }} as variance,
        cast(low_customers * high_customers as double) / (low_customers + high_customers) as weight
    from strata

),

pooled as (

    select
        month,
        component,
        outcome,
        count(*) as strata,
        sum(low_customers) as low_customers,
        sum(high_customers) as high_customers,
        cast(sum(low_sum) as double) as low_sum,
        cast(sum(high_sum) as double) as high_sum,
        cast(sum(cast(weight as {{ fraction_sum_type() }})) as double) as weight,
        cast(sum(cast(weight * difference as {{ fraction_sum_type() }})) as double)
            as weighted_difference,
        cast(sum(cast(weight * weight * variance as {{ fraction_sum_type() }})) as double)
            as weighted_variance
    from strata_weighed
    group by month, component, outcome

),

estimated as (

    select
        *,
        weighted_difference / weight as difference,
        nullif({{ var('confidence_z') }} * sqrt(weighted_variance) / weight, 0) as margin_of_error
    from pooled

),

outcome_names as (

    {% for outcome in outcomes -%}
    select '{{ outcome }}' as outcome
    {% if not loop.last -%}
    union all
    {% endif -%}
    {% endfor %}
),

fct_experience_value_links as (

    select
        compared.month,
        compared.component,
        outcome_names.outcome,
        compared.customers,
        coalesce(estimated.strata, 0) as strata,
        cast(coalesce(estimated.low_customers, 0) as {{ dbt.type_bigint() }})
            as low_quintile_customers,
        cast(coalesce(estimated.high_customers, 0) as {{ dbt.type_bigint() }})
            as high_quintile_customers,
        estimated.low_sum / cast(estimated.low_customers as double) as low_quintile_mean,
        estimated.high_sum / cast(estimated.high_customers as double) as high_quintile_mean,
        estimated.difference,
        estimated.difference - estimated.margin_of_error as difference_low,
        estimated.difference + estimated.margin_of_error as difference_high,
        -- An interval on one side of 0.
        estimated.margin_of_error < abs(estimated.difference) as is_distinct
    from compared
    cross join outcome_names
    left join estimated
        on
            compared.month = estimated.month
            and compared.component = estimated.component
            and outcome_names.outcome = estimated.outcome

)

select * from fct_experience_value_links
