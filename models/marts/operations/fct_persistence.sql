-- One row per month of the first shipment (null for all), product (and all) and month on therapy in
-- which somebody was at risk of stopping: how many were, and how many stopped.

{% set month_days = var('therapy_month_days') -%}
with

cases as (

    select * from {{ ref('int_cases_resolved') }}

),

therapies as (

    select * from {{ ref('int_therapies_followed') }}

),

generated_series as (

    {{ dbt.generate_series(var('therapy_months')) | indent }}

),

therapy_months as (

    select
        generated_number as month_on_therapy,
        {{ month_days }} * (generated_number - 1) as begins_after,
        {{ month_days }} * generated_number as ends_after
    from generated_series

),

started as (

    select
        cases.product_id,
        nullif(cases.close_reason, 'STARTED') as close_reason,
        cast({{ dbt.date_trunc('month', 'cases.first_shipped_on') }} as date) as cohort_month,
        therapies.stops_after,
        therapies.days_followed,
        cast(therapies.pdc as {{ fraction_sum_type() }}) as pdc
    from cases
    inner join therapies
        on cases.case_id = therapies.case_id
    where
        cases.is_start_journey
        and cases.outcome = 'started'

),

scoped as (

    {% for cohort_month in ['cohort_month', 'cast(null as date)'] -%}
    {% set is_last_cohort = loop.last -%}
    {% for product_id in ['product_id', "'all'"] -%}
    select
        {{ cohort_month }} as cohort_month,
        {{ product_id }} as product_id,
        close_reason,
        stops_after,
        days_followed,
        pdc
    from started
    {% if product_id == 'product_id' -%}
    where product_id is not null
    {% endif -%}
    {% if not (is_last_cohort and loop.last) -%}
    union all
    {% endif -%}
    {% endfor -%}
    {% endfor %}
),

-- Who stopped, or is followed to a day before the month begins, is no longer at risk in it.
at_risk_months as (

    select
        scoped.cohort_month,
        scoped.product_id,
        therapy_months.month_on_therapy,
        scoped.pdc,
        case when scoped.stops_after <= therapy_months.ends_after then scoped.close_reason end
            as stop_reason,
        coalesce(scoped.stops_after <= therapy_months.ends_after, false) as is_stopped,
        scoped.days_followed < therapy_months.ends_after as is_followed_no_further
    from scoped
    inner join therapy_months
        on
            scoped.days_followed >= therapy_months.begins_after
            and coalesce(scoped.stops_after > therapy_months.begins_after, true)

),

reasons as (

    select
        cohort_month,
        product_id,
        month_on_therapy,
        stop_reason,
        count(*) as at_risk,
        count(case when is_stopped then 1 end) as stopped,
        count(case when is_followed_no_further and not is_stopped then 1 end) as censored,
        sum(pdc) as pdc_sum,
        count(pdc) as pdc_cases
    from at_risk_months
    group by cohort_month, product_id, month_on_therapy, stop_reason

),

ranked_reasons as (

    select
        *,
        row_number() over (
            partition by cohort_month, product_id, month_on_therapy
            order by
                case when stop_reason is null then 1 else 0 end asc,
                stopped desc,
                stop_reason asc
        ) as reason_rank
    from reasons

),

life_table as (

    select
        cohort_month,
        product_id,
        month_on_therapy,
        sum(at_risk) as at_risk,
        sum(stopped) as stopped,
        sum(censored) as censored,
        cast(sum(pdc_sum) as double) / nullif(sum(pdc_cases), 0) as pdc_mean,
        max(case when reason_rank = 1 then stop_reason end) as main_close_reason
    from ranked_reasons
    group by cohort_month, product_id, month_on_therapy

),

-- Everybody is at risk in the first month: its mean is the cohort's.
fct_persistence as (

    select
        cohort_month,
        product_id,
        cast(month_on_therapy as {{ dbt.type_bigint() }}) as month_on_therapy,
        cast(at_risk as {{ dbt.type_bigint() }}) as at_risk,
        cast(stopped as {{ dbt.type_bigint() }}) as stopped,
        cast(censored as {{ dbt.type_bigint() }}) as censored,
        cast({{ survival('stopped', 'at_risk', 'up_to_here') }} as double) as survival,
        max(case when month_on_therapy = 1 then pdc_mean end) over up_to_here as pdc_mean,
        main_close_reason
    from life_table
    window up_to_here as (
        partition by cohort_month, product_id
        order by month_on_therapy
        rows between unbounded preceding and current row
    )

)

select * from fct_persistence
