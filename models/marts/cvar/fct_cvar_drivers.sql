-- One row per customer, month and driver, where the customer is active and the fit in force found
-- an experience effect: the driver's part of experience CVAR less value protected.

with

scored as (

    select * from {{ ref('int_cvar_scored') }}

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
)

select
    customer_id,
    month,
    driver,
    cast(contribution as {{ money_type() }}) as contribution
from cvar_drivers
