-- One row per signal about how an experience felt.

with

observations as (

    select * from {{ ref('int_observations_unioned') }}

),

fct_experience_observations as (

    select
        observation_id,
        customer_id,
        promise_id,
        kind,
        channel_group,
        function,
        touchpoint,
        cast(q_sixtieths as double) / 60 as q,
        weight,
        observed_at,
        source_row_id
    from observations

)

select * from fct_experience_observations
