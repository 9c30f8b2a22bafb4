-- One row per customer and month in which the customer is active and a fit is known: value at risk
-- over the quarters ahead.

{% set drivers = cvar_drivers() -%}
{% set until = {} -%}
{% for driver in drivers -%}
    {% do until.update(
        {driver: 'contribution_' ~ drivers[:loop.index] | join('\n            + contribution_')}
    ) -%}
{% endfor -%}
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
        max(run_rate) as run_rate,
        cast(sum(gross_cvar) as {{ fine_money_type() }}) as gross_cvar,
        cast(
            {{ var('confidence_z') }} * cast(sum(gross_cvar_error) as double)
            as {{ fine_money_type() }}
        ) as gross_cvar_margin,
        cast(sum(experience_gap) as {{ fine_money_type() }}) as experience_gap,
        cast(
            {{ var('confidence_z') }} * cast(sum(experience_gap_error) as double)
            as {{ fine_money_type() }}
        ) as experience_gap_margin,
        {% for driver in drivers -%}
        cast(sum(contribution_{{ driver }}) as {{ fine_money_type() }})
            as contribution_{{ driver }},
        {% endfor -%}
        count(*) as quarters
    from quarters
    group by customer_id, month, keeps_experience

),

-- The contributions are differences of rounded running totals: they add up to the gap to the cent.
rounded as (

    select
        *,
        0 as cents_until_nothing,
        {% for driver in drivers[:-1] -%}
        cast(
            {{ until[driver] }}
            as {{ money_type() }}
        ) as cents_until_{{ driver }},
        {% endfor -%}
        cast(experience_gap as {{ money_type() }}) as cents_until_{{ drivers[-1] }},
        cast({{ forward_value('run_rate') }} as {{ money_type() }}) as forward_value
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
        least(forward_value, cast(gross_cvar as {{ money_type() }})) as gross_cvar,
        cast(greatest(0, gross_cvar - gross_cvar_margin) as {{ money_type() }}) as gross_cvar_low,
        least(forward_value, cast(gross_cvar + gross_cvar_margin as {{ money_type() }}))
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
        forward_value,
        -- Of the run rate nothing is left in it: it stands above and below.
        (
            {% for quarter in [1, 2, 3, 4] -%}
            {{ discount(quarter) }} * (1 - retained_share_q{{ quarter }})
            {{ '+' if not loop.last }}
            {% endfor -%}
        ) / (
            {{ discount(1) }} + {{ discount(2) }} + {{ discount(3) }} + {{ discount(4) }}
        ) as cvar_rate
    from rounded

)

select * from cvar_scored
