-- One row per pharmacy, month and product with anything to count: patients lost after coverage,
-- shipping, reversals and transfers.

{% set limits = {
    'funnel_lower_95': (var('confidence_z'), -1),
    'funnel_upper_95': (var('confidence_z'), 1),
    'funnel_lower_998': (3.090232306167813, -1),
    'funnel_upper_998': (3.090232306167813, 1),
} -%}
{% set counts_of = {
    'covered': ['covered_cases', 'mature_covered_cases', 'lost_after_coverage'],
    'triaged': ['triaged_cases'],
    'shipped': ['fills', 'delivered_fills', 'transfers_in'],
    'reversed': ['reversed_fills'],
    'transferred': ['transfers_out'],
} -%}
with

cases as (

    select * from {{ ref('int_cases_followed') }}

),

case_pharmacies as (

    select * from {{ ref('int_case_pharmacies') }}

),

steps as (

    select * from {{ ref('int_case_steps') }}

),

fills as (

    select * from {{ ref('int_fills_resolved') }}

),

fills_reversed as (

    select * from {{ ref('int_fills_reversed') }}

),

reporting_period as (

    select * from {{ ref('int_reporting_period') }}

),

triages as (

    select
        case_id,
        min(entered_at) as triaged_at
    from steps
    where step = 'sp_triaged'
    group by case_id

),

journeys as (

    select
        coalesce(case_pharmacies.pharmacy_id, 'unassigned') as pharmacy_id,
        coalesce(cases.product_id, 'unassigned') as product_id,
        cases.outcome,
        cases.coverage_ready_at,
        cases.first_shipped_on,
        triages.triaged_at,
        cast(cases.coverage_ready_at as date)
        <= {{ dbt.dateadd('day', 0 - var('maturity_days'), 'reporting_period.as_of_date') }}
            as is_mature
    from cases
    cross join reporting_period
    left join case_pharmacies
        on cases.case_id = case_pharmacies.case_id
    left join triages
        on cases.case_id = triages.case_id
    where cases.is_start_journey

),

covered as (

    select
        pharmacy_id,
        cast({{ dbt.date_trunc('month', 'coverage_ready_at') }} as date) as month,
        product_id,
        count(*) as covered_cases,
        count(case when is_mature then 1 end) as mature_covered_cases,
        count(case when is_mature and outcome <> 'started' then 1 end) as lost_after_coverage
    from journeys
    where coverage_ready_at is not null
    group by
        pharmacy_id,
        cast({{ dbt.date_trunc('month', 'coverage_ready_at') }} as date),
        product_id

),

triaged as (

    select
        pharmacy_id,
        cast({{ dbt.date_trunc('month', 'first_shipped_on') }} as date) as month,
        product_id,
        count(*) as triaged_cases,
        percentile_cont(0.5) within group (
            order by
                greatest({{ dbt.datediff('triaged_at', 'first_shipped_on', 'day') }}, 0)
        ) as triage_to_ship_days_median
    from journeys
    where
        first_shipped_on is not null
        and triaged_at is not null
    group by
        pharmacy_id,
        cast({{ dbt.date_trunc('month', 'first_shipped_on') }} as date),
        product_id

),

-- Between pharmacies that are both known: where the feed does not say, nobody is known to have
-- moved.
shipments as (

    select
        coalesce(pharmacy_id, 'unassigned') as pharmacy_id,
        case when previous_pharmacy_id <> pharmacy_id then previous_pharmacy_id end
            as left_pharmacy_id,
        cast({{ dbt.date_trunc('month', 'shipped_on') }} as date) as month,
        coalesce(product_id, 'unassigned') as product_id,
        greatest({{ dbt.datediff('shipped_on', 'delivered_on', 'day') }}, 0) as days_to_deliver,
        delivered_on
    from fills

),

shipped as (

    select
        pharmacy_id,
        month,
        product_id,
        count(*) as fills,
        count(delivered_on) as delivered_fills,
        count(left_pharmacy_id) as transfers_in,
        percentile_cont(0.5) within group (
            order by case when delivered_on is not null then days_to_deliver end
        ) as ship_to_delivery_days_median
    from shipments
    group by pharmacy_id, month, product_id

),

reversed as (

    select
        coalesce(pharmacy_id, 'unassigned') as pharmacy_id,
        cast({{ dbt.date_trunc('month', 'reversed_on') }} as date) as month,
        coalesce(product_id, 'unassigned') as product_id,
        count(*) as reversed_fills
    from fills_reversed
    group by
        coalesce(pharmacy_id, 'unassigned'),
        cast({{ dbt.date_trunc('month', 'reversed_on') }} as date),
        coalesce(product_id, 'unassigned')

),

transferred as (

    select
        left_pharmacy_id as pharmacy_id,
        month,
        product_id,
        count(*) as transfers_out
    from shipments
    where left_pharmacy_id is not null
    group by left_pharmacy_id, month, product_id

),

pharmacy_months as (

    {% for counted in counts_of -%}
    select
        pharmacy_id,
        month,
        product_id
    from {{ counted }}
    {% if not loop.last -%}
    union distinct
    {% endif -%}
    {% endfor %}
),

counted as (

    select
        pharmacy_months.pharmacy_id,
        pharmacy_months.month,
        pharmacy_months.product_id,
        {% for table, counts in counts_of.items() -%}
        {% for count in counts -%}
        coalesce({{ table }}.{{ count }}, 0) as {{ count }},
        {% endfor -%}
        {% endfor -%}
        triaged.triage_to_ship_days_median,
        shipped.ship_to_delivery_days_median
    from pharmacy_months
    {% for table in counts_of -%}
    left join {{ table }}
        on
            pharmacy_months.pharmacy_id = {{ table }}.pharmacy_id
            and pharmacy_months.month = {{ table }}.month
            and pharmacy_months.product_id = {{ table }}.product_id
    {% endfor %}
),

pooled as (

    select
        *,
        cast(sum(lost_after_coverage) over (partition by month, product_id) as double)
        / nullif(sum(mature_covered_cases) over (partition by month, product_id), 0)
            as pooled_lost_share
    from counted

),

limited as (

    select
        *,
        {% for limit, (z, side) in limits.items() -%}
        case
            when mature_covered_cases > 0
                then {{ funnel_limit('pooled_lost_share', 'mature_covered_cases', z, side) }}
        end as {{ limit }},
        {% endfor -%}
        cast(lost_after_coverage as double) / nullif(mature_covered_cases, 0) as lost_share
    from pooled

),

-- The tolerance keeps a share that lies on a limit from passing it by rounding.
fct_pharmacy_performance as (

    select
        pharmacy_id,
        month,
        product_id,
        covered_cases,
        mature_covered_cases,
        lost_after_coverage,
        lost_share,
        pooled_lost_share,
        {{ limits | join(',\n        ') }},
        case
            when lost_share is null then null
            when lost_share < funnel_lower_998 - 1e-12 then 'below'
            when lost_share > funnel_upper_998 + 1e-12 then 'above'
            when lost_share < funnel_lower_95 - 1e-12 then 'low'
            when lost_share > funnel_upper_95 + 1e-12 then 'high'
            else 'within'
        end as funnel_position,
        triaged_cases,
        triage_to_ship_days_median,
        fills,
        delivered_fills,
        ship_to_delivery_days_median,
        reversed_fills,
        transfers_out,
        transfers_in
    from limited

)

select * from fct_pharmacy_performance
