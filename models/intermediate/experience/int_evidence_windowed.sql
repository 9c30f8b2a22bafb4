-- One row per customer and month of the panel: the evidence of the trailing windows.

{% set sums = [
    'trust', 'ease', 'responsiveness', 'sentiment', 'field', 'digital', 'access', 'support'
] -%}
{% set counted = ['trust', 'ease', 'responsiveness', 'sentiment'] -%}
{% set columns = [
    'reciprocity_sum', 'reciprocity_count', 'observation_weight', 'observation_count'
] -%}
{% for name in sums %}{% do columns.extend([name ~ '_sum', name ~ '_weight']) %}{% endfor -%}
{% for name in counted %}{% do columns.append(name ~ '_count') %}{% endfor -%}
{% set year_columns = [
    'observation_sum', 'observation_square_sum', 'observation_weight', 'observation_count'
] -%}
with

customer_months as (

    select * from {{ ref('int_customer_months') }}

),

evidence as (

    select * from {{ ref('int_evidence_monthly') }}

),

cases as (

    select * from {{ ref('int_cases_resolved') }}

),

promises as (

    select * from {{ ref('int_promises_settled') }}

),

reporting_period as (

    select * from {{ ref('int_reporting_period') }}

),

generated_series as (

    {{ dbt.generate_series(12) | indent }}

),

first_months as (

    select
        customer_id,
        min(month) as first_month
    from customer_months
    group by customer_id

),

early_customers as (

    select
        first_months.customer_id,
        first_months.first_month
    from first_months
    inner join evidence
        on
            first_months.customer_id = evidence.customer_id
            and first_months.first_month > evidence.month
    group by first_months.customer_id, first_months.first_month

),

-- A survey or a promise may come before the first event that makes a customer: windows see it, so
-- the months before are windowed too, and dropped at the end.
months_before as (

    select
        early_customers.customer_id,
        cast(
            {{ dbt.dateadd(
                'month',
                'cast(-generated_series.generated_number as ' ~ dbt.type_int() ~ ')',
                'early_customers.first_month'
            ) }} as date
        ) as month
    from early_customers
    cross join generated_series

),

panel as (

    select
        customer_id,
        month,
        true as is_in_panel
    from customer_months
    union all
    select
        customer_id,
        month,
        false as is_in_panel
    from months_before

),

-- A case counts from the month in which it had its chance until it is a year old: it comes into the
-- count once and leaves it once, and so does its start.
case_spans as (

    select
        customer_id,
        cast(
            {{ dbt.date_trunc(
                'month', dbt.dateadd('day', var('maturity_days'), 'cast(received_at as date)')
            ) }} as date
        ) as mature_month,
        cast(
            {{ dbt.date_trunc(
                'month', dbt.dateadd('month', var('fulfillment_window_months'), 'received_at')
            ) }} as date
        ) as leaving_month,
        cast({{ dbt.date_trunc('month', 'first_shipped_on') }} as date) as started_month
    from cases
    where
        is_start_journey
        and customer_id is not null

),

case_changes as (

    select
        customer_id,
        mature_month as month,
        1 as cases,
        0 as starts
    from case_spans
    where mature_month < leaving_month
    union all
    select
        customer_id,
        leaving_month as month,
        -1 as cases,
        0 as starts
    from case_spans
    where mature_month < leaving_month
    union all
    select
        customer_id,
        greatest(mature_month, started_month) as month,
        0 as cases,
        1 as starts
    from case_spans
    where
        started_month is not null
        and greatest(mature_month, started_month) < leaving_month
    union all
    select
        customer_id,
        leaving_month as month,
        0 as cases,
        -1 as starts
    from case_spans
    where
        started_month is not null
        and greatest(mature_month, started_month) < leaving_month

),

case_changes_of_month as (

    select
        customer_id,
        month,
        sum(cases) as cases,
        sum(starts) as starts
    from case_changes
    group by customer_id, month

),

-- Promises of ours that were late for longer than the month in which they were due.
late_promises as (

    select
        promises.customer_id,
        cast({{ dbt.date_trunc('month', 'promises.due_at') }} as date) as due_month,
        cast(
            {{ dbt.date_trunc(
                'month',
                'least('
                ~ 'coalesce(promises.delivered_at, reporting_period.ends_before), '
                ~ 'coalesce(promises.voided_at, reporting_period.ends_before), '
                ~ 'coalesce(cases.closed_at, reporting_period.ends_before))'
            ) }} as date
        ) as ended_month
    from promises
    cross join reporting_period
    left join cases
        on promises.case_id = cases.case_id
    where
        promises.customer_id is not null
        and promises.accountable in ('company', 'partner')
        and promises.promise_id <> 'optout_honoured'
        and promises.due_at < reporting_period.ends_before

),

months_overdue as (

    select
        late_promises.customer_id,
        cast(
            {{ dbt.dateadd(
                'month',
                'cast(generated_series.generated_number - 1 as ' ~ dbt.type_int() ~ ')',
                'late_promises.due_month'
            ) }} as date
        ) as month
    from late_promises
    inner join generated_series
        on
            generated_series.generated_number <= {{ var('health_window_months') }}
            and {{ dbt.datediff('late_promises.due_month', 'late_promises.ended_month', 'month') }}
            >= generated_series.generated_number

),

overdue as (

    select
        customer_id,
        month,
        count(*) as overdue_promises
    from months_overdue
    group by customer_id, month

),

joined as (

    select
        panel.customer_id,
        panel.month,
        panel.is_in_panel,
        {% for column in columns + year_columns | reject('in', columns) | list -%}
        evidence.{{ column }},
        {% endfor -%}
        evidence.customer_minutes,
        case_changes_of_month.cases,
        case_changes_of_month.starts,
        overdue.overdue_promises
    from panel
    left join evidence
        on
            panel.customer_id = evidence.customer_id
            and panel.month = evidence.month
    left join case_changes_of_month
        on
            panel.customer_id = case_changes_of_month.customer_id
            and panel.month = case_changes_of_month.month
    left join overdue
        on
            panel.customer_id = overdue.customer_id
            and panel.month = overdue.month

),

windowed as (

    select
        customer_id,
        month,
        is_in_panel,
        {% for column in columns -%}
        coalesce(sum({{ column }}) over health_window, 0) as {{ column }},
        {% endfor -%}
        {% for column in year_columns -%}
        coalesce(sum({{ column }}) over variability_window, 0) as year_{{ column }},
        {% endfor -%}
        coalesce(sum(cases) over until_now, 0) as fulfillment_count,
        coalesce(sum(starts) over until_now, 0) as fulfillment_sum,
        coalesce(customer_minutes, 0) as customer_minutes,
        coalesce(overdue_promises, 0) as overdue_promises
    from joined
    window
        health_window as (
            partition by customer_id
            order by month
            rows between {{ var('health_window_months') - 1 }} preceding and current row
        ),
        variability_window as (
            partition by customer_id
            order by month
            rows between {{ var('variability_window_months') - 1 }} preceding and current row
        ),
        until_now as (
            partition by customer_id
            order by month
            rows between unbounded preceding and current row
        )

),

evidence_windowed as (

    select
        customer_id,
        month,
        {% for name in sums -%}
        cast({{ name }}_sum as {{ evidence_type() }}) as {{ name }}_sum,
        cast({{ name }}_weight as {{ evidence_type() }}) as {{ name }}_weight,
        {% endfor -%}
        {% for column in counted -%}
        cast({{ column }}_count as {{ dbt.type_bigint() }}) as {{ column }}_count,
        {% endfor -%}
        {% for column in [
            'reciprocity_sum', 'reciprocity_count', 'fulfillment_sum', 'fulfillment_count',
            'observation_count', 'year_observation_count', 'customer_minutes', 'overdue_promises',
        ] -%}
        cast({{ column }} as {{ dbt.type_bigint() }}) as {{ column }},
        {% endfor -%}
        cast(observation_weight as {{ evidence_type() }}) as observation_weight,
        cast(year_observation_sum as {{ evidence_type() }}) as year_observation_sum,
        cast(year_observation_square_sum as {{ evidence_type() }}) as year_observation_square_sum,
        cast(year_observation_weight as {{ evidence_type() }}) as year_observation_weight
    from windowed
    where is_in_panel

)

select * from evidence_windowed
