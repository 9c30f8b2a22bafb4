-- One row per month and function, and one for all of them: how far what customers met lies below
-- the best that they met anywhere.

{% set slope_months = var('expectation_slope_months') -%}
with

months as (

    select * from {{ ref('int_months') }}

),

observations as (

    select * from {{ ref('int_observations_unioned') }}

),

evidence_monthly as (

    select
        function,
        touchpoint,
        cast({{ dbt.date_trunc('month', 'observed_at') }} as date) as month,
        sum(weight * q_sixtieths) as weighted_q,
        sum(weight) as weight
    from observations
    where weight > 0
    group by
        function,
        touchpoint,
        cast({{ dbt.date_trunc('month', 'observed_at') }} as date)

),

evidence as (

    select
        months.month,
        evidence_monthly.function,
        evidence_monthly.touchpoint,
        sum(evidence_monthly.weighted_q) as weighted_q,
        sum(evidence_monthly.weight) as weight
    from months
    inner join evidence_monthly
        on
            months.month >= evidence_monthly.month
            and months.month < {{ dbt.dateadd(
                'month', var('expectation_window_months'), 'evidence_monthly.month'
            ) }}
    where months.month_number >= {{ var('expectation_window_months') }}
    group by months.month, evidence_monthly.function, evidence_monthly.touchpoint

),

-- What customers get somewhere they come to expect everywhere; a few happy answers are no such
-- experience.
best_means as (

    select
        month,
        touchpoint,
        max(cast(weighted_q as double) / cast(60 * weight as double)) as best_mean_q
    from evidence
    where
        function is not null
        and weight >= {{ var('min_evidence') }}
    group by month, touchpoint

),

bars as (

    select
        month,
        percentile_cont({{ var('expectation_percentile') }}) within group (
            order by best_mean_q
        ) as bar
    from best_means
    group by month

),

-- What speaks about no function in particular speaks about all of them together.
evidence_by_function as (

    select
        month,
        function,
        sum(weighted_q) as weighted_q,
        sum(weight) as weight
    from evidence
    where function is not null
    group by month, function
    union all
    select
        month,
        'all' as function,
        sum(weighted_q) as weighted_q,
        sum(weight) as weight
    from evidence
    group by month

),

means as (

    select
        month,
        function,
        weight,
        cast(weighted_q as double) / cast(60 * weight as double) as mean_q
    from evidence_by_function

),

gaps as (

    select
        means.month,
        means.function,
        means.mean_q,
        means.weight,
        bars.bar,
        bars.bar - means.mean_q as gap
    from means
    inner join bars
        on means.month = bars.month

),

-- A function may have gone unobserved for a while: its rows are the trailing months only if the
-- first of them is as far back as they are many.
sloped as (

    select
        *,
        case
            when
                lag(month, {{ slope_months - 1 }}) over (
                    partition by function
                    order by month
                ) = {{ dbt.dateadd('month', 1 - slope_months, 'month') }}
                then
                    {{ trailing_slope('gap', 'function', 'month', slope_months)
                        | replace(' + ', '\n                    + ') }}
        end as gap_slope_6m
    from gaps

),

fct_expectation_gaps as (

    select
        month,
        function,
        mean_q,
        cast(weight as {{ evidence_type() }}) as evidence,
        bar,
        gap,
        gap_slope_6m,
        gap_slope_6m < 0 as is_improving_faster
    from sloped

)

select * from fct_expectation_gaps
