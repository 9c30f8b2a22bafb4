{{ config(
    meta={'remedy': 'A standard of the seed promises holds for some of the priorities of a promise '
        ~ 'on these days and not for others, or a priority has none: complete the seed.'}
) }}
-- What was promised on a day with a standard is kept, broken, open or void: none is lost on its way
-- to the mart, none is judged twice.
with

promises as (

    select * from {{ ref('promises') }}

),

promises_made as (

    {% for model in [
        'int_support_promises_made',
        'int_access_promises_made',
        'int_field_promises_made',
        'int_optouts_answered',
    ] -%}
    select
        promise_id,
        started_at
    from {{ ref(model) }}
    {% if not loop.last -%}
    union all
    {% endif -%}
    {% endfor %}
),

made as (

    select
        promises_made.promise_id,
        count(*) as promises_made
    from promises_made
    where
        exists (
            select 1
            from promises
            where
                promises.promise_id = promises_made.promise_id
                and cast(promises_made.started_at as date) >= promises.valid_from
                and cast(promises_made.started_at as date) < promises.valid_to
        )
    group by promises_made.promise_id

),

judged as (

    select
        promise_id,
        count(*) as promises_judged
    from {{ ref('fct_promises') }}
    where status in ('kept', 'broken', 'open', 'void')
    group by promise_id

)

select
    made.promise_id,
    made.promises_made,
    judged.promises_judged
from made
full join judged
    on made.promise_id = judged.promise_id
where made.promises_made is distinct from judged.promises_judged
