-- One row per brand-defining moment of a known customer, and whether it was upheld.

with

moments_met as (

    select * from {{ ref('int_moments_met') }}

),

moments as (

    select * from {{ ref('moments') }}

),

observations as (

    select * from {{ ref('int_observations_unioned') }}

),

customers_versioned as (

    select * from {{ ref('int_customers_versioned') }}

),

reporting_period as (

    select * from {{ ref('int_reporting_period') }}

),

moments_with_window as (

    select
        moments_met.*,
        moments.principle,
        customers_versioned.territory,
        {{ dbt.dateadd('day', var('moment_window_days'), 'moments_met.occurred_at') }}
            as window_ends_at,
        {{ dbt.dateadd('day', var('moment_window_days'), 'moments_met.occurred_at') }}
        < reporting_period.ends_before as is_window_over
    from moments_met
    cross join reporting_period
    left join moments
        on moments_met.moment = moments.moment
    left join customers_versioned
        on
            moments_met.customer_id = customers_versioned.customer_id
            and {{ is_valid_on('customers_versioned', 'moments_met.occurred_at') }}

),

-- What lies in a window is the running total at its end less the one at its beginning: one sort of
-- all events instead of a join of every moment with every observation of its customer. At the same
-- instant observations come first, so that a window excludes its beginning and includes its end.
timeline as (

    select
        customer_id,
        cast(null as {{ dbt.type_string() }}) as moment_id,
        observed_at as happened_at,
        0 as side,
        weight * q_sixtieths as weighted_q,
        weight,
        case when kind = 'promise' then 1 else 0 end as settled,
        case when kind = 'promise' and q_sixtieths = 0 then 1 else 0 end as broken
    from observations
    where customer_id is not null
    union all
    {% for at, side in [('occurred_at', 1), ('window_ends_at', 2)] -%}
    select
        customer_id,
        moment_id,
        {{ at }} as happened_at,
        {{ side }} as side,
        0 as weighted_q,
        0 as weight,
        0 as settled,
        0 as broken
    from moments_with_window
    {% if not loop.last -%}
    union all
    {% endif -%}
    {% endfor %}
),

running_totals as (

    select
        {% for column in ['weighted_q', 'weight', 'settled', 'broken'] -%}
        sum({{ column }}) over so_far as {{ column }},
        {% endfor -%}
        moment_id,
        side
    from timeline
    window so_far as (
        partition by customer_id
        order by happened_at, least(side, 1)
        rows between unbounded preceding and current row
    )

),

evidence as (

    select
        {% for column in ['weighted_q', 'weight', 'settled', 'broken'] -%}
        max(case when side = 2 then {{ column }} end)
        - max(case when side = 1 then {{ column }} end) as {{ column }},
        {% endfor -%}
        moment_id
    from running_totals
    where moment_id is not null
    group by moment_id

),

moments_judged as (

    select
        moments_with_window.*,
        evidence.settled,
        evidence.broken,
        cast(evidence.weighted_q as double)
        / cast(nullif(60 * evidence.weight, 0) as double) as mean_q,
        -- Exact, so that a mean that is the bar does not miss it by rounding.
        evidence.weighted_q
        < {{ var('moment_min_q') }} * 60 * evidence.weight as is_below_bar
    from moments_with_window
    inner join evidence
        on moments_with_window.moment_id = evidence.moment_id

),

fct_moments as (

    select
        moment_id,
        moment,
        principle,
        customer_id,
        territory,
        case
            when broken > 0 or is_below_bar then 'missed'
            when settled = 0 and mean_q is null then 'unseen'
            else 'upheld'
        end as outcome,
        cast(settled as {{ dbt.type_bigint() }}) as promises_settled,
        cast(broken as {{ dbt.type_bigint() }}) as promises_broken,
        mean_q,
        is_window_over,
        occurred_at,
        source_row_id
    from moments_judged

)

select * from fct_moments
