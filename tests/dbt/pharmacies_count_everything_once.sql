-- Months and products whose pharmacies do not ship all fills between them, do not have all covered
-- cases, or do not receive the patients that others lose.

with

pharmacies as (

    select * from {{ ref('fct_pharmacy_performance') }}

),

fills as (

    select * from {{ ref('fct_fills') }}

),

journeys as (

    select * from {{ ref('fct_fulfillment_journeys') }}

),

all_counts as (

    select
        month,
        product_id,
        fills,
        covered_cases,
        transfers_in - transfers_out as transfers
    from pharmacies
    union all
    select
        cast({{ dbt.date_trunc('month', 'shipped_on') }} as date) as month,
        coalesce(product_id, 'unassigned') as product_id,
        -1 as fills,
        0 as covered_cases,
        0 as transfers
    from fills
    union all
    select
        cast({{ dbt.date_trunc('month', 'coverage_ready_at') }} as date) as month,
        coalesce(product_id, 'unassigned') as product_id,
        0 as fills,
        -1 as covered_cases,
        0 as transfers
    from journeys
    where
        is_start_journey
        and coverage_ready_at is not null

)

select
    month,
    product_id,
    sum(fills) as fills_off,
    sum(covered_cases) as covered_cases_off,
    sum(transfers) as transfers_off
from all_counts
group by month, product_id
having
    sum(fills) <> 0
    or sum(covered_cases) <> 0
    or sum(transfers) <> 0
