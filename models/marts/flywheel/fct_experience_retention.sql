-- One row per month, from the first whose quarter before lies behind the dawn of the extracts: what
-- was kept of it by customers served well, and by those served less well.

with

months as (

    select * from {{ ref('int_months') }}

),

valued as (

    select * from {{ ref('int_customer_months_valued') }}

),

relationships as (

    select * from {{ ref('int_relationships_scored') }}

),

months_to_compare as (

    select month
    from months
    where
        month_number
        > {{ var('calibration_skipped_months') }} + {{ var('active_window_months') }}

),

banded as (

    select
        valued.customer_id,
        valued.month,
        valued.active_window_value,
        relationships.band
    from valued
    left join relationships
        on
            valued.customer_id = relationships.customer_id
            and valued.month = relationships.month

),

-- The panel has no gaps, so that so many rows before are so many months before. Who served a
-- customer how is asked before the outcome: a band of the closing quarter would know it.
quarters as (

    select
        month,
        active_window_value as closing,
        lag(active_window_value, {{ var('active_window_months') }}) over (
            partition by customer_id
            order by month
        ) as opening,
        lag(band, {{ var('active_window_months') }}) over (
            partition by customer_id
            order by month
        ) as opening_band
    from banded

),

-- What a customer grew by makes up for nobody else's loss.
kept as (

    select
        month,
        opening,
        least(closing, opening) as kept,
        case
            when opening_band in ('strong', 'steady') then 'well'
            else 'less'
        end as served
    from quarters
    where
        opening > 0
        and opening_band <> 'unrated'

),

-- Squares of money add up exactly as decimals. They have to be wide ones: DuckDB keeps the product
-- of two short ones within 18 digits, and the square of ten million does not fit.
groups_summed as (

    select
        month,
        served,
        count(*) as customers,
        sum(opening) as opening,
        sum(kept) as kept,
        cast(sum(opening) as double) as opening_total,
        cast(sum(kept) as double) / cast(sum(opening) as double) as retention,
        cast(sum(cast(opening as {{ wide_money_type() }}) * opening) as double) as opening_squares,
        cast(sum(cast(kept as {{ wide_money_type() }}) * opening) as double) as products,
        cast(sum(cast(kept as {{ wide_money_type() }}) * kept) as double) as kept_squares
    from kept
    group by month, served

),

-- Linearised variance of a ratio of sums (Cochran 1977): squares of what each customer kept above
-- or below the group's share of the customer's own opening, multiplied out.
groups_rated as (

    select
        month,
        served,
        customers,
        opening,
        kept,
        retention,
        case
            when customers >= {{ var('spread_min_customers') }}
                then
                    greatest(
                        kept_squares
                        - 2 * retention * products
                        + retention * retention * opening_squares,
                        0
                    )
                    / (opening_total * opening_total)
                    * customers / nullif(customers - 1, 0)
        end as variance
    from groups_summed

),

compared as (

    select
        months_to_compare.month,
        well_served.customers as well_served_customers,
        well_served.opening as well_served_opening,
        well_served.kept as well_served_kept,
        less_served.customers as less_served_customers,
        less_served.opening as less_served_opening,
        less_served.kept as less_served_kept,
        well_served.retention as well_served_retention,
        less_served.retention as less_served_retention,
        well_served.retention - less_served.retention as retention_difference,
        {{ var('confidence_z') }}
        * sqrt(well_served.variance + less_served.variance) as margin
    from months_to_compare
    left join groups_rated as well_served
        on
            months_to_compare.month = well_served.month
            and well_served.served = 'well'
    left join groups_rated as less_served
        on
            months_to_compare.month = less_served.month
            and less_served.served = 'less'

),

fct_experience_retention as (

    select
        month,
        {% for group in ['well_served', 'less_served'] -%}
        coalesce({{ group }}_customers, 0) as {{ group }}_customers,
        cast(coalesce({{ group }}_opening, 0) as {{ money_type() }}) as {{ group }}_opening,
        cast(coalesce({{ group }}_kept, 0) as {{ money_type() }}) as {{ group }}_kept,
        {% endfor -%}
        well_served_retention,
        less_served_retention,
        retention_difference,
        retention_difference - margin as retention_difference_low,
        retention_difference + margin as retention_difference_high
    from compared

)

select * from fct_experience_retention
