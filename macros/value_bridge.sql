{# What the bridges of value share: one moves customers, the other customers' products. #}

{# The quarter that ends with a month, the one before it, and all that came earlier. Rows of a key
   must have no gaps: frames of rows are then frames of months. #}
{% macro value_bridge_quarters(key) -%}
month,
month_ends_on,
accrued_value,
active_window_value as closing,
coalesce(
    lag(active_window_value, {{ var('active_window_months') }}) over (
        partition by {{ key | join(', ') }}
        order by month
    ),
    0
) as opening,
sum(accrued_value) over (
    partition by {{ key | join(', ') }}
    order by month
    rows between unbounded preceding and {{ var('active_window_months') }} preceding
) as earlier_value
{%- endmacro %}

{# What the closing quarter's value is when there is some: kept, if there was some before. #}
{% macro value_bridge_standing(opening, earlier_value) -%}
case
    when {{ opening }} > 0 then 'kept'
    when {{ earlier_value }} > 0 then 'reactivated'
    else 'new'
end
{%- endmacro %}

{# The amounts of a bridge: whatever moved stands under one heading, so that they close exactly. #}
{% macro value_bridge_amounts() -%}
cast(sum(accrued_value) as {{ money_type() }}) as accrued_value,
cast(sum(opening) as {{ money_type() }}) as opening,
cast(sum(case when standing = 'new' then closing else 0 end) as {{ money_type() }}) as new,
cast(
    sum(case when standing = 'reactivated' then closing else 0 end) as {{ money_type() }}
) as reactivated,
cast(
    sum(case when standing = 'kept' and closing > opening then closing - opening else 0 end)
    as {{ money_type() }}
) as expansion,
cast(
    sum(case when closing > 0 and closing < opening then opening - closing else 0 end)
    as {{ money_type() }}
) as contraction,
cast(
    sum(case when closing = 0 then opening else 0 end) as {{ money_type() }}
) as churned,
cast(sum(closing) as {{ money_type() }}) as closing
{%- endmacro %}
