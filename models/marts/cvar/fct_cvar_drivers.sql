-- One row per customer, month and driver, where the customer is active and the fit in force found
-- an experience effect: the driver's part of experience CVAR less value protected.

with

scored as (

    select * from {{ ref('int_cvar_scored') }}

),

profiles as (

    select * from {{ ref('int_customer_months_profiled') }}

),

cvar_drivers as (

    {% for driver in cvar_drivers() -%}
    select
        customer_id,
        month,
        '{{ driver }}' as driver,
        contribution_{{ driver }} as contribution
    from scored
    where keeps_experience
    {% if not loop.last -%}
    union all
    {% endif -%}
    {% endfor %}
),

fct_cvar_drivers as (

    select
        cvar_drivers.customer_id,
        cvar_drivers.month,
        cvar_drivers.driver,
        profiles.specialty,
        profiles.segment,
        profiles.territory,
        profiles.state,
        cast(cvar_drivers.contribution as {{ money_type() }}) as contribution
    from cvar_drivers
    left join profiles
        on
            cvar_drivers.customer_id = profiles.customer_id
            and cvar_drivers.month = profiles.month

)

select * from fct_cvar_drivers
