-- One row per month of receipt (null for all), payer type (and all) and day after receipt on which
-- a case left the wait: how many still waited, and what the wait ended in.

with

waits as (

    select * from {{ ref('int_therapy_waits_estimated') }}

),

fct_time_to_therapy as (

    select
        received_month,
        payer_type,
        days,
        at_risk,
        delivered,
        denied,
        abandoned,
        other,
        censored,
        survival,
        standard_error,
        survival_lower,
        survival_upper,
        still_waiting,
        incidence_delivered,
        incidence_denied,
        incidence_abandoned,
        incidence_other
    from waits

)

select * from fct_time_to_therapy
