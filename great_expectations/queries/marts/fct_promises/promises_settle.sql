with present as (
    select
        promise_id,
        avg(cast(status = 'open' as integer)) as share,
        count(*) as size
    from {{ batch }}
    where
        started_at < (select max(started_at) from {{ batch }}) - interval 14 day
        and started_at >= (select max(started_at) from {{ batch }}) - interval 92 day
    group by promise_id
),

published as (
    select
        promise_id,
        avg(cast(status = 'open' as integer)) as share,
        count(*) as size
    from previous.marts.fct_promises
    where
        started_at < (select max(started_at) from previous.marts.fct_promises) - interval 14 day
        and started_at
        >= (select max(started_at) from previous.marts.fct_promises) - interval 92 day
    group by promise_id
)

select
    present.promise_id as example,
    round(100 * present.share)
    || ' % still open, published with '
    || round(100 * published.share)
    || ' %' as finding
from present inner join published on present.promise_id = published.promise_id
where
    present.size >= 10
    and published.size >= 10
    and present.share > published.share + 0.25 + 1.5 / sqrt(present.size)
