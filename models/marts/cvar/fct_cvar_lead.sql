-- One row per lag: how a quarter's change of the CVAR rate goes with the change of lifetime value
-- over the quarter that ends so many months later.

with

scored as (

    select * from {{ ref('int_cvar_scored') }}

),

lifetimes as (

    select * from {{ ref('int_lifetimes_valued') }}

),

lags as (

    {% for lag_months in range(var('cvar_lead_months') + 1) -%}
    select cast({{ lag_months }} as {{ dbt.type_bigint() }}) as lag_months
    {% if not loop.last -%}
    union all
    {% endif -%}
    {% endfor %}
),

-- The rate, not the amount: a customer who grows has more at risk and is worth more, at once.
cvar_changes as (

    select
        later.customer_id,
        later.month,
        later.cvar_rate - earlier.cvar_rate as cvar_change
    from scored as later
    inner join scored as earlier
        on
            later.customer_id = earlier.customer_id
            and {{ dbt.dateadd('month', -3, 'later.month') }} = earlier.month

),

clv_changes as (

    select
        later.customer_id,
        later.month,
        later.clv - earlier.clv as clv_change
    from lifetimes as later
    inner join lifetimes as earlier
        on
            later.customer_id = earlier.customer_id
            and {{ dbt.dateadd('month', -3, 'later.month') }} = earlier.month
    where later.clv is not null and earlier.clv is not null

),

lagged as (

    select
        lags.lag_months,
        cvar_changes.cvar_change,
        clv_changes.clv_change
    from cvar_changes
    cross join lags
    inner join clv_changes
        on
            cvar_changes.customer_id = clv_changes.customer_id
            and {{ dbt.dateadd('month', 'lags.lag_months', 'cvar_changes.month') }}
            = clv_changes.month

),

-- Mean ranks less their mean: as in `fct_cvar_backtest`.
ranked as (

    select
        lag_months,
        {{ centred_rank('cvar_change', ['lag_months']) }} as cvar_rank,
        {{ centred_rank('clv_change', ['lag_months']) }} as clv_rank
    from lagged

),

fct_cvar_lead as (

    select
        lag_months,
        count(*) as customer_months,
        {{ rank_correlation('cvar_rank', 'clv_rank') }} as correlation
    from ranked
    group by lag_months

)

select * from fct_cvar_lead
