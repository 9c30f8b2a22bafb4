-- One row per customer and month: what of the forward value is at risk, and how much of that goes
-- with experience below its promise level.

with

assessed as (

    select * from {{ ref('int_cvar_assessed') }}

),

fct_cvar as (

    select
        customer_id,
        month,
        specialty,
        segment,
        territory,
        state,
        calibration_status,
        retained_share_q1,
        retained_share_q2,
        retained_share_q3,
        retained_share_q4,
        reference_share_q1,
        reference_share_q2,
        reference_share_q3,
        reference_share_q4,
        gross_cvar,
        gross_cvar_low,
        gross_cvar_high,
        experience_cvar,
        experience_cvar_low,
        experience_cvar_high,
        value_protected,
        cvar_rate,
        recoverable_cvar,
        model_version,
        fitted_as_of
    from assessed

)

select * from fct_cvar
