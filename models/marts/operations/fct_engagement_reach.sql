-- One row per month of the panel, territory and segment: how many customers were reached, how
-- often, and how much of it was two-way.

with

profiles as (

    select * from {{ ref('int_customer_months_profiled') }}

),

touch_months as (

    select * from {{ ref('int_customer_touch_months') }}

),

counted as (

    select
        profiles.month,
        coalesce(profiles.territory, 'unassigned') as territory,
        coalesce(profiles.segment, 'unassigned') as segment,
        count(*) as customers,
        count(case when touch_months.outbound_touches > 0 then 1 end) as reached_customers,
        coalesce(sum(touch_months.outbound_touches), 0) as outbound_touches,
        coalesce(sum(touch_months.interactions), 0) as interactions,
        coalesce(sum(touch_months.two_way_interactions), 0) as two_way_interactions
    from profiles
    left join touch_months
        on
            profiles.customer_id = touch_months.customer_id
            and profiles.month = touch_months.month
    group by
        profiles.month,
        coalesce(profiles.territory, 'unassigned'),
        coalesce(profiles.segment, 'unassigned')

),

fct_engagement_reach as (

    select
        month,
        territory,
        segment,
        cast(customers as {{ dbt.type_bigint() }}) as customers,
        cast(reached_customers as {{ dbt.type_bigint() }}) as reached_customers,
        cast(outbound_touches as {{ dbt.type_bigint() }}) as outbound_touches,
        cast(interactions as {{ dbt.type_bigint() }}) as interactions,
        cast(two_way_interactions as {{ dbt.type_bigint() }}) as two_way_interactions,
        cast(reached_customers as double) / customers as reach,
        cast(outbound_touches as double) / nullif(reached_customers, 0) as frequency,
        cast(two_way_interactions as double) / nullif(interactions, 0) as two_way_share
    from counted

)

select * from fct_engagement_reach
