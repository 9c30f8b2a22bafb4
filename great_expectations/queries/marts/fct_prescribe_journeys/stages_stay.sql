with present as (
    select
        count(*) as journeys,
        count(first_start_at) as started,
        count(engaged_at) as engaged
    from {{ batch }}
),

published as (
    select
        count(*) as journeys,
        count(first_start_at) as started,
        count(engaged_at) as engaged
    from previous.marts.fct_prescribe_journeys
)

select
    'journeys' as example,
    present.journeys
    || ', engaged '
    || present.engaged
    || ', started '
    || present.started
    || '; published with '
    || published.journeys
    || ', '
    || published.engaged
    || ', '
    || published.started as finding
from present cross join published
where
    present.journeys < 0.97 * published.journeys - 1
    or present.engaged < 0.97 * published.engaged - 1
    or present.started < 0.97 * published.started - 1
