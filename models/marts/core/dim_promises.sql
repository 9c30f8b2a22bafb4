-- One row per promise: what the customer may expect, by the standards last in force.

with

promises as (

    select * from {{ ref('promises') }}

),

ranked as (

    select
        *,
        rank() over (
            partition by promise_id
            order by valid_from desc
        ) as validity_rank
    from promises

),

dim_promises as (

    select
        promise_id,
        touchpoint,
        function,
        channel_group,
        accountable,
        clock,
        principle,
        {% for priority in ['High', 'Medium', 'Low'] -%}
        max(
            case
                when coalesce(priority, '{{ priority }}') = '{{ priority }}' then standard_hours
            end
        ) as standard_hours_{{ priority | lower }},
        {% endfor -%}
        min(valid_from) as valid_from,
        max(valid_to) as valid_to
    from ranked
    where validity_rank = 1
    group by
        promise_id,
        touchpoint,
        function,
        channel_group,
        accountable,
        clock,
        principle

)

select * from dim_promises
