-- One row per customer and month, from the month of the customer's first event to the last month:
-- how the relationship feels, what that rests on, and whether experience is consistent.

{% set components = health_components() -%}
{% set felt = ['trust', 'ease', 'responsiveness', 'sentiment'] -%}
{% set counted = ['reciprocity', 'fulfillment'] -%}
{% set channel_groups = ['field', 'digital', 'access', 'support'] -%}
with

evidence as (

    select * from {{ ref('int_evidence_windowed') }}

),

pooled as (

    select * from {{ ref('int_evidence_pooled') }}

),

health_weights as (

    select * from {{ ref('health_weights') }}

),

health_bands as (

    select * from {{ ref('health_bands') }}

),

weights as (

    select
        {% for component in components[:-1] -%}
        max(case when component = '{{ component }}' then cast(weight as double) end)
            as {{ component }}_weight,
        {% endfor -%}
        max(case when component = '{{ components[-1] }}' then cast(weight as double) end)
            as {{ components[-1] }}_weight
    from health_weights

),

band_ranges as (

    select
        band,
        lowest_health,
        lead(lowest_health) over (order by lowest_health) as below_health
    from health_bands

),

-- Sums of q come in sixtieths, counts of what was given, answered or started in wholes.
means as (

    select
        {% for name in felt + channel_groups -%}
        {{ shrunk_mean(
            'cast(evidence.' ~ name ~ '_sum as double) / 60',
            'cast(evidence.' ~ name ~ '_weight as double)',
            'pooled.' ~ name ~ '_mean'
        ) }} as {{ name }}_q,
        pooled.{{ name }}_mean,
        {% endfor -%}
        {% for name in counted -%}
        {{ shrunk_mean(
            'cast(evidence.' ~ name ~ '_sum as double)',
            'cast(evidence.' ~ name ~ '_count as double)',
            'pooled.' ~ name ~ '_mean'
        ) }} as {{ name }}_q,
        pooled.{{ name }}_mean,
        {% endfor -%}
        evidence.*
    from evidence
    inner join pooled
        on evidence.month = pooled.month

),

deviations as (

    select
        *,
        {{ deviation_between(['field_q', 'digital_q', 'access_q', 'support_q']) }}
            as between_channel_s,
        {{ deviation_between(['field_mean', 'digital_mean', 'access_mean', 'support_mean']) }}
            as between_channel_reference
    from means

),

scores as (

    select
        *,
        {% for name in felt + counted -%}
        100 * {{ name }}_q as {{ name }},
        100 * {{ name }}_mean as {{ name }}_reference,
        {% endfor -%}
        observation_count as coherence_count,
        {{ coherence('between_channel_s') }} as coherence,
        {{ coherence('between_channel_reference') }} as coherence_reference
    from deviations

),

weighed as (

    select
        scores.*,
        {% for component in components -%}
        coalesce(
            weights.{{ component }}_weight
            * (scores.{{ component }}_reference - scores.{{ component }}),
            0
        ) as {{ component }}_gap,
        {% endfor -%}
        {{ weighted_health('scores', 'weights') }} as health
    from scores
    cross join weights

),

with_weakest as (

    select
        *,
        greatest(
            {{ components | join('_gap,
            ') }}_gap
        ) as largest_gap,
        lag(health, 3) over (
            partition by customer_id
            order by month
        ) as health_3m_ago,
        year_observation_count >= {{ var('variability_min_observations') }} as is_varied,
        cast(year_observation_sum as double) as sum_of_year,
        cast(year_observation_weight as double) as weight_of_year,
        -- Whole numbers up to the root: equal observations deviate by nothing at all.
        sqrt(
            cast(
                year_observation_weight * year_observation_square_sum
                - year_observation_sum * year_observation_sum as double
            )
        ) as deviation_sixtieths
    from weighed

),

relationships_scored as (

    select
        with_weakest.customer_id,
        with_weakest.month,
        {% for component in components -%}
        with_weakest.{{ component }},
        with_weakest.{{ component }}_count as n_{{ component }},
        {% endfor -%}
        with_weakest.observation_count as n_observations,
        with_weakest.observation_weight as evidence,
        with_weakest.health,
        case
            when with_weakest.observation_weight >= {{ var('min_evidence') }}
                then coalesce(band_ranges.band, 'unrated')
            else 'unrated'
        end as band,
        with_weakest.health - with_weakest.health_3m_ago as health_change_3m,
        case
            {% for component in components -%}
            when
                with_weakest.{{ component }}_gap > 1e-9
                and with_weakest.{{ component }}_gap > with_weakest.largest_gap - 1e-9
                then '{{ component }}'
            {% endfor -%}
        end as weakest_component,
        (
            coalesce(with_weakest.sentiment, with_weakest.reciprocity)
            + coalesce(with_weakest.reciprocity, with_weakest.sentiment)
        ) / 2 as emotional_engagement,
        cast(with_weakest.customer_minutes as double) / 60 as burden_hours,
        case
            when with_weakest.is_varied
                then with_weakest.deviation_sixtieths / 60 / with_weakest.weight_of_year
        end as q_stddev,
        case
            when with_weakest.is_varied
                then with_weakest.deviation_sixtieths / nullif(with_weakest.sum_of_year, 0)
        end as q_cv,
        with_weakest.between_channel_s,
        with_weakest.overdue_promises
    from with_weakest
    left join band_ranges
        on
            with_weakest.health >= band_ranges.lowest_health
            and with_weakest.health < coalesce(band_ranges.below_health, 1000)

)

select * from relationships_scored
