{# Lines of one scorecard, a row per month: each with its metric, its value over twelve months, how that
   changed since an earlier window, and where it stands beside the target. #}
{% macro scorecard_lines(scorecard) -%}
with

scorecard_values as (

    select * from {{ ref('fct_scorecard_values') }}

),

scorecard_questions as (

    select * from {{ ref('scorecard_questions') }}
    where scorecard = '{{ scorecard }}'

),

scorecard_lines as (

    select * from {{ ref('scorecard_lines') }}
    where scorecard = '{{ scorecard }}'

),

scorecard_metrics as (

    select * from {{ ref('scorecard_metrics') }}

),

scorecard_months as (

    select distinct month from scorecard_values

),

compared as (

    select
        scorecard_months.month,
        scorecard_lines.question_number,
        scorecard_lines.line_number,
        scorecard_questions.title,
        scorecard_questions.question,
        scorecard_lines.metric,
        scorecard_metrics.mart,
        scorecard_metrics.unit,
        scorecard_metrics.better,
        scorecard_metrics.has_trend,
        scorecard_metrics.no_evidence_means,
        scorecard_values.value,
        earlier_values.value as earlier_value,
        case
            when
                abs(scorecard_values.value - earlier_values.value)
                <= {{ var('scorecard_steady_change') }} * abs(earlier_values.value)
                then 0
            else sign(scorecard_values.value - earlier_values.value)
        end as change_sign,
        scorecard_lines.target_low,
        scorecard_lines.target_high,
        coalesce(scorecard_values.evidence, 0) as evidence,
        scorecard_metrics.evidence_unit,
        scorecard_lines.not_measurable_because
    from scorecard_months
    cross join scorecard_lines
    inner join scorecard_questions
        on scorecard_lines.question_number = scorecard_questions.question_number
    left join scorecard_metrics
        on scorecard_lines.metric = scorecard_metrics.metric
    left join scorecard_values
        on
            scorecard_lines.metric = scorecard_values.metric
            and scorecard_months.month = scorecard_values.month
    left join scorecard_values as earlier_values
        on
            scorecard_lines.metric = earlier_values.metric
            and scorecard_months.month = {{ dbt.dateadd(
                'month', var('scorecard_trend_months'), 'earlier_values.month'
            ) }}

),

lines_with_status as (

    select
        month,
        question_number,
        line_number,
        title,
        question,
        metric,
        mart,
        unit,
        value,
        earlier_value,
        case
            when better = 'none' or not has_trend or change_sign is null then null
            when change_sign = 0 then 'steady'
            when (change_sign > 0) = (better = 'higher') then 'improving'
            else 'worsening'
        end as trend,
        target_low,
        target_high,
        case
            when value is null then 'not_measurable'
            when target_low is null and target_high is null then 'no_target'
            when value < target_low or value > target_high then 'off_target'
            else 'on_target'
        end as status,
        evidence,
        evidence_unit,
        case
            when not_measurable_because is not null then not_measurable_because
            when value is null and evidence > 0
                then 'There is evidence, but too little, or for too short a time'
            when value is null
                then coalesce(
                    no_evidence_means,
                    'The delivered extracts hold no evidence in these twelve months'
                )
        end as not_measurable_because
    from compared

)

select * from lines_with_status
{%- endmacro %}
