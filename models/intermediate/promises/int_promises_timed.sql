-- One row per promise with a time to keep: its standard, when it is due, how long it took.

with

support_promises as (

    select * from {{ ref('int_support_promises_made') }}

),

access_promises as (

    select * from {{ ref('int_access_promises_made') }}

),

field_promises as (

    select * from {{ ref('int_field_promises_made') }}

),

promises as (

    select * from {{ ref('promises') }}

),

business_days as (

    select * from {{ ref('int_business_days') }}

),

reporting_period as (

    select * from {{ ref('int_reporting_period') }}

),

all_promises as (

    select * from support_promises
    union all
    select * from access_promises
    union all
    select * from field_promises

),

made as (

    select
        all_promises.*,
        promises.clock,
        promises.standard_hours,
        cast(promises.standard_hours * 3600000000 as {{ dbt.type_bigint() }})
            as standard_microseconds,
        {{ cut_off_at() }} as cut_off_at
    from all_promises
    cross join reporting_period
    inner join promises
        on
            all_promises.promise_id = promises.promise_id
            and coalesce(all_promises.priority, '') = coalesce(promises.priority, '')
            and {{ is_valid_on('promises', 'all_promises.started_at') }}

),

on_elapsed_clock as (

    select
        *,
        {{ timestamp_of_microseconds(
            microseconds('started_at') ~ ' + standard_microseconds'
        ) }} as due_at,
        {{ elapsed_microseconds('started_at', 'coalesce(delivered_at, cut_off_at)') }}
            as taken_microseconds
    from made
    where clock = 'elapsed'

),

with_business_time as (

    select
        made.*,
        {{ business_microseconds('made.started_at', 'start_days') }}
            as started_after_microseconds,
        {{ business_microseconds('coalesce(made.delivered_at, made.cut_off_at)', 'end_days') }}
            as ended_after_microseconds
    from made
    inner join business_days as start_days
        on {{ business_date('made.started_at') }} = start_days.day
    inner join business_days as end_days
        on {{ business_date('coalesce(made.delivered_at, made.cut_off_at)') }} = end_days.day
    where made.clock = 'business'

),

on_business_clock as (

    select
        with_business_time.*,
        {{ business_instant(
            '(with_business_time.started_after_microseconds'
            ~ ' + with_business_time.standard_microseconds)',
            'due_days'
        ) }} as due_at,
        with_business_time.ended_after_microseconds
        - with_business_time.started_after_microseconds as taken_microseconds
    from with_business_time
    inner join business_days as due_days
        on
            {{ business_day_number(
                'with_business_time.started_after_microseconds'
                ~ ' + with_business_time.standard_microseconds'
            ) }} = due_days.business_days_before
            and due_days.is_business_day

),

timed as (

    {% for clock in ['elapsed', 'business'] -%}
    select
        promise_id,
        source_record_id,
        customer_id,
        organization_id,
        case_id,
        priority,
        standard_hours,
        standard_microseconds,
        taken_microseconds,
        started_at,
        due_at,
        delivered_at,
        withdrawn_at,
        cut_off_at,
        source_row_id
    from on_{{ clock }}_clock
    {% if not loop.last -%}
    union all
    {% endif -%}
    {% endfor %}
),

promises_timed as (

    select
        promise_id,
        source_record_id,
        customer_id,
        organization_id,
        case_id,
        priority,
        standard_hours,
        cast(greatest(taken_microseconds, 0) as double) / standard_microseconds as taken_ratio,
        started_at,
        due_at,
        delivered_at,
        withdrawn_at,
        cut_off_at,
        source_row_id
    from timed

)

select * from promises_timed
