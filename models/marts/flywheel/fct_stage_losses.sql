-- One row per month, territory, journey and stage: how many of those who set out in the month got
-- there, how many got no further, and what their starts would have been worth.

{% set milestones = start_milestones() -%}
{% set instants = {
    'reached': 'reached_at',
    'engaged': 'engaged_at',
    'prescribed': 'first_prescription_at',
    'started': 'first_start_at',
} -%}
{% set stages_of = {
    'fulfillment': milestones + ['started'],
    'prescribe': instants.keys() | list,
} -%}
with

cases as (

    select * from {{ ref('int_cases_followed') }}

),

prescribe_journeys as (

    select * from {{ ref('int_prescribe_journeys_staged') }}

),

start_values as (

    select * from {{ ref('int_start_values') }}

),

customers_versioned as (

    select * from {{ ref('int_customers_versioned') }}

),

months as (

    select * from {{ ref('int_months') }}

),

reporting_period as (

    select * from {{ ref('int_reporting_period') }}

),

stages as (

    {% for journey, names in stages_of.items() -%}
    {% set is_last_journey = loop.last -%}
    {% for name in names -%}
    select
        '{{ journey }}' as journey,
        '{{ name }}' as stage,
        {{ loop.index }} as stage_number
    {% if not (is_last_journey and loop.last) -%}
    union all
    {% endif -%}
    {% endfor -%}
    {% endfor %}
),

-- Known as of today: what every start ahead is worth does not depend on when it was lost.
products_priced as (

    select
        start_values.product_id,
        cast(start_values.start_value as {{ money_type() }}) as start_value
    from start_values
    inner join reporting_period
        on start_values.month = reporting_period.last_month

),

-- A milestone may be missing below one that was reached: the furthest counts.
case_journeys as (

    select
        'fulfillment' as journey,
        product_id,
        coalesce(territory, 'unassigned') as territory,
        received_at as began_at,
        case
            when outcome = 'started' then {{ milestones | length + 1 }}
            {% for milestone in milestones | reverse -%}
            when {{ milestone }}_at is not null
                then {{ loop.revindex }}
            {% endfor -%}
        end as last_stage_number
    from cases
    where
        is_start_journey
        and is_mature

),

begun as (

    select
        customer_id,
        product_id,
        least(
            {% for instant in instants.values() -%}
            coalesce({{ instant }}, {{ instants.values() | join(', ') }}){{ ',' if not loop.last }}
            {% endfor %}
        ) as began_at,
        case
            {% for instant in instants.values() | list | reverse -%}
            when {{ instant }} is not null then {{ loop.revindex }}
            {% endfor -%}
        end as last_stage_number
    from prescribe_journeys

),

relationships_begun as (

    select
        'prescribe' as journey,
        begun.product_id,
        coalesce(customers_versioned.territory, 'unassigned') as territory,
        begun.began_at,
        begun.last_stage_number
    from begun
    inner join reporting_period
        on
            cast(begun.began_at as date)
            <= {{ dbt.dateadd('day', 0 - var('maturity_days'), 'reporting_period.as_of_date') }}
    left join customers_versioned
        on
            begun.customer_id = customers_versioned.customer_id
            and {{ is_valid_on('customers_versioned', 'begun.began_at') }}

),

all_journeys as (

    select * from case_journeys
    union all
    select * from relationships_begun

),

last_stages as (

    select
        months.month,
        all_journeys.territory,
        all_journeys.journey,
        all_journeys.last_stage_number,
        count(*) as journeys,
        sum(coalesce(products_priced.start_value, 0)) as start_value,
        count(case when products_priced.product_id is null then 1 end) as unpriced
    from all_journeys
    inner join months
        on {{ dbt.date_trunc('month', 'all_journeys.began_at') }} = months.month
    left join products_priced
        on all_journeys.product_id = products_priced.product_id
    group by
        months.month,
        all_journeys.territory,
        all_journeys.journey,
        all_journeys.last_stage_number

),

groups_begun as (

    select distinct
        month,
        territory,
        journey
    from last_stages

),

-- Whoever stands at a later stage has passed this one.
passed as (

    select
        groups_begun.month,
        groups_begun.territory,
        groups_begun.journey,
        stages.stage,
        stages.stage_number,
        last_stages.journeys,
        last_stages.start_value,
        last_stages.unpriced,
        stages.stage <> 'started'
        and stages.stage_number = last_stages.last_stage_number as is_lost
    from groups_begun
    inner join stages
        on groups_begun.journey = stages.journey
    left join last_stages
        on
            groups_begun.month = last_stages.month
            and groups_begun.territory = last_stages.territory
            and groups_begun.journey = last_stages.journey
            and stages.stage_number <= last_stages.last_stage_number

),

fct_stage_losses as (

    select
        month,
        territory,
        journey,
        stage,
        cast(stage_number as {{ dbt.type_bigint() }}) as stage_number,
        cast(coalesce(sum(journeys), 0) as {{ dbt.type_bigint() }}) as entered,
        cast(sum(case when is_lost then journeys else 0 end) as {{ dbt.type_bigint() }}) as lost,
        cast(sum(case when is_lost then start_value else 0 end) as {{ money_type() }})
            as value_lost,
        cast(sum(case when is_lost then unpriced else 0 end) as {{ dbt.type_bigint() }})
            as unpriced
    from passed
    group by month, territory, journey, stage, stage_number

)

select * from fct_stage_losses
