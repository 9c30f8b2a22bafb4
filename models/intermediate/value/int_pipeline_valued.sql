-- One row per customer and month at whose end a case of the customer is open: what its open start
-- journeys are expected to bring, and whether any case is open.

with

cases as (

    select * from {{ ref('int_cases_followed') }}

),

months as (

    select * from {{ ref('int_months') }}

),

start_chances as (

    select * from {{ ref('int_start_chances') }}

),

start_values as (

    select * from {{ ref('int_start_values') }}

),

open_cases as (

    select
        cases.case_id,
        cases.customer_id,
        cases.product_id,
        cases.is_start_journey,
        months.month,
        case
            {% for milestone in start_milestones() | reverse -%}
            when cases.{{ milestone }}_at < months.next_month then '{{ milestone }}'
            {% endfor -%}
        end as milestone
    from cases
    inner join months
        on
            cases.received_at < months.next_month
            and coalesce(cases.closed_at >= months.next_month, true)
            and coalesce(cases.first_shipped_on >= months.next_month, true)
    where cases.customer_id is not null

),

expected as (

    select
        open_cases.customer_id,
        open_cases.month,
        open_cases.is_start_journey,
        cast(start_chances.start_share * start_values.start_value as {{ run_rate_type() }})
            as expected_value
    from open_cases
    left join start_chances
        on
            open_cases.month = start_chances.month
            and open_cases.milestone = start_chances.milestone
    left join start_values
        on
            open_cases.month = start_values.month
            and open_cases.product_id = start_values.product_id

),

pipeline_valued as (

    select
        customer_id,
        month,
        count(*) filter (where is_start_journey) as open_cases,
        count(*) filter (where is_start_journey and expected_value is null) as unpriced_cases,
        cast(
            coalesce(sum(case when is_start_journey then expected_value end), 0)
            as {{ money_type() }}
        ) as pipeline_value
    from expected
    group by customer_id, month

)

select * from pipeline_valued
