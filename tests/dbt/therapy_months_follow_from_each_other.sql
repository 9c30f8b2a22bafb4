-- Months on therapy that do not begin with those whom the month before left, or whose survival is
-- not the product of the months so far.

with

persistence as (

    select * from {{ ref('fct_persistence') }}

),

with_previous as (

    select
        cohort_month,
        product_id,
        month_on_therapy,
        at_risk,
        survival,
        1 - cast(stopped as double) / at_risk as stay_share,
        lag(at_risk - stopped - censored) over (
            partition by cohort_month, product_id
            order by month_on_therapy
        ) as left_at_risk,
        lag(survival) over (
            partition by cohort_month, product_id
            order by month_on_therapy
        ) as survival_before
    from persistence

)

select * from with_previous
where
    (left_at_risk is null) <> (month_on_therapy = 1)
    or at_risk <> coalesce(left_at_risk, at_risk)
    or abs(survival - coalesce(survival_before, 1) * stay_share) > 1e-9
