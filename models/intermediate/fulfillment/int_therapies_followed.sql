-- One row per hub case with a fill: how long the patient's supply lasted from that fill on.

-- A re-authorised patient goes on under another case: the fills of the patient and product count,
-- whatever case they name. Stock left over is carried forward; none is assumed from before.

{% set horizons = [90, 180, 365] -%}
with

cases as (

    select * from {{ ref('int_cases_resolved') }}

),

fills as (

    select * from {{ ref('int_fills_resolved') }}

),

started as (

    select
        cases.case_id,
        fills.patient_key,
        coalesce(fills.product_id, fills.ndc) as product_or_ndc,
        fills.shipped_on as first_shipped_on,
        {{ dbt.datediff(
            'fills.shipped_on', 'cases.as_of_date', 'day'
        ) }} as days_followed
    from cases
    inner join fills
        on cases.case_id = fills.case_id
    where fills.is_first_fill_of_case

),

-- Which of two fills of a day comes first makes no difference to when the supply ends.
-- Fills after the longest horizon and its grace days can change nothing before it.
supplies as (

    select
        started.case_id,
        started.days_followed,
        fills.days_supply,
        {{ dbt.datediff(
            'started.first_shipped_on', 'fills.shipped_on', 'day'
        ) }} as shipped_after
    from started
    inner join fills
        on
            started.patient_key = fills.patient_key
            and started.product_or_ndc = coalesce(fills.product_id, fills.ndc)
            and started.first_shipped_on <= fills.shipped_on
    union all
    select
        started.case_id,
        started.days_followed,
        fills.days_supply,
        {{ dbt.datediff(
            'started.first_shipped_on', 'fills.shipped_on', 'day'
        ) }} as shipped_after
    from started
    inner join fills
        on started.case_id = fills.case_id
    where started.patient_key is null

),

accumulated as (

    select
        *,
        cast(sum(days_supply) over fills_so_far as {{ dbt.type_bigint() }}) as total_supply,
        lead(shipped_after) over (
            partition by case_id
            order by shipped_after, days_supply
        ) as next_shipped_after
    from supplies
    where shipped_after <= {{ horizons | max + var('grace_days') }}
    window fills_so_far as (
        partition by case_id
        order by shipped_after, days_supply
        rows between unbounded preceding and current row
    )

),

-- With stock carried over, a supply ends at the latest of what any fill so far and all after it
-- would give: the running maximum takes the place of a recursion.
stocked as (

    select
        *,
        total_supply + max(shipped_after - (total_supply - days_supply)) over (
            partition by case_id
            order by shipped_after, days_supply
            rows between unbounded preceding and current row
        ) as ends_after,
        least({{ var('pdc_window_days') }}, days_followed + 1) as period_days
    from accumulated

),

followed as (

    select
        case_id,
        days_followed,
        period_days,
        max(ends_after) as supply_ends_after,
        min(
            case
                when
                    coalesce(next_shipped_after, days_followed) - ends_after
                    > {{ var('grace_days') }}
                    then ends_after
            end
        ) as stops_after,
        sum(
            greatest(least(ends_after, period_days) - (ends_after - days_supply), 0)
        ) as covered_days,
        max(case when shipped_after < period_days then shipped_after else 0 end)
            as last_shipped_after
    from stocked
    group by case_id, days_followed, period_days

),

therapies_followed as (

    select
        case_id,
        cast(stops_after as {{ dbt.type_bigint() }}) as stops_after,
        cast(days_followed as {{ dbt.type_bigint() }}) as days_followed,
        {% for days in horizons -%}
        days_followed >= {{ days }}
        and supply_ends_after >= {{ days }}
        and coalesce(stops_after >= {{ days }}, true) as is_persistent_{{ days }}d,
        {% endfor -%}
        case
            when period_days >= {{ var('pdc_min_days') }} and last_shipped_after > 0
                then cast(covered_days as double) / period_days
        end as pdc
    from followed

)

select * from therapies_followed
