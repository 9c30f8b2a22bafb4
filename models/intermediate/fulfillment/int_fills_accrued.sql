-- One row per fill and month in which it covers a day: what of its value and margin accrues there.

-- Months after the panel's last are kept: the parts of a fill add up to its value only with them.

with

fills as (

    select * from {{ ref('int_fills_resolved') }}

),

fill_months as (

    select
        fill_id,
        customer_id,
        product_id,
        patient_key,
        payer_type,
        net_value,
        margin,
        days_supply,
        shipped_on,
        cast({{ dbt.date_trunc('month', 'shipped_on') }} as date) as first_month,
        {{ dbt.datediff(
            'shipped_on',
            dbt.dateadd('day', 'cast(days_supply - 1 as ' ~ dbt.type_int() ~ ')', 'shipped_on'),
            'month'
        ) }} as months_onward
    from fills

),

generated_series as (

    {{ dbt.generate_series(1024) | indent }}

),

spans_met as (

    select distinct months_onward
    from fill_months

),

-- An equality join against this small table replaces a range join of all fills with all months.
spans as (

    select
        spans_met.months_onward,
        generated_series.generated_number - 1 as month_offset
    from spans_met
    inner join generated_series
        on spans_met.months_onward >= generated_series.generated_number - 1

),

months_covered as (

    select
        fill_months.*,
        spans.month_offset,
        cast(
            {{ dbt.dateadd('month', 'cast(spans.month_offset as ' ~ dbt.type_int() ~ ')',
                'fill_months.first_month') }} as date
        ) as month,
        cast(
            {{ dbt.dateadd('month', 'cast(spans.month_offset + 1 as ' ~ dbt.type_int() ~ ')',
                'fill_months.first_month') }} as date
        ) as next_month
    from fill_months
    inner join spans
        on fill_months.months_onward = spans.months_onward

),

days_covered as (

    select
        *,
        case
            when month_offset = 0 then 0
            else {{ dbt.datediff('shipped_on', 'month', 'day') }}
        end as days_before,
        case
            when month_offset = months_onward then days_supply
            else {{ dbt.datediff('shipped_on', 'next_month', 'day') }}
        end as days_until,
        {{ dbt.datediff(
            'shipped_on', 'next_month', 'day'
        ) }} as days_until_month_end
    from months_covered

),

fills_accrued as (

    select
        fill_id,
        month,
        customer_id,
        product_id,
        patient_key,
        payer_type,
        days_until - days_before as covered_days,
        cast(
            {{ value_accrued_by('net_value', 'days_until', 'days_supply') }}
            - {{ value_accrued_by('net_value', 'days_before', 'days_supply') }}
            as {{ money_type() }}
        ) as accrued_value,
        cast(
            {{ value_accrued_by('margin', 'days_until', 'days_supply') }}
            - {{ value_accrued_by('margin', 'days_before', 'days_supply') }}
            as {{ money_type() }}
        ) as accrued_margin,
        cast(
            case
                when days_until = days_until_month_end
                    then
                        {{ value_accrued_by('net_value', 'days_until', 'days_supply') }}
                        - {{ value_accrued_by('net_value', '(days_until - 1)', 'days_supply') }}
                else 0
            end as {{ money_type() }}
        ) as last_day_value
    from days_covered

)

select * from fills_accrued
