-- One row per month and metric of the scorecards, from the panel's twelfth month on: its value for
-- the company over twelve months, and how much evidence that rests on.

{# What counts over the window, by the CTE that counts it by month. #}
{% set flows = {
    'promises': [
        'promises_settled', 'promises_kept', 'own_promises_settled', 'own_promises_kept',
        'elapsed_promises_settled', 'elapsed_promises_kept'
    ],
    'interactions': [
        'interactions', 'two_way_interactions', 'campaign_touches', 'outbound_touches',
        'duplicate_touches', 'burden_minutes'
    ],
    'fills': ['starts'],
    'cases': ['mature_start_cases', 'unfulfilled_cases'],
    'steps': ['handoffs', 'high_risk_handoffs'],
    'barriers': [
        'barriers_identified', 'barriers_removed', 'barriers_removed_unescalated',
        'value_unblocked'
    ],
    'moments': ['moments_over', 'moments_judged', 'moments_upheld'],
    'feedback': [
        'detractors_settled', 'detractors_answered', 'detractors_decided', 'detractors_acted_on',
        'nps_changes', 'nps_change_sum'
    ],
    'signals': [
        'charted_unit_months', 'variability_signals', 'unit_months', 'units_out_of_funnel'
    ],
    'hidden_tax': ['hidden_tax_incidents', 'hidden_tax_cost'],
    'stage_losses': [
        'fulfillment_value_lost', 'fulfillment_cases', 'prescribe_value_lost', 'relationships'
    ],
    'backtest': ['backtest_customers', 'predicted_loss', 'realized_loss'],
    'worth': ['window_net_value']
} -%}
{# What stands at the end of the month. #}
{% set stocks = {
    'health': [
        'customers_in_panel', 'rated_customers', 'engagement_count', 'engagement_sum',
        'coherence_count', 'coherence_sum'
    ],
    'value': ['forward_value', 'active_customers'],
    'cvar': [
        'scored_customers', 'customers_with_effect', 'gross_cvar', 'experience_cvar',
        'recoverable_cvar'
    ],
    'opening': ['opening_customers'],
    'bridge': ['opening', 'won', 'expansion', 'lost'],
    'retention': ['retention_customers', 'retention_difference'],
    'continuity': ['continuity_customers', 'engaged_months', 'rated_touches', 'busiest_touches'],
    'removal': ['removal_barriers', 'barrier_median_days'],
    'gaps': ['gap_evidence', 'expectation_gap', 'expectation_gap_slope']
} -%}
{# A metric: what it is made of, and the count it rests on. #}
{% set metrics = [
    (
        'customer_clock_kept_rate',
        'elapsed_promises_kept', 'elapsed_promises_settled', 'elapsed_promises_settled'
    ),
    ('burden_hours_per_start', 'burden_minutes', '60 * starts', 'starts'),
    ('unfulfilled_share', 'unfulfilled_cases', 'mature_start_cases', 'mature_start_cases'),
    ('measured_touchpoint_share', 'touchpoints_promised', 'touchpoints_met', 'touchpoints_met'),
    (
        'variability_signal_rate',
        'variability_signals', 'charted_unit_months', 'charted_unit_months'
    ),
    ('units_out_of_funnel', 'units_out_of_funnel', '1', 'unit_months'),
    ('own_promise_kept_rate', 'own_promises_kept', 'own_promises_settled', 'own_promises_settled'),
    ('experience_cvar_rate', 'experience_cvar', 'forward_value', 'customers_with_effect'),
    (
        'recoverable_cvar_rate',
        'recoverable_cvar', 'forward_value', 'customers_with_effect'
    ),
    ('promise_kept_rate', 'promises_kept', 'promises_settled', 'promises_settled'),
    ('promise_ratio_median', 'promise_ratio_median', '1', 'timed_promises'),
    ('barrier_removal_rate', 'barriers_removed', 'barriers_identified', 'barriers_identified'),
    ('barrier_median_days', 'barrier_median_days', '1', 'removal_barriers'),
    (
        'unescalated_removal_share',
        'barriers_removed_unescalated', 'barriers_removed', 'barriers_removed'
    ),
    ('value_unblocked', 'value_unblocked', '1', 'barriers_removed'),
    ('survey_coverage', 'surveyed_customers', 'customers_in_panel', 'customers_in_panel'),
    ('rated_customer_share', 'rated_customers', 'customers_in_panel', 'customers_in_panel'),
    (
        'detractors_answered_rate',
        'detractors_answered', 'detractors_settled', 'detractors_settled'
    ),
    ('feedback_action_rate', 'detractors_acted_on', 'detractors_decided', 'detractors_decided'),
    ('nps_change_after_feedback', 'nps_change_sum', 'nps_changes', 'nps_changes'),
    ('expectation_gap', 'expectation_gap', '1', 'gap_evidence'),
    ('expectation_gap_slope', 'expectation_gap_slope', '1', 'gap_evidence'),
    ('experience_retention_difference', 'retention_difference', '1', 'retention_customers'),
    (
        'engagement_continuity',
        'engaged_months', var('continuity_window_months') ~ ' * continuity_customers',
        'continuity_customers'
    ),
    ('launch_and_leave_index', 'busiest_touches', 'rated_touches', 'rated_touches'),
    ('campaign_touch_share', 'campaign_touches', 'interactions', 'interactions'),
    ('two_way_share', 'two_way_interactions', 'interactions', 'interactions'),
    ('cvar_rate', 'gross_cvar', 'forward_value', 'scored_customers'),
    ('emotional_engagement', 'engagement_sum', 'engagement_count', 'engagement_count'),
    ('cvar_calibration_ratio', 'predicted_loss', 'realized_loss', 'backtest_customers'),
    ('net_revenue_retention', 'opening + expansion - lost', 'opening', 'opening_customers'),
    ('gross_revenue_retention', 'opening - lost', 'opening', 'opening_customers'),
    ('quick_ratio', 'won', 'lost', 'active_customers'),
    ('fulfillment_value_lost', 'fulfillment_value_lost', '1', 'fulfillment_cases'),
    ('prescribe_value_lost', 'prescribe_value_lost', '1', 'relationships'),
    ('duplicate_touch_share', 'duplicate_touches', 'outbound_touches', 'outbound_touches'),
    ('moments_upheld_rate', 'moments_upheld', 'moments_judged', 'moments_judged'),
    ('moments_seen_share', 'moments_judged', 'moments_over', 'moments_over'),
    ('coherence_score', 'coherence_sum', 'coherence_count', 'coherence_count'),
    ('high_risk_handoff_share', 'high_risk_handoffs', 'handoffs', 'handoffs'),
    ('hidden_tax_rate', 'hidden_tax_cost', 'window_net_value', 'hidden_tax_incidents')
] -%}
{% set window_months = var('scorecard_window_months') -%}
with

months as (

    select * from {{ ref('dim_months') }}

),

experience_observations as (

    select * from {{ ref('fct_experience_observations') }}

),

promises as (

    select * from {{ ref('fct_promises') }}

),

interactions as (

    select * from {{ ref('fct_interactions') }}

),

fills as (

    select * from {{ ref('fct_fills') }}

),

fulfillment_journeys as (

    select * from {{ ref('fct_fulfillment_journeys') }}

),

fulfillment_steps as (

    select * from {{ ref('fct_fulfillment_steps') }}

),

barriers as (

    select * from {{ ref('fct_barriers') }}

),

moments as (

    select * from {{ ref('fct_moments') }}

),

feedback_loops as (

    select * from {{ ref('fct_feedback_loops') }}

),

variability_signals as (

    select * from {{ ref('fct_variability_signals') }}

),

hidden_tax as (

    select * from {{ ref('fct_hidden_tax') }}

),

stage_losses as (

    select * from {{ ref('fct_stage_losses') }}

),

cvar_backtest as (

    select * from {{ ref('fct_cvar_backtest') }}

),

relationship_health as (

    select * from {{ ref('fct_relationship_health') }}

),

customer_value as (

    select * from {{ ref('fct_customer_value') }}

),

cvar as (

    select * from {{ ref('fct_cvar') }}

),

value_bridge as (

    select * from {{ ref('fct_value_bridge') }}

),

experience_retention as (

    select * from {{ ref('fct_experience_retention') }}

),

engagement_continuity as (

    select * from {{ ref('fct_engagement_continuity') }}

),

barrier_removal as (

    select * from {{ ref('fct_barrier_removal') }}

),

expectation_gaps as (

    select * from {{ ref('fct_expectation_gaps') }}

),

-- A window needs twelve months of the panel.
windows as (

    select
        month,
        cast({{ dbt.dateadd('month', 1 - window_months, 'month') }} as date) as first_month
    from months
    where month_number >= {{ window_months }}

),

monthly_promises as (

    select
        cast({{ dbt.date_trunc('month', 'settled_at') }} as date) as month,
        count(case when status in ('kept', 'broken') then 1 end) as promises_settled,
        count(case when status = 'kept' then 1 end) as promises_kept,
        count(
            case
                when status in ('kept', 'broken') and accountable in ('company', 'partner') then 1
            end
        ) as own_promises_settled,
        count(
            case when status = 'kept' and accountable in ('company', 'partner') then 1 end
        ) as own_promises_kept,
        count(
            case when status in ('kept', 'broken') and clock = 'elapsed' then 1 end
        ) as elapsed_promises_settled,
        count(case when status = 'kept' and clock = 'elapsed' then 1 end) as elapsed_promises_kept
    from promises
    group by cast({{ dbt.date_trunc('month', 'settled_at') }} as date)

),

monthly_interactions as (

    select
        cast({{ dbt.date_trunc('month', 'occurred_at') }} as date) as month,
        count(*) as interactions,
        count(case when is_two_way then 1 end) as two_way_interactions,
        count(campaign) as campaign_touches,
        count(case when direction = 'outbound' then 1 end) as outbound_touches,
        count(case when is_duplicate_touch then 1 end) as duplicate_touches,
        sum(customer_minutes) as burden_minutes
    from interactions
    group by cast({{ dbt.date_trunc('month', 'occurred_at') }} as date)

),

monthly_fills as (

    select
        cast({{ dbt.date_trunc('month', 'shipped_on') }} as date) as month,
        count(case when is_start then 1 end) as starts
    from fills
    group by cast({{ dbt.date_trunc('month', 'shipped_on') }} as date)

),

monthly_cases as (

    select
        cast({{ dbt.date_trunc('month', 'received_at') }} as date) as month,
        count(case when is_start_journey and is_mature then 1 end) as mature_start_cases,
        count(case when is_unfulfilled then 1 end) as unfulfilled_cases
    from fulfillment_journeys
    group by cast({{ dbt.date_trunc('month', 'received_at') }} as date)

),

monthly_steps as (

    select
        cast({{ dbt.date_trunc('month', 'entered_at') }} as date) as month,
        count(case when is_handoff then 1 end) as handoffs,
        count(case when is_high_risk_handoff then 1 end) as high_risk_handoffs
    from fulfillment_steps
    group by cast({{ dbt.date_trunc('month', 'entered_at') }} as date)

),

monthly_barriers as (

    select
        cast({{ dbt.date_trunc('month', 'identified_at') }} as date) as month,
        count(*) as barriers_identified,
        count(case when resolution = 'removed' then 1 end) as barriers_removed,
        count(
            case when resolution = 'removed' and escalated_at is null then 1 end
        ) as barriers_removed_unescalated,
        sum(value_unblocked) as value_unblocked
    from barriers
    group by cast({{ dbt.date_trunc('month', 'identified_at') }} as date)

),

monthly_moments as (

    select
        cast({{ dbt.date_trunc('month', 'occurred_at') }} as date) as month,
        count(case when is_window_over then 1 end) as moments_over,
        count(case when is_window_over and outcome in ('upheld', 'missed') then 1 end)
            as moments_judged,
        count(case when is_window_over and outcome = 'upheld' then 1 end) as moments_upheld
    from moments
    group by cast({{ dbt.date_trunc('month', 'occurred_at') }} as date)

),

monthly_feedback as (

    select
        cast({{ dbt.date_trunc('month', 'recorded_at') }} as date) as month,
        count(is_answered_in_time) as detractors_settled,
        count(case when is_answered_in_time then 1 end) as detractors_answered,
        count(is_acted_on) as detractors_decided,
        count(case when is_acted_on then 1 end) as detractors_acted_on,
        count(nps_change) as nps_changes,
        sum(nps_change) as nps_change_sum
    from feedback_loops
    group by cast({{ dbt.date_trunc('month', 'recorded_at') }} as date)

),

monthly_signals as (

    select
        month,
        count(signal) as charted_unit_months,
        count(case when signal <> 'none' then 1 end) as variability_signals,
        count(funnel_position) as unit_months,
        count(case when funnel_position in ('below', 'above') then 1 end) as units_out_of_funnel
    from variability_signals
    group by month

),

monthly_hidden_tax as (

    select
        month,
        sum(incidents) as hidden_tax_incidents,
        sum(hidden_tax_cost) as hidden_tax_cost
    from hidden_tax
    group by month

),

monthly_stage_losses as (

    select
        month,
        sum(case when journey = 'fulfillment' then value_lost end) as fulfillment_value_lost,
        sum(case when journey = 'fulfillment' and stage_number = 1 then entered end)
            as fulfillment_cases,
        sum(case when journey = 'prescribe' then value_lost end) as prescribe_value_lost,
        sum(case when journey = 'prescribe' and stage_number = 1 then entered end)
            as relationships
    from stage_losses
    group by month

),

monthly_backtest as (

    select
        month,
        sum(customers) as backtest_customers,
        sum(predicted_loss) as predicted_loss,
        sum(realized_loss) as realized_loss
    from cvar_backtest
    where band <> 'all'
    group by month

),

monthly_worth as (

    select
        month,
        sum(accrued_value) as window_net_value
    from customer_value
    group by month

),

{% for source in flows -%}
windowed_{{ source }} as (

    select
        windows.month,
        {% for column in flows[source] -%}
        sum(monthly_{{ source }}.{{ column }}) as {{ column }},
        {% endfor -%}
        count(*) as months
    from windows
    inner join monthly_{{ source }}
        on monthly_{{ source }}.month between windows.first_month and windows.month
    group by windows.month

),

{% endfor -%}
-- A touchpoint and a customer count once in a window, however often they met in it.
monthly_met as (

    select
        cast({{ dbt.date_trunc('month', 'observed_at') }} as date) as month,
        kind,
        touchpoint,
        customer_id
    from experience_observations
    group by
        cast({{ dbt.date_trunc('month', 'observed_at') }} as date), kind, touchpoint, customer_id

),

windowed_met as (

    select
        windows.month,
        count(distinct monthly_met.touchpoint) as touchpoints_met,
        count(distinct case when monthly_met.kind = 'promise' then monthly_met.touchpoint end)
            as touchpoints_promised,
        count(
            distinct case
                when monthly_met.kind in ('csat', 'ces', 'nps', 'emotion')
                    then monthly_met.customer_id
            end
        ) as surveyed_customers
    from windows
    inner join monthly_met
        on monthly_met.month between windows.first_month and windows.month
    group by windows.month

),

monthly_ratios as (

    select
        cast({{ dbt.date_trunc('month', 'settled_at') }} as date) as month,
        promise_ratio
    from promises
    where promise_ratio is not null

),

windowed_ratios as (

    select
        windows.month,
        count(*) as timed_promises,
        percentile_cont(0.5) within group (order by monthly_ratios.promise_ratio)
            as promise_ratio_median
    from windows
    inner join monthly_ratios
        on monthly_ratios.month between windows.first_month and windows.month
    group by windows.month

),

standing_health as (

    select
        month,
        count(*) as customers_in_panel,
        count(case when band <> 'unrated' then 1 end) as rated_customers,
        count(emotional_engagement) as engagement_count,
        sum(cast(emotional_engagement as {{ run_rate_type() }})) as engagement_sum,
        count(coherence) as coherence_count,
        sum(cast(coherence as {{ run_rate_type() }})) as coherence_sum
    from relationship_health
    group by month

),

standing_value as (

    select
        month,
        sum(forward_value) as forward_value,
        count(case when is_active then 1 end) as active_customers
    from customer_value
    group by month

),

standing_cvar as (

    select
        month,
        count(gross_cvar) as scored_customers,
        count(case when calibration_status = 'calibrated' and gross_cvar is not null then 1 end)
            as customers_with_effect,
        sum(gross_cvar) as gross_cvar,
        sum(experience_cvar) as experience_cvar,
        sum(recoverable_cvar) as recoverable_cvar
    from cvar
    group by month

),

-- Who has an opening in the bridge was active a quarter before.
standing_opening as (

    select
        cast({{ dbt.dateadd('month', var('active_window_months'), 'month') }} as date) as month,
        count(case when is_active then 1 end) as opening_customers
    from customer_value
    group by cast({{ dbt.dateadd('month', var('active_window_months'), 'month') }} as date)

),

standing_bridge as (

    select
        month,
        sum(opening) as opening,
        sum(new + reactivated + expansion) as won,
        sum(expansion) as expansion,
        sum(contraction + churned) as lost
    from value_bridge
    group by month

),

standing_retention as (

    select
        month,
        sum(least(well_served_customers, less_served_customers)) as retention_customers,
        max(retention_difference) as retention_difference
    from experience_retention
    group by month

),

standing_continuity as (

    select
        month,
        count(*) as continuity_customers,
        sum(engaged_months) as engaged_months,
        sum(case when launch_and_leave is not null then marketing_touches end) as rated_touches,
        sum(
            case when launch_and_leave is not null then busiest_marketing_touches end
        ) as busiest_touches
    from engagement_continuity
    group by month

),

standing_removal as (

    select
        month,
        max(identified) as removal_barriers,
        max(median_days) as barrier_median_days
    from barrier_removal
    where unit_type = 'company'
    group by month

),

standing_gaps as (

    select
        month,
        max(evidence) as gap_evidence,
        max(gap) as expectation_gap,
        max(gap_slope_6m) as expectation_gap_slope
    from expectation_gaps
    where function = 'all'
    group by month

),

counted as (

    select
        windows.month,
        {% for source in flows -%}
        {% for column in flows[source] -%}
        windowed_{{ source }}.{{ column }},
        {% endfor -%}
        {% endfor -%}
        {% for source in stocks -%}
        {% for column in stocks[source] -%}
        standing_{{ source }}.{{ column }},
        {% endfor -%}
        {% endfor -%}
        windowed_met.touchpoints_met,
        windowed_met.touchpoints_promised,
        coalesce(windowed_met.surveyed_customers, 0) as surveyed_customers,
        windowed_ratios.timed_promises,
        windowed_ratios.promise_ratio_median
    from windows
    {% for source in flows -%}
    left join windowed_{{ source }}
        on windows.month = windowed_{{ source }}.month
    {% endfor -%}
    {% for source in stocks -%}
    left join standing_{{ source }}
        on windows.month = standing_{{ source }}.month
    {% endfor -%}
    left join windowed_met
        on windows.month = windowed_met.month
    left join windowed_ratios
        on windows.month = windowed_ratios.month

),

valued as (

    {% for metric, numerator, denominator, evidence in metrics -%}
    select
        month,
        '{{ metric }}' as metric,
        cast({{ numerator }} as double) / nullif({{ denominator }}, 0) as value,
        {{ evidence }} as evidence
    from counted
    {% if not loop.last -%}
    union all
    {% endif -%}
    {% endfor %}
),

-- Without evidence there is no value, not even zero.
fct_scorecard_values as (

    select
        month,
        metric,
        case when evidence > 0 then value end as value,
        cast(coalesce(evidence, 0) as {{ dbt.type_bigint() }}) as evidence
    from valued

)

select * from fct_scorecard_values
