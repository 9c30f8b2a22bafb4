-- One row per customer and month, from the month of the customer's first event to the last month.

with

valued as (

    select * from {{ ref('int_customer_months_valued') }}

),

pipeline as (

    select * from {{ ref('int_pipeline_valued') }}

),

profiles as (

    select * from {{ ref('int_customer_months_profiled') }}

),

peers as (

    select
        valued.month,
        profiles.specialty,
        profiles.segment,
        percentile_cont({{ var('headroom_percentile') }}) within group (
            order by valued.run_rate
        ) as high_run_rate
    from valued
    inner join profiles
        on
            valued.customer_id = profiles.customer_id
            and valued.month = profiles.month
    where valued.is_active
    group by valued.month, profiles.specialty, profiles.segment

),

-- The share of a year that each quarter ahead is worth today adds up to the same for everyone.
with_forward_value as (

    select
        *,
        cast(
            case
                when is_active
                    then {{ forward_value('run_rate') }}
                else 0
            end as {{ money_type() }}
        ) as forward_value
    from valued

),

fct_customer_value as (

    select
        with_forward_value.customer_id,
        with_forward_value.month,
        profiles.specialty,
        profiles.segment,
        profiles.territory,
        profiles.state,
        with_forward_value.accrued_value,
        with_forward_value.realized_value,
        with_forward_value.run_rate,
        with_forward_value.forward_value,
        coalesce(pipeline.pipeline_value, 0) as pipeline_value,
        cast(
            with_forward_value.realized_value + with_forward_value.forward_value
            + coalesce(pipeline.pipeline_value, 0) as {{ money_type() }}
        ) as customer_value,
        cast(
            case
                when peers.high_run_rate is not null
                    then greatest(0, peers.high_run_rate - with_forward_value.run_rate)
            end as {{ run_rate_type() }}
        ) as headroom,
        coalesce(pipeline.open_cases, 0) as open_cases,
        coalesce(pipeline.unpriced_cases, 0) as unpriced_cases,
        with_forward_value.is_active,
        with_forward_value.lapsed,
        with_forward_value.is_writer_silent
    from with_forward_value
    left join pipeline
        on
            with_forward_value.customer_id = pipeline.customer_id
            and with_forward_value.month = pipeline.month
    left join profiles
        on
            with_forward_value.customer_id = profiles.customer_id
            and with_forward_value.month = profiles.month
    left join peers
        on
            with_forward_value.month = peers.month
            and profiles.specialty = peers.specialty
            and profiles.segment = peers.segment

)

select * from fct_customer_value
