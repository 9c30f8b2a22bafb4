-- One row per customer and product that an interaction, a hub case or a fill brought together: the
-- stages of the path to prescribe, and where it stands.

with

staged as (

    select * from {{ ref('int_prescribe_journeys_staged') }}

),

fct_prescribe_journeys as (

    select
        customer_id,
        product_id,
        case
            when lapsed_at is not null then 'lapsed'
            when is_writer_silent then 'writer_silent'
            when loyal_at is not null then 'loyal'
            when adopted_at is not null then 'adopted'
            when first_start_at is not null then 'started'
            when first_prescription_at is not null then 'prescribed'
            when engaged_at is not null then 'engaged'
            when reached_at is not null then 'reached'
            else 'none'
        end as stage,
        is_writer_silent,
        reached_at,
        engaged_at,
        first_prescription_at,
        first_start_at,
        adopted_at,
        loyal_at,
        lapsed_at
    from staged

)

select * from fct_prescribe_journeys
