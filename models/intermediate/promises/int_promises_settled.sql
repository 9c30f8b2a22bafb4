-- One row per promise to a customer: whether it was kept, broken, is open or void.

with

promises_timed as (

    select * from {{ ref('int_promises_timed') }}

),

optouts_answered as (

    select * from {{ ref('int_optouts_answered') }}

),

promises as (

    select * from {{ ref('promises') }}

),

customers_versioned as (

    select * from {{ ref('int_customers_versioned') }}

),

judged as (

    select
        *,
        case
            when
                withdrawn_at < due_at
                and coalesce(withdrawn_at < delivered_at, true)
                then 'void'
            when delivered_at <= due_at then 'kept'
            when delivered_at > due_at or cut_off_at > due_at then 'broken'
            else 'open'
        end as status
    from promises_timed

),

all_promises as (

    select
        promise_id,
        source_record_id,
        customer_id,
        organization_id,
        case_id,
        priority,
        standard_hours,
        started_at,
        due_at,
        delivered_at,
        case when status = 'void' then withdrawn_at end as voided_at,
        case
            when status = 'kept' then delivered_at
            when status = 'broken' then due_at
        end as settled_at,
        status,
        case when status in ('kept', 'broken') then taken_ratio end as promise_ratio,
        source_row_id
    from judged
    union all
    select
        promise_id,
        source_record_id,
        customer_id,
        organization_id,
        cast(null as {{ dbt.type_string() }}) as case_id,
        cast(null as {{ dbt.type_string() }}) as priority,
        standard_hours,
        started_at,
        due_at,
        delivered_at,
        voided_at,
        settled_at,
        status,
        cast(null as double) as promise_ratio,
        source_row_id
    from optouts_answered

),

promises_settled as (

    select
        all_promises.promise_id || ':' || all_promises.source_record_id as promise_instance_id,
        all_promises.promise_id,
        all_promises.customer_id,
        all_promises.organization_id,
        all_promises.case_id,
        promises.touchpoint,
        promises.channel_group,
        promises.function,
        promises.accountable,
        promises.clock,
        customers_versioned.territory,
        all_promises.priority,
        all_promises.status,
        all_promises.standard_hours,
        all_promises.promise_ratio,
        all_promises.started_at,
        all_promises.due_at,
        all_promises.delivered_at,
        all_promises.voided_at,
        all_promises.settled_at,
        all_promises.source_row_id
    from all_promises
    inner join promises
        on
            all_promises.promise_id = promises.promise_id
            and coalesce(all_promises.priority, '') = coalesce(promises.priority, '')
            and {{ is_valid_on('promises', 'all_promises.started_at') }}
    left join customers_versioned
        on
            all_promises.customer_id = customers_versioned.customer_id
            and {{ is_valid_on('customers_versioned', 'all_promises.started_at') }}

)

select * from promises_settled
