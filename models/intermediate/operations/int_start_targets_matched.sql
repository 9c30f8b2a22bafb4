-- One row per target of starts and product of its name: the days on which it is the newest one.

with

start_targets as (

    select * from {{ ref('start_targets') }}

),

products as (

    select * from {{ ref('int_products_ranked') }}

),

ranges as (

    select
        product_name,
        territory,
        weekly_starts,
        valid_from,
        coalesce(
            lead(valid_from) over (
                partition by product_name, territory
                order by valid_from
            ),
            date '9999-12-31'
        ) as valid_to
    from start_targets

),

start_targets_matched as (

    select
        ranges.product_name,
        products.product_id,
        ranges.territory,
        ranges.weekly_starts,
        ranges.valid_from,
        ranges.valid_to
    from ranges
    left join products
        on ranges.product_name = products.product_name

)

select * from start_targets_matched
