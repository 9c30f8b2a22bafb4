-- One row: the instant at which the world ends, and the last month that had ended by then.

with

files as (

    select * from {{ ref('stg_landing__files') }}

),

newest_deliveries as (

    select
        system,
        extract,
        is_driving_as_of_date,
        max(file_delivered_on) as newest_delivered_on
    from files
    group by system, extract, is_driving_as_of_date

),

-- A delivery dated D is complete through the end of D - 1, and the slowest driving feed decides: a
-- feed running late must not look like silence. Without any driving feed the others have to do.
default_dates as (

    select
        coalesce(
            min(case when is_driving_as_of_date then newest_delivered_on end),
            min(newest_delivered_on)
        ) as complete_before,
        max(newest_delivered_on) as newest_delivered_on
    from newest_deliveries

),

as_of_dates as (

    select
        {% if var('as_of_date') -%}
        cast('{{ var("as_of_date") }}' as date) as as_of_date,
        {%- else -%}
        cast({{ dbt.dateadd('day', -1, 'complete_before') }} as date) as as_of_date,
        {%- endif %}
        {% if var('as_known_on') -%}
        cast('{{ var("as_known_on") }}' as date) as as_known_on
        {%- else -%}
        newest_delivered_on as as_known_on
        {%- endif %}
    from default_dates

),

reporting_period as (

    select
        as_of_date,
        as_known_on,
        cast({{ dbt.dateadd('day', 1, 'as_of_date') }} as date) as ends_before,
        cast(
            {{ dbt.dateadd(
                'month', -1, dbt.date_trunc('month', dbt.dateadd('day', 1, 'as_of_date'))
            ) }} as date
        ) as last_month
    from as_of_dates

)

select * from reporting_period
