-- One row per customer and month in which the customer is active and a fit is known: value at risk
-- over the quarters ahead.

{% set drivers = cvar_drivers() -%}
with

quarters as (

    select * from {{ ref('int_cvar_quarters_scored') }}

),

summed as (

    select
        customer_id,
        month,
        keeps_experience,
        {% for quarter in [1, 2, 3, 4] -%}
        max(case when quarter = {{ quarter }} then retained_share end)
            as retained_share_q{{ quarter }},
        max(case when quarter = {{ quarter }} then reference_share end)
            as reference_share_q{{ quarter }},
        {% endfor -%}
        sum(forward_value) as forward_value,
        sum(gross_cvar) as gross_cvar,
        {{ var('confidence_z') }} * sum(gross_cvar_error) as gross_cvar_margin,
        sum(experience_gap) as experience_gap,
        {{ var('confidence_z') }} * sum(experience_gap_error) as experience_gap_margin,
        {% for driver in drivers -%}
        sum(
            contribution_{{ drivers[:loop.index] | join(' + contribution_') }}
        ) as until_{{ driver }},
        {% endfor -%}
        cast(sum(gross_cvar) as double) / nullif(cast(sum(forward_value) as double), 0) as cvar_rate
    from quarters
    group by customer_id, month, keeps_experience

),

-- The contributions are differences of rounded running totals: they add up to the gap to the cent.
rounded as (

    select
        *,
        0 as cents_until_nothing,
        {% for driver in drivers[:-1] -%}
        cast(until_{{ driver }} as {{ money_type() }}) as cents_until_{{ driver }},
        {% endfor -%}
        cast(experience_gap as {{ money_type() }}) as cents_until_{{ drivers[-1] }}
    from summed

),

cvar_scored as (

    select
        customer_id,
        month,
        keeps_experience,
        {% for quarter in [1, 2, 3, 4] -%}
        retained_share_q{{ quarter }},
        reference_share_q{{ quarter }},
        {% endfor -%}
        cast(gross_cvar as {{ money_type() }}) as gross_cvar,
        cast(greatest(0, gross_cvar - gross_cvar_margin) as {{ money_type() }}) as gross_cvar_low,
        cast(least(forward_value, gross_cvar + gross_cvar_margin) as {{ money_type() }})
            as gross_cvar_high,
        cast(experience_gap as {{ money_type() }}) as experience_gap,
        cast(greatest(0, experience_gap - experience_gap_margin) as {{ money_type() }})
            as experience_cvar_low,
        cast(greatest(0, experience_gap + experience_gap_margin) as {{ money_type() }})
            as experience_cvar_high,
        {% for driver in drivers -%}
        cents_until_{{ driver }} - cents_until_{{ (['nothing'] + drivers)[loop.index0] }}
            as contribution_{{ driver }},
        {% endfor -%}
        cast(forward_value as {{ money_type() }}) as forward_value,
        cvar_rate
    from rounded

)

select * from cvar_scored
