-- One row per customer and month at whose end an obstacle to a start of theirs is unresolved.

with

barriers as (

    select * from {{ ref('int_barriers_followed') }}

),

months as (

    select * from {{ ref('int_months') }}

),

barrier_months as (

    select distinct
        barriers.customer_id,
        months.month
    from barriers
    inner join months
        on
            barriers.identified_at < months.next_month
            and coalesce(barriers.resolved_at >= months.next_month, true)
    where barriers.customer_id is not null

)

select * from barrier_months
