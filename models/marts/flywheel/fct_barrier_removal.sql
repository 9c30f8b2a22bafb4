-- One row per month and unit (company, function, territory or person): what had become, by the end
-- of the month, of the barriers that the unit identified in the trailing twelve months. From the
-- panel's twelfth month on.

{% set units = {
    'company': "'all'",
    'function': "coalesce(function, 'unknown')",
    'territory': "coalesce(territory, 'unassigned')",
    'person': "coalesce(staff_id, 'unknown')",
} -%}
{% set unvalued_functions = "('medical', 'access')" -%}
with

barriers as (

    select * from {{ ref('int_barriers_followed') }}

),

months as (

    select * from {{ ref('int_months') }}

),

barriers_in_windows as (

    select
        months.month,
        months.last_day_on,
        barriers.staff_id,
        barriers.function,
        barriers.territory,
        barriers.value_unblocked,
        barriers.is_started_after_removal,
        coalesce(barriers.escalated_at < months.next_month, false) as is_escalated,
        case when barriers.resolved_at < months.next_month then barriers.resolution end
            as resolution,
        cast(barriers.identified_at as date) as identified_on,
        cast(barriers.resolved_at as date) as resolved_on
    from barriers
    inner join months
        on
            barriers.identified_at < months.next_month
            and barriers.identified_at
            >= {{ dbt.dateadd('month', -var('barrier_window_months'), 'months.next_month') }}
    where months.month_number >= {{ var('barrier_window_months') }}

),

-- Giving up is no removal: such a barrier goes on standing in the way. One with contradictory dates
-- was removed at once.
standing as (

    select
        month,
        staff_id,
        function,
        territory,
        value_unblocked,
        is_started_after_removal,
        is_escalated,
        coalesce(resolution = 'removed', false) as is_removed,
        coalesce(resolution = 'withdrawn', false) as is_withdrawn,
        greatest(
            0,
            {{ dbt.datediff(
                'identified_on',
                "case when resolution in ('removed', 'withdrawn') then resolved_on"
                ~ ' else last_day_on end',
                'day'
            ) }}
        ) as days
    from barriers_in_windows

),

scoped as (

    {% for unit_type, unit in units.items() -%}
    select
        '{{ unit_type }}' as unit_type,
        {{ unit }} as unit,
        {% if unit_type in ('function', 'person') -%}
        function,
        {%- else -%}
        cast(null as {{ dbt.type_string() }}) as function,
        {%- endif %}
        month,
        coalesce(staff_id, 'unknown') as owner_id,
        case when function in {{ unvalued_functions }} then staff_id end as unvalued_owner_id,
        value_unblocked,
        is_started_after_removal,
        is_escalated,
        is_removed,
        is_withdrawn,
        days
    from standing
    {% if not loop.last -%}
    union all
    {% endif -%}
    {% endfor %}
),

counted as (

    select
        month,
        unit_type,
        unit,
        function,
        count(*) as identified,
        count(*) filter (where is_escalated) as escalated,
        count(*) filter (where is_removed) as removed,
        count(*) filter (where is_removed and not is_escalated) as removed_without_escalation,
        count(*) filter (where is_withdrawn) as withdrawn,
        count(*) filter (where is_removed and is_started_after_removal) as started_after_removal,
        sum(case when is_removed then value_unblocked else 0 end) as value_unblocked,
        count(distinct owner_id) as owners,
        count(distinct unvalued_owner_id) as unvalued_owners
    from scoped
    group by month, unit_type, unit, function

),

days_left as (

    select
        month,
        unit_type,
        unit,
        days,
        count(*) filter (where is_removed) as removed,
        count(*) as leaving
    from scoped
    group by month, unit_type, unit, days

),

{{ survival_medians(['month', 'unit_type', 'unit'], 'removed') }},

-- Nobody in medical or access is measured by value, so that no value is shown either that is one
-- such person's alone: not a function's or territory's, nor one that differences would give away.
-- Where a single row of a type is hidden, the company less the others would be its value, so that
-- a second one is hidden; and a single person whose value is not shown with the people would be
-- what these leave of the company's.
lone as (

    select
        *,
        unit_type in ('function', 'territory') and owners = 1 and unvalued_owners = 1 as is_lone,
        max(case when unit_type = 'company' then unvalued_owners end) over (
            partition by month
        ) as unvalued_owners_of_month
    from counted

),

hidden as (

    select
        *,
        count(case when is_lone then unit end) over (partition by month, unit_type) as lone_units,
        row_number() over (
            partition by month, unit_type
            order by
                case when is_lone then 0 else 1 end,
                case when function in {{ unvalued_functions }} then 0 else 1 end,
                identified,
                unit
        ) as hiding_rank
    from lone

),

fct_barrier_removal as (

    select
        hidden.month,
        hidden.unit_type,
        hidden.unit,
        hidden.function,
        hidden.identified,
        hidden.escalated,
        hidden.removed,
        hidden.removed_without_escalation,
        hidden.withdrawn,
        cast(medians.median_days as {{ dbt.type_bigint() }}) as median_days,
        hidden.started_after_removal,
        cast(
            case
                when
                    hidden.unit_type = 'person'
                    and (
                        coalesce(hidden.function, 'unknown')
                        not in ('sales', 'marketing', 'support')
                        or hidden.unvalued_owners_of_month = 1
                    )
                    then null
                when hidden.is_lone or (hidden.lone_units = 1 and hidden.hiding_rank = 2) then null
                else hidden.value_unblocked
            end as {{ money_type() }}
        ) as value_unblocked
    from hidden
    inner join medians
        on
            hidden.month = medians.month
            and hidden.unit_type = medians.unit_type
            and hidden.unit = medians.unit

)

select * from fct_barrier_removal
