-- One row per fill: the paid, unreversed primary claim that stands for a shipment, priced.

with

primary_claims as (

    select * from {{ ref('int_primary_claims') }}

),

enrollments as (

    select * from {{ ref('stg_access__enrollments') }}

),

prices as (

    select * from {{ ref('stg_access__prices') }}

),

npis_matched as (

    select * from {{ ref('int_npis_matched') }}

),

ndcs_matched as (

    select * from {{ ref('int_ndcs_matched') }}

),

reporting_period as (

    select * from {{ ref('int_reporting_period') }}

),

standing_claims as (

    select
        primary_claims.*,
        reporting_period.as_of_date,
        row_number() over (
            partition by primary_claims.fill_id
            order by
                primary_claims.transaction_at desc,
                primary_claims.modified_at desc nulls last,
                primary_claims.payer_sequence desc nulls last
        ) as claim_rank
    from primary_claims
    cross join reporting_period
    where
        primary_claims.is_paid
        and primary_claims.shipped_on <= reporting_period.as_of_date
        and coalesce(primary_claims.fill_reversed_at <= primary_claims.transaction_at, true)

),

price_ranges as (

    select
        ndc,
        payer_type,
        net_unit_price,
        margin_rate,
        valid_from,
        lead(valid_from) over (partition by ndc, payer_type order by valid_from) as valid_before
    from prices

),

-- A payer type's own price goes before the price for every payer type.
priced as (

    select
        standing_claims.fill_id,
        npis_matched.customer_id,
        enrollments.case_id,
        ndcs_matched.product_id,
        standing_claims.ndc,
        standing_claims.patient_key,
        standing_claims.pharmacy_id,
        standing_claims.rx_number,
        enrollments.payer_type,
        standing_claims.dispense_type,
        standing_claims.fill_number,
        standing_claims.quantity,
        case
            when standing_claims.days_supply > 0 then standing_claims.days_supply
            else {{ var('default_days_supply') }}
        end as days_supply,
        standing_claims.dispense_type in ('PAP', 'BRIDGE', 'QUICK_START') as is_free_goods,
        coalesce(own_prices.net_unit_price, general_prices.net_unit_price) as net_unit_price,
        coalesce(own_prices.margin_rate, general_prices.margin_rate) as margin_rate,
        standing_claims.shipped_on,
        case
            when standing_claims.delivered_on <= standing_claims.as_of_date
                then standing_claims.delivered_on
        end as delivered_on,
        standing_claims.transaction_at,
        standing_claims.source_row_id
    from standing_claims
    left join npis_matched
        on standing_claims.prescriber_npi = npis_matched.npi
    left join enrollments
        on standing_claims.case_id = enrollments.case_id
    left join ndcs_matched
        on standing_claims.ndc = ndcs_matched.ndc
    left join price_ranges as own_prices
        on
            standing_claims.ndc = own_prices.ndc
            and enrollments.payer_type = own_prices.payer_type
            and standing_claims.shipped_on >= own_prices.valid_from
            and standing_claims.shipped_on < coalesce(own_prices.valid_before, date '9999-12-31')
    left join price_ranges as general_prices
        on
            standing_claims.ndc = general_prices.ndc
            and general_prices.payer_type is null
            and standing_claims.shipped_on >= general_prices.valid_from
            and standing_claims.shipped_on
            < coalesce(general_prices.valid_before, date '9999-12-31')
    where standing_claims.claim_rank = 1

),

valued as (

    select
        *,
        cast(
            case
                when is_free_goods then 0
                else coalesce(round(quantity * net_unit_price, 2), 0)
            end as {{ money_type() }}
        ) as net_value
    from priced

),

previous_fills as (

    select
        *,
        lag(shipped_on) over fills_of_patient as previous_shipped_on,
        lag(pharmacy_id) over fills_of_patient as previous_pharmacy_id,
        row_number() over (
            partition by case_id
            order by shipped_on, transaction_at, pharmacy_id nulls first, rx_number, fill_number
        ) as case_fill_rank
    from valued
    window fills_of_patient as (
        partition by patient_key, coalesce(product_id, ndc)
        order by shipped_on, transaction_at, pharmacy_id nulls first, rx_number, fill_number
    )

),

fills_resolved as (

    select
        fill_id,
        customer_id,
        case_id,
        product_id,
        ndc,
        patient_key,
        pharmacy_id,
        case when patient_key is not null then previous_pharmacy_id end as previous_pharmacy_id,
        payer_type,
        dispense_type,
        fill_number,
        quantity,
        days_supply,
        net_unit_price,
        net_value,
        cast(coalesce(round(net_value * margin_rate, 2), 0) as {{ money_type() }}) as margin,
        is_free_goods,
        patient_key is not null
        and coalesce(
            {{ dbt.datediff('previous_shipped_on', 'shipped_on', 'day') }}
            >= {{ var('start_gap_days') }},
            true
        ) as is_start,
        case_id is not null and case_fill_rank = 1 as is_first_fill_of_case,
        shipped_on,
        delivered_on,
        source_row_id
    from previous_fills

)

select * from fills_resolved
