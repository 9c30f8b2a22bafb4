{# The survival macros give what was published for the 6-MP trial (Freireich and others 1963): weeks
   in remission, negative where censored. Reads no model: `dbt build` runs it, `cxe run` does not. #}
{%- set weeks = {
    'treated': [
        6, 6, 6, -6, 7, -9, 10, -10, -11, 13, 16, -17, -19, -20, 22, 23, -25, -32, -32, -34, -35
    ],
    'placebo': [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23],
} -%}
{%- set published = [
    ('treated', 6, 0.8571, 0.0764),
    ('treated', 10, 0.7529, 0.0963),
    ('treated', 23, 0.4482, 0.1346),
    ('placebo', 1, 0.9048, 0.0641),
    ('placebo', 8, 0.3810, 0.1060),
] -%}

with

patients as (

    {% for arm, arm_weeks in weeks.items() -%}
    {% set arm_loop = loop -%}
    {% for week in arm_weeks -%}
    select
        '{{ arm }}' as arm,
        {{ week | abs }} as weeks,
        {{ 1 if week > 0 else 0 }} as events
    {% if not (arm_loop.last and loop.last) -%}
    union all
    {% endif -%}
    {% endfor -%}
    {% endfor %}
),

weeks_left as (

    select
        arm,
        weeks,
        sum(events) as events,
        count(*) as leaving
    from patients
    group by arm, weeks

),

life_table as (

    select
        *,
        sum(leaving) over (
            partition by arm
            order by weeks desc
            rows between unbounded preceding and current row
        ) as at_risk
    from weeks_left

),

estimated as (

    select
        arm,
        weeks,
        {{ survival('events', 'at_risk', 'up_to_here') }} as survival,
        {{ log_survival_variance('events', 'at_risk', 'up_to_here') }} as log_survival_variance
    from life_table
    window up_to_here as (
        partition by arm
        order by weeks
        rows between unbounded preceding and current row
    )

),

published as (

    {% for arm, week, survival, error in published -%}
    select
        '{{ arm }}' as arm,
        {{ week }} as weeks,
        {{ survival }} as survival,
        {{ error }} as standard_error
    {% if not loop.last -%}
    union all
    {% endif -%}
    {% endfor %}
)

select
    published.*,
    estimated.survival as estimated_survival,
    estimated.survival * sqrt(estimated.log_survival_variance) as estimated_standard_error
from published
left join estimated
    on
        published.arm = estimated.arm
        and published.weeks = estimated.weeks
where
    not coalesce(
        abs(estimated.survival - published.survival) < 0.00005
        and abs(
            estimated.survival * sqrt(estimated.log_survival_variance)
            - published.standard_error
        ) < 0.00005,
        false
    )
