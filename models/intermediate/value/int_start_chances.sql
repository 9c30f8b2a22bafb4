-- One row per month and milestone: how many cases that reached it had started by the month's end.

with

cases as (

    select * from {{ ref('int_cases_followed') }}

),

months as (

    select * from {{ ref('int_months') }}

),

-- A case counts once it had its time; what it reached and whether it started is as known then.
mature_cases as (

    select
        months.month,
        {% for milestone in start_milestones() -%}
        cases.{{ milestone }}_at < months.next_month as is_{{ milestone }},
        {% endfor -%}
        coalesce(cases.first_shipped_on < months.next_month, false) as is_started
    from months
    inner join cases
        on
            {{ dbt.dateadd(
                'month', 1 - var('pipeline_window_months'), 'months.month'
            ) }} <= cases.received_at
            and months.next_month > cases.received_at
            and months.last_day_on >= {{ dbt.dateadd(
                'day', var('maturity_days'), 'cast(cases.received_at as date)'
            ) }}
    where cases.is_start_journey

),

counted as (

    select
        month,
        {% for milestone in start_milestones() -%}
        count(*) filter (where is_{{ milestone }}) as {{ milestone }}_cases,
        count(*) filter (where is_{{ milestone }} and is_started) as {{ milestone }}_starts,
        {% endfor -%}
        count(*) as cases
    from mature_cases
    group by month

),

start_chances as (

    {% for milestone in start_milestones() -%}
    select
        month,
        '{{ milestone }}' as milestone,
        {{ milestone }}_cases as cases,
        {{ milestone }}_starts as starts,
        cast({{ milestone }}_starts as double) / {{ milestone }}_cases as start_share
    from counted
    where {{ milestone }}_cases > 0
    {% if not loop.last -%}
    union all
    {% endif -%}
    {% endfor %}
)

select * from start_chances
