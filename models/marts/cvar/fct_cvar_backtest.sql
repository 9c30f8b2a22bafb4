-- One row per snapshot month, quarter ahead and health band (and all): what was predicted to be
-- lost, and what was.

{% set fifths = [] -%}
{% for trait in ['recency', 'frequency', 'monetary'] -%}
    {% do fifths.append(integer_divide(
        '5 * (customers - ' ~ trait ~ '_rank + 1) + customers - 1', 'customers'
    )) -%}
{% endfor -%}
{% set captures = [
    ('top_decile_capture', 'place'),
    ('top_decile_capture_by_value', 'place_by_value'),
    ('top_decile_capture_by_rfm', 'place_by_rfm'),
] -%}
with

quarters as (

    select * from {{ ref('int_cvar_quarters_scored') }}

),

valued as (

    select * from {{ ref('int_customer_months_valued') }}

),

relationships as (

    select * from {{ ref('int_relationships_scored') }}

),

ranked as (

    select
        customer_id,
        month,
        count(*) over (partition by month) as customers,
        rank() over (
            partition by month
            order by months_since_last_fill
        ) as recency_rank,
        rank() over (
            partition by month
            order by realized_window_fills desc
        ) as frequency_rank,
        rank() over (
            partition by month
            order by realized_value desc
        ) as monetary_rank
    from valued
    where is_active

),

-- Recency, frequency, monetary value: fifths 1 to 5 each, of all active customers of the month.
rfm as (

    select
        customer_id,
        month,
        {{ fifths | join('\n        + ') }} as rfm_score
    from ranked

),

outcomes as (

    select
        quarters.month,
        quarters.quarter,
        quarters.customer_id,
        relationships.band,
        quarters.run_rate,
        rfm.rfm_score,
        -- A sum of doubles would depend on the order of its rows.
        {% for amount in ['predicted_loss', 'realized_loss', 'expected_value'] -%}
        cast(quarters.{{ amount }} as {{ run_rate_type() }}) as {{ amount }},
        {% endfor -%}
        -- Equal losses that rounding of doubles tells apart are still a tie.
        cast(quarters.predicted_loss as {{ fine_money_type() }}) as fine_predicted_loss,
        cast(quarters.realized_loss as {{ fine_money_type() }}) as fine_realized_loss,
        quarters.actual_value
    from quarters
    inner join relationships
        on
            quarters.customer_id = relationships.customer_id
            and quarters.month = relationships.month
    inner join rfm
        on
            quarters.customer_id = rfm.customer_id
            and quarters.month = rfm.month
    where quarters.realized_loss is not null

),

in_bands as (

    select * from outcomes
    union all
    select
        month,
        quarter,
        customer_id,
        'all' as band,
        run_rate,
        rfm_score,
        predicted_loss,
        realized_loss,
        expected_value,
        fine_predicted_loss,
        fine_realized_loss,
        actual_value
    from outcomes

),

placed as (

    select
        *,
        count(*) over (partition by month, quarter, band) as customers,
        row_number() over (
            partition by month, quarter, band
            order by predicted_loss desc, customer_id asc
        ) as place,
        row_number() over (
            partition by month, quarter, band
            order by run_rate desc, customer_id asc
        ) as place_by_value,
        row_number() over (
            partition by month, quarter, band
            order by rfm_score desc, run_rate desc, customer_id asc
        ) as place_by_rfm,
        {{ centred_rank('fine_predicted_loss', ['month', 'quarter', 'band']) }} as predicted_rank,
        {{ centred_rank('fine_realized_loss', ['month', 'quarter', 'band']) }} as realized_rank
    from in_bands

),

summed as (

    select
        month,
        quarter,
        band,
        count(*) as customers,
        sum(predicted_loss) as predicted_loss,
        sum(realized_loss) as realized_loss,
        sum(expected_value) as expected_value,
        sum(actual_value) as actual_value,
        sum(abs(expected_value - actual_value)) as absolute_error,
        {% for capture, place in captures -%}
        sum(case when 10 * ({{ place }} - 1) < customers then realized_loss else 0 end)
            as {{ capture }}_loss,
        {% endfor -%}
        {{ rank_correlation('predicted_rank', 'realized_rank') }} as spearman
    from placed
    group by month, quarter, band

),

fct_cvar_backtest as (

    select
        month,
        quarter,
        band,
        customers,
        cast(predicted_loss as {{ money_type() }}) as predicted_loss,
        cast(realized_loss as {{ money_type() }}) as realized_loss,
        cast(predicted_loss as double) / nullif(cast(realized_loss as double), 0)
            as calibration_ratio,
        cast(expected_value as {{ money_type() }}) as expected_value,
        cast(actual_value as {{ money_type() }}) as actual_value,
        cast(absolute_error as double) / nullif(cast(actual_value as double), 0) as wape,
        {% for capture, _ in captures -%}
        cast({{ capture }}_loss as double) / nullif(cast(realized_loss as double), 0)
            as {{ capture }},
        {% endfor -%}
        spearman
    from summed

)

select * from fct_cvar_backtest
