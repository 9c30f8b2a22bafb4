with present as (
    select
        avg(cast(territory is null as integer)) as territory,
        avg(cast(specialty is null as integer)) as specialty,
        avg(cast(segment is null as integer)) as segment,
        avg(cast(state is null as integer)) as state,
        avg(cast(npi is null as integer)) as npi
    from {{ batch }}
),

published as (
    select
        avg(cast(territory is null as integer)) as territory,
        avg(cast(specialty is null as integer)) as specialty,
        avg(cast(segment is null as integer)) as segment,
        avg(cast(state is null as integer)) as state,
        avg(cast(npi is null as integer)) as npi
    from previous.marts.dim_customers
)

select
    'customers' as example,
    'without territory '
    || round(present.territory, 2)
    || ' ('
    || round(published.territory, 2)
    || '), specialty '
    || round(present.specialty, 2)
    || ' ('
    || round(published.specialty, 2)
    || '), segment '
    || round(present.segment, 2)
    || ' ('
    || round(published.segment, 2)
    || '), state '
    || round(present.state, 2)
    || ' ('
    || round(published.state, 2)
    || '), NPI '
    || round(present.npi, 2)
    || ' ('
    || round(published.npi, 2)
    || ')' as finding
from present cross join published
where
    greatest(
        present.territory - published.territory,
        present.specialty - published.specialty,
        present.segment - published.segment,
        present.state - published.state,
        present.npi - published.npi
    )
    > 0.08
