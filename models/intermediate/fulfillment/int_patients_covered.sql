-- One row per customer, product, patient and month with a covered day: the days covered in it.

-- Days that several fills cover count once: ranges are merged before they are cut into months.

with

fills as (

    select * from {{ ref('int_fills_resolved') }}

),

generated_series as (

    {{ dbt.generate_series(1024) | indent }}

),

supplies as (

    select
        customer_id,
        product_id,
        patient_key,
        shipped_on,
        cast(
            {{ dbt.dateadd('day', 'cast(days_supply as ' ~ dbt.type_int() ~ ')', 'shipped_on') }}
            as date
        ) as ends_before
    from fills
    where
        customer_id is not null
        and product_id is not null
        and patient_key is not null

),

supplies_with_reach as (

    select
        *,
        max(ends_before) over (
            partition by customer_id, product_id, patient_key
            order by shipped_on, ends_before
            rows between unbounded preceding and 1 preceding
        ) as covered_before
    from supplies

),

numbered as (

    select
        *,
        sum(case when shipped_on <= covered_before then 0 else 1 end) over (
            partition by customer_id, product_id, patient_key
            order by shipped_on, ends_before
            rows between unbounded preceding and current row
        ) as range_number
    from supplies_with_reach

),

ranges as (

    select
        customer_id,
        product_id,
        patient_key,
        range_number,
        min(shipped_on) as starts_on,
        max(ends_before) as ends_before
    from numbered
    group by customer_id, product_id, patient_key, range_number

),

range_spans as (

    select
        *,
        cast({{ dbt.date_trunc('month', 'starts_on') }} as date) as first_month,
        {{ dbt.datediff(
            'starts_on', dbt.dateadd('day', -1, 'ends_before'), 'month'
        ) }} as months_onward
    from ranges

),

range_months as (

    select
        range_spans.customer_id,
        range_spans.product_id,
        range_spans.patient_key,
        range_spans.starts_on,
        range_spans.ends_before,
        cast(
            {{ dbt.dateadd(
                'month',
                'cast(generated_series.generated_number - 1 as ' ~ dbt.type_int() ~ ')',
                'range_spans.first_month'
            ) }} as date
        ) as month
    from range_spans
    inner join generated_series
        on range_spans.months_onward >= generated_series.generated_number - 1

),

patients_covered as (

    select
        customer_id,
        product_id,
        patient_key,
        month,
        cast(
            sum(
                {{ dbt.datediff(
                    'greatest(starts_on, month)',
                    'least(ends_before, cast(' ~ dbt.dateadd('month', 1, 'month') ~ ' as date))',
                    'day'
                ) }}
            ) as {{ dbt.type_bigint() }}
        ) as covered_days
    from range_months
    group by customer_id, product_id, patient_key, month

)

select * from patients_covered
