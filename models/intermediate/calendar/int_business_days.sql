-- One row per calendar day: whether business is done on it, and on how many days before it.

with

holidays as (

    select * from {{ ref('holidays') }}

),

generated_series as (

    {{ dbt.generate_series(65536) | indent }}

),

days as (

    select
        cast(
            {{ dbt.dateadd(
                'day',
                'cast(generated_number - 1 as ' ~ dbt.type_int() ~ ')',
                "date '" ~ var('business_calendar_starts_on') ~ "'"
            ) }} as date
        ) as day,
        mod(generated_number - 1, 7) as days_since_monday
    from generated_series

),

days_marked as (

    select
        days.day,
        days.days_since_monday < 5 and holidays.holiday_on is null as is_business_day
    from days
    left join holidays
        on days.day = holidays.holiday_on
    where days.day <= date '{{ var("business_calendar_ends_on") }}'

),

business_days as (

    select
        day,
        is_business_day,
        cast(
            coalesce(
                sum(case when is_business_day then 1 else 0 end) over (
                    order by day
                    rows between unbounded preceding and 1 preceding
                ),
                0
            ) as {{ dbt.type_bigint() }}
        ) as business_days_before
    from days_marked

)

select * from business_days
