-- Where the fit found an experience effect, each active customer has all six drivers, which add up
-- to experience CVAR less value protected, to the cent. Elsewhere there is none.
{{ config(
    meta={'remedy': 'Correct the models in models/intermediate/cvar: a driver was lost between the '
        ~ 'scores and fct_cvar_drivers, or the cents were rounded twice.'}
) }}
with

cvar as (

    select * from {{ ref('fct_cvar') }}

),

drivers as (

    select * from {{ ref('fct_cvar_drivers') }}

),

customer_value as (

    select * from {{ ref('fct_customer_value') }}

),

experience_reference as (

    select * from {{ ref('experience_reference') }}

),

promised as (

    select count(*) as drivers
    from experience_reference

),

summed as (

    select
        customer_id,
        month,
        count(*) as drivers,
        sum(contribution) as contribution
    from drivers
    group by customer_id, month

),

expected as (

    select
        cvar.customer_id,
        cvar.month,
        cvar.experience_cvar - cvar.value_protected as experience_gap,
        case
            when cvar.calibration_status = 'calibrated' and customer_value.is_active
                then promised.drivers
            else 0
        end as drivers
    from cvar
    inner join customer_value
        on
            cvar.customer_id = customer_value.customer_id
            and cvar.month = customer_value.month
    cross join promised

)

select
    expected.customer_id,
    expected.month,
    expected.drivers,
    summed.drivers as drivers_found,
    expected.experience_gap,
    summed.contribution
from expected
full join summed
    on
        expected.customer_id = summed.customer_id
        and expected.month = summed.month
where
    coalesce(expected.drivers, -1) <> coalesce(summed.drivers, 0)
    or coalesce(expected.experience_gap, 0) <> coalesce(summed.contribution, 0)
