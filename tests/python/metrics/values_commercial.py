"""What the metrics of value, CVAR, CLV and promise must be: plain SQL on the marts.

Written from the definitions, where possible by another way than the obvious one.
"""

from __future__ import annotations

from metrics.golden import Golden

MONTH = "metric_time__month"

# --- How values are put together -----------------------------------------------------------------


def at_month_end(mart: str, column: str, value: str, total: str | None = None) -> Golden:
    """A value of a state: of the mart's newest month, and of every month by a column of it."""
    return Golden(
        total=total
        or f"""
            select {value}
            from marts.{mart}
            where month = (select max(month) from marts.{mart})
        """,
        by=(MONTH, column),
        cut=f"select month, {column}, {value} from marts.{mart} group by 1, 2",
    )


def against_before(values: str, months: int, column: str = "", relative: bool = False) -> str:
    """A month's value against the one of the same group some months before.

    Args:
        values: rows of month, the group's column if there is one, value.
        months: how many months lie between the two.
        column: the column of the group; none for the whole.
        relative: whether the change is relative to the earlier value.
    """
    keys = f"month, {column}" if column else "month"
    # To what was nothing, or less, nothing is relative.
    relative_change = "case when earlier_value > 0 then value / earlier_value - 1 end"
    change = relative_change if relative else "value - earlier_value"
    return f"""
        with monthly as ({values}),

        compared as (
            select
                {keys},
                value,
                max(value) over (
                    {f"partition by {column}" if column else ""}
                    order by month
                    range between interval {months} months preceding
                    and interval {months} months preceding
                ) as earlier_value
            from monthly
        )

        -- A comparison needs whole months of the panel; what is compared with may be older.
        select {keys}, {change}
        from compared
        where month in (select month from marts.dim_months)
    """


def over_months(first: str, column: str) -> str:
    """Net value of all months from the first one of a window up to each month of the panel."""
    return f"""
        select months.month, value.{column}, sum(value.accrued_value)
        from marts.dim_months as months
        inner join marts.fct_customer_value as value
            on value.month between {first} and months.month
        group by 1, 2
    """


# --- Value ---------------------------------------------------------------------------------------


def spread_to_panel_end(column: str) -> str:
    """Money of fills that falls on days up to the panel's end, rounded to cents per fill."""
    return f"""
        with panel as (select max(last_day_on) as last_day_on from marts.dim_months),

        fills as (
            select
                (fills.{column} * 100)::hugeint as cents,
                fills.days_supply::hugeint as supply_days,
                least(
                    fills.days_supply, panel.last_day_on - fills.shipped_on + 1
                )::hugeint as days_so_far
            from marts.fct_fills as fills
            inner join panel
                on fills.shipped_on <= panel.last_day_on
            where fills.customer_id is not null
        )

        select
            sum((2 * cents * days_so_far + supply_days) // (2 * supply_days))::decimal(36, 0)
            * 0.01
        from fills
    """


# What an active customer is, and what became of one, from accrued value alone.
ACCRUALS = """
    with panel as (select max(month) as last_month from marts.dim_months),

    accruals as (
        select
            customer_id,
            month,
            segment,
            sum(accrued_value) over (
                partition by customer_id order by month
                range between interval 2 months preceding and current row
            ) > 0 as is_active,
            sum(accrued_value) over (
                partition by customer_id order by month
                range between interval 11 months preceding and current row
            ) as last_twelve_months,
            coalesce(sum(accrued_value) over (
                partition by customer_id order by month
                range between interval 1 month following and interval 3 months following
            ), 0) as next_three_months,
            month + interval 3 months <= panel.last_month as is_future_known
        from marts.fct_customer_value
        cross join panel
    )
"""
IS_DECIDED = "is_active and is_future_known"
IS_LAPSED = "is_active and is_future_known and next_three_months = 0"

# The weights are those of linear interpolation between the two neighbours of the 90th percentile.
RANKED = """
    with placed as (
        select
            month,
            segment,
            customer_value,
            row_number() over ({window} order by customer_value) - 1 as place,
            (count(*) over ({window}) - 1) * 0.9 as wanted_place
        from marts.fct_customer_value
        where is_active
    )

    select {keys} sum(customer_value * greatest(1 - abs(place - wanted_place), 0))
    from placed
"""

VALUE = {
    "net_value": Golden(
        total=spread_to_panel_end("net_value"),
        by=("customer__segment",),
        cut="""
            select customers.segment, sum(value.accrued_value)
            from marts.fct_customer_value as value
            left join marts.dim_customers as customers
                on value.customer_id = customers.customer_id
            group by 1
        """,
    ),
    "realized_value_per_active_customer": Golden(
        # Of the newest month: value of its last twelve months over the customers active in it.
        total="""
            select
                cast((
                    select sum(accrued_value) from marts.fct_value_bridge
                    where month > (
                        select max(month) - interval 12 months from marts.fct_value_bridge
                    )
                ) as double) / nullif(count(distinct customer_id), 0)
            from marts.fct_customer_value
            where
                is_active
                and month = (select max(month) from marts.fct_customer_value)
        """,
        by=(MONTH, "specialty"),
        cut="""
            select
                month,
                specialty,
                cast(sum(realized_value) as double)
                / nullif(count(distinct case when is_active then customer_id end), 0)
            from marts.fct_customer_value
            group by 1, 2
        """,
    ),
    "net_value_growth_mom": Golden(
        total=against_before(
            "select month, sum(accrued_value) as value from marts.fct_value_bridge group by 1",
            months=1,
            relative=True,
        ),
        by=(MONTH, "specialty"),
        cut=against_before(
            """
            select month, specialty, sum(accrued_value) as value
            from marts.fct_customer_value
            group by 1, 2
            """,
            months=1,
            column="specialty",
            relative=True,
        ),
    ),
    "net_value_growth_yoy": Golden(
        total=against_before(
            "select month, sum(accrued_value) as value from marts.fct_value_bridge group by 1",
            months=12,
            relative=True,
        ),
        by=(MONTH, "state"),
        cut=against_before(
            """
            select month, state, sum(accrued_value) as value
            from marts.fct_customer_value
            group by 1, 2
            """,
            months=12,
            column="state",
            relative=True,
        ),
    ),
    "net_value_year_to_date": Golden(
        total="""
            select distinct
                month,
                sum(accrued_value) over (partition by year(month) order by month)
            from marts.fct_value_bridge
        """,
        by=(MONTH, "territory"),
        cut=over_months("months.year", "territory"),
    ),
    "net_value_trailing_12m": Golden(
        # Realized value of all customers: each has a row in every month since the first event.
        total="select month, sum(realized_value) from marts.fct_customer_value group by 1",
        by=(MONTH, "territory"),
        cut=over_months("months.month - interval 11 months", "territory"),
    ),
    "active_customers": Golden(
        total="""
            select count(distinct customer_id)
            from marts.fct_customer_value
            where
                is_active
                and month = (select max(month) from marts.fct_customer_value)
        """,
        by=(MONTH, "segment"),
        cut=f"""
            {ACCRUALS}
            select month, segment, count(*) filter (where is_active) from accruals group by 1, 2
        """,
    ),
    "realized_value": Golden(
        total="""
            select sum(accrued_value)
            from marts.fct_value_bridge
            where month >= (
                select max(month) - interval 11 months from marts.fct_customer_value
            )
        """,
        by=(MONTH, "segment"),
        cut=f"""
            {ACCRUALS}
            select month, segment, sum(last_twelve_months) from accruals group by 1, 2
        """,
    ),
    "run_rate": at_month_end("fct_customer_value", "segment", "sum(run_rate)"),
    "forward_value": at_month_end("fct_customer_value", "segment", "sum(forward_value)"),
    "pipeline_value": at_month_end("fct_customer_value", "segment", "sum(pipeline_value)"),
    "customer_value": at_month_end(
        "fct_customer_value",
        "segment",
        "sum(realized_value) + sum(forward_value) + sum(pipeline_value)",
    ),
    "headroom": at_month_end("fct_customer_value", "segment", "sum(headroom)"),
    "customer_value_p90": Golden(
        total=RANKED.format(window="", keys=""),
        by=(MONTH, "segment"),
        cut=RANKED.format(window="partition by month, segment", keys="month, segment,")
        + " group by 1, 2",
    ),
    "writer_silent_customers": at_month_end(
        "fct_customer_value",
        "segment",
        "count(distinct case when is_writer_silent then customer_id end)",
    ),
    "lapse_decided_months": Golden(
        total="""
            select count(*)
            from marts.fct_customer_value
            where
                is_active
                and lapsed is not null
        """,
        by=(MONTH, "segment"),
        cut=f"{ACCRUALS} select month, segment, count(*) from accruals where {IS_DECIDED}"
        " group by 1, 2",
    ),
    "lapsed_months": Golden(
        total="select count(*) from marts.fct_customer_value where lapsed",
        by=(MONTH, "segment"),
        cut=f"{ACCRUALS} select month, segment, count(*) from accruals where {IS_LAPSED}"
        " group by 1, 2",
    ),
    "lapse_rate": Golden(
        total="""
            select
                count(*) filter (where lapsed)
                / nullif(count(*) filter (where is_active and lapsed is not null), 0)
            from marts.fct_customer_value
        """,
        by=(MONTH, "segment"),
        cut=f"""
            {ACCRUALS}
            select
                month,
                segment,
                count(*) filter (where {IS_LAPSED})
                / nullif(count(*) filter (where {IS_DECIDED}), 0)
            from accruals
            group by 1, 2
        """,
    ),
    "shipped_value": Golden(
        total="select sum(net_value) from marts.fct_fills",
        by=("fill__payer_type",),
        cut="select payer_type, sum(net_value) from marts.fct_fills group by 1",
    ),
    "margin": Golden(
        total="select sum(margin) from marts.fct_fills",
        by=("fill__payer_type",),
        cut="select payer_type, sum(margin) from marts.fct_fills group by 1",
    ),
    "fills": Golden(
        total="select count(distinct fill_id) from marts.fct_fills",
        by=("fill__payer_type",),
        cut="select payer_type, count(distinct fill_id) from marts.fct_fills group by 1",
    ),
    "shipped_cases": Golden(
        total="""
            select count(*)
            from marts.fct_fulfillment_journeys
            where case_id in (select case_id from marts.fct_fills)
        """,
        by=("fill__payer_type",),
        cut="select payer_type, count(distinct case_id) from marts.fct_fills group by 1",
    ),
    "touch_cost": Golden(
        total="select sum(touch_cost) from marts.fct_interactions where direction = 'outbound'",
        by=("interaction__channel",),
        cut="""
            select channel, sum(touch_cost)
            from marts.fct_interactions
            where direction = 'outbound'
            group by 1
        """,
    ),
    "value_unblocked": Golden(
        # A case counts once, however many barriers were removed before its first fill.
        total="""
            with first_fills as (
                select case_id, min(shipped_on) as first_shipped_on
                from marts.fct_fills
                where case_id is not null
                group by 1
            )

            select sum(fills.net_value)
            from marts.fct_fills as fills
            inner join first_fills
                on fills.case_id = first_fills.case_id
            where
                fills.shipped_on < first_fills.first_shipped_on + 365
                and exists (
                    select 1
                    from marts.fct_barriers as barriers
                    where
                        barriers.case_id = fills.case_id
                        and barriers.resolution = 'removed'
                        and barriers.resolved_at::date <= first_fills.first_shipped_on
                )
        """,
        by=("barrier__barrier_type",),
        cut="select barrier_type, sum(value_unblocked) from marts.fct_barriers group by 1",
    ),
}


# --- What moved value from one quarter to the next -----------------------------------------------

# Every customer's quarter against the one before, from accrued value alone.
BRIDGE = """
    with quarters as (
        select
            month,
            territory,
            coalesce(sum(accrued_value) over (
                partition by customer_id order by month
                range between interval 2 months preceding and current row
            ), 0) as closing,
            coalesce(sum(accrued_value) over (
                partition by customer_id order by month
                range between interval 5 months preceding and interval 3 months preceding
            ), 0) as opening,
            coalesce(sum(accrued_value) over (
                partition by customer_id order by month
                range between unbounded preceding and interval 3 months preceding
            ), 0) as earlier
        from marts.fct_customer_value
    ),

    moved as (
        select
            month,
            territory,
            opening,
            case when earlier = 0 then closing else 0 end as new,
            case when opening = 0 and earlier > 0 then closing else 0 end as reactivated,
            case when opening > 0 then greatest(closing - opening, 0) else 0 end as expansion,
            case when closing > 0 then greatest(opening - closing, 0) else 0 end as contraction,
            case when closing = 0 then opening else 0 end as churned,
            closing
        from quarters
    )
"""


def of_bridge(value: str, column: str = "territory") -> Golden:
    """A value of the movements between quarters: of the newest month, of all by a column."""
    return Golden(
        total=f"""
            {BRIDGE}
            select {value} from moved where month = (select max(month) from moved)
        """,
        by=(MONTH, column) if column else (MONTH,),
        cut=f"{BRIDGE} select {f'month, {column}' if column else 'month'}, {value} "
        "from moved group by all",
    )


VALUE_BRIDGE = {
    "opening_value": of_bridge("sum(opening)"),
    "new_value": of_bridge("sum(new)", column=""),
    "reactivated_value": of_bridge("sum(reactivated)", column=""),
    "expansion_value": of_bridge("sum(expansion)"),
    "contraction_value": of_bridge("sum(contraction)"),
    # Few churn in a month: only several territories together make a sum.
    "churned_value": of_bridge("sum(churned)", column=""),
    "closing_value": of_bridge("sum(closing)"),
    # What is left of the opening is what customers of both quarters brought in the second one.
    "net_revenue_retention": of_bridge(
        "sum(case when opening > 0 then closing else 0 end) / nullif(sum(opening), 0)", column=""
    ),
    "gross_revenue_retention": of_bridge(
        "sum(least(opening, closing)) / nullif(sum(opening), 0)", column=""
    ),
    "quick_ratio": of_bridge(
        "sum(greatest(closing - opening, 0)) / nullif(sum(greatest(opening - closing, 0)), 0)",
        column="",
    ),
    "earned_growth_share": of_bridge(
        "sum(expansion) / nullif(sum(greatest(closing - opening, 0)), 0)",
    ),
}

# --- CVAR ----------------------------------------------------------------------------------------


def of_forward_value(column: str, attribute: str) -> Golden:
    """Share of forward value that a column of CVAR is, parts of two marts at the same group."""
    return Golden(
        total=f"""
            select
                (
                    select sum({column})
                    from marts.fct_cvar
                    where month = (select max(month) from marts.fct_cvar)
                )
                / nullif((
                    select sum(forward_value)
                    from marts.fct_customer_value
                    where month = (select max(month) from marts.fct_customer_value)
                ), 0)
        """,
        by=(MONTH, attribute),
        cut=f"""
            with risks as (
                select month, {attribute}, sum({column}) as at_risk
                from marts.fct_cvar
                group by 1, 2
            ),

            forward_values as (
                select month, {attribute}, sum(forward_value) as forward_value
                from marts.fct_customer_value
                group by 1, 2
            )

            select
                coalesce(risks.month, forward_values.month),
                coalesce(risks.{attribute}, forward_values.{attribute}),
                risks.at_risk / nullif(forward_values.forward_value, 0)
            from risks
            full outer join forward_values
                on
                    risks.month = forward_values.month
                    and risks.{attribute} is not distinct from forward_values.{attribute}
        """,
    )


def of_backtest(value: str) -> Golden:
    """A value of the backtest; its bands add up to the row of all, which would count twice."""
    return Golden(
        total=f"select {value} from marts.fct_cvar_backtest where band <> 'all'",
        by=("backtest__quarter_ahead",),
        cut=f"""
            select quarter, {value} from marts.fct_cvar_backtest where band <> 'all' group by 1
        """,
    )


# Every customer's gross CVAR beside the one of a month before, where both months have a fit.
MOVED_RISKS = """
    with fitted as (select distinct month from marts.fct_cvar where gross_cvar is not null),

    customers as (
        select
            cvar.customer_id,
            cvar.month,
            cvar.territory,
            cvar.gross_cvar,
            value.is_active
        from marts.fct_cvar as cvar
        inner join marts.fct_customer_value as value
            on cvar.customer_id = value.customer_id and cvar.month = value.month
        inner join fitted
            on cvar.month = fitted.month
    ),

    moved as (
        select
            now.territory,
            case
                when now.is_active and not coalesce(before.is_active, false) then now.gross_cvar
            end as entered,
            case when before.is_active and not now.is_active then before.gross_cvar end
                as left_active
        from customers as now
        inner join fitted
            on now.month = fitted.month + interval 1 month
        left join customers as before
            on
                now.customer_id = before.customer_id
                and now.month = before.month + interval 1 month
    )
"""

# What trust and overdue promises put at risk, and whether somebody can act on it at month end.
RECOVERABLE = """
    with months as (
        select month, last_day_on + interval 1 day as ended_at from marts.dim_months
    ),

    broken_trust as (
        select customer_id, month, sum(greatest(contribution, 0)) as at_risk
        from marts.fct_cvar_drivers
        where driver in ('trust', 'overdue')
        group by 1, 2
    ),

    occasions as (
        select months.month, cases.customer_id
        from months
        inner join marts.fct_fulfillment_journeys as cases
            on
                cases.received_at < months.ended_at
                and coalesce(cases.closed_at >= months.ended_at, true)
                and coalesce(cases.first_shipped_at >= months.ended_at, true)
        union
        select months.month, barriers.customer_id
        from months
        inner join marts.fct_barriers as barriers
            on
                barriers.identified_at < months.ended_at
                and coalesce(barriers.resolved_at >= months.ended_at, true)
        union
        select month, customer_id
        from marts.fct_relationship_health
        where overdue_promises > 0
    ),

    recoverable as (
        select
            cvar.month,
            cvar.territory,
            case when occasions.customer_id is null then 0 else coalesce(risks.at_risk, 0) end
                as recoverable_cvar
        from marts.fct_cvar as cvar
        left join broken_trust as risks
            on cvar.customer_id = risks.customer_id and cvar.month = risks.month
        left join occasions
            on cvar.customer_id = occasions.customer_id and cvar.month = occasions.month
        where cvar.gross_cvar is not null
    )
"""

CVAR = {
    "gross_cvar": at_month_end("fct_cvar", "territory", "sum(gross_cvar)"),
    "experience_cvar": at_month_end("fct_cvar", "territory", "sum(experience_cvar)"),
    "value_protected": at_month_end("fct_cvar", "territory", "sum(value_protected)"),
    "net_experience_value": at_month_end(
        "fct_cvar", "territory", "sum(value_protected) - sum(experience_cvar)"
    ),
    "recoverable_cvar": Golden(
        total=f"""
            {RECOVERABLE}
            select sum(recoverable_cvar)
            from recoverable
            where month = (select max(month) from marts.fct_cvar)
        """,
        by=(MONTH, "territory"),
        cut=f"""
            {RECOVERABLE}
            select month, territory, sum(recoverable_cvar) from recoverable group by 1, 2
        """,
    ),
    "customers_at_risk": at_month_end(
        "fct_cvar",
        "territory",
        "count(distinct case when experience_cvar > 0 then customer_id end)",
    ),
    # A customer whom a model prices has a figure.
    "calibrated_customers": at_month_end(
        "fct_cvar",
        "territory",
        "count(distinct case when calibration_status <> 'uncalibrated' then customer_id end)",
        total="""
            select count(gross_cvar)
            from marts.fct_cvar
            where month = (select max(month) from marts.fct_cvar)
        """,
    ),
    "driver_contribution": Golden(
        # Over all drivers: experience CVAR less value protected, to the cent.
        total="""
            select sum(experience_cvar) - sum(value_protected)
            from marts.fct_cvar
            where month = (select max(month) from marts.fct_cvar_drivers)
        """,
        by=(MONTH, "customer_driver__driver"),
        cut="select month, driver, sum(contribution) from marts.fct_cvar_drivers group by 1, 2",
    ),
    "cvar_rate": of_forward_value("gross_cvar", "segment"),
    "experience_cvar_rate": of_forward_value("experience_cvar", "territory"),
    "gross_cvar_change_mom": Golden(
        total=against_before(
            "select month, sum(gross_cvar) as value from marts.fct_cvar group by 1", months=1
        ),
        by=(MONTH, "segment"),
        cut=against_before(
            """
            select month, segment, sum(gross_cvar) as value from marts.fct_cvar group by 1, 2
            """,
            months=1,
            column="segment",
        ),
    ),
    "experience_cvar_change_yoy": Golden(
        total=against_before(
            "select month, sum(experience_cvar) as value from marts.fct_cvar group by 1",
            months=12,
        ),
        by=(MONTH, "specialty"),
        cut=against_before(
            """
            select month, specialty, sum(experience_cvar) as value
            from marts.fct_cvar
            group by 1, 2
            """,
            months=12,
            column="specialty",
        ),
    ),
    "cvar_entered": Golden(
        total=f"{MOVED_RISKS} select sum(entered) from moved",
        by=("territory",),
        cut=f"{MOVED_RISKS} select territory, sum(entered) from moved group by 1",
    ),
    "cvar_left": Golden(
        total=f"{MOVED_RISKS} select sum(left_active) from moved",
        by=("territory",),
        cut=f"{MOVED_RISKS} select territory, sum(left_active) from moved group by 1",
    ),
    # Both take the rounding of their month and territory: no other way leads to the cent.
    "cvar_worsened": Golden(
        total="select sum(worsened) from marts.fct_cvar_bridge",
        by=("territory",),
        cut="""
            select nullif(territory, 'unassigned'), sum(worsened)
            from marts.fct_cvar_bridge group by 1
        """,
    ),
    "cvar_improved": Golden(
        total="""
            select sum(opening) + sum(entered) + sum(exposure_change) + sum(worsened)
                - sum(left_active) - sum(closing)
            from marts.fct_cvar_bridge
        """,
        by=("territory",),
        cut="""
            select nullif(territory, 'unassigned'), sum(improved)
            from marts.fct_cvar_bridge group by 1
        """,
    ),
    "predicted_loss": of_backtest("sum(predicted_loss)"),
    "realized_loss": of_backtest("sum(realized_loss)"),
    "cvar_calibration_ratio": of_backtest("sum(predicted_loss) / nullif(sum(realized_loss), 0)"),
}

# --- CLV -----------------------------------------------------------------------------------------

# Cost of what we did before the customer's first fill, as far as known at the end of each month.
ACQUISITION = """
    with first_fills as (
        select customer_id, min(shipped_on) as first_shipped_on
        from marts.fct_fills
        group by 1
    ),

    touches as (
        select
            touches.customer_id,
            date_trunc('month', touches.occurred_at)::date as month,
            sum(touches.touch_cost) as cost
        from marts.fct_interactions as touches
        left join first_fills
            on touches.customer_id = first_fills.customer_id
        where
            touches.direction = 'outbound'
            and coalesce(touches.occurred_at::date < first_fills.first_shipped_on, true)
        group by 1, 2
    ),

    acquisition as (
        select
            clv.month,
            clv.state,
            coalesce(sum(touches.cost) over (
                partition by clv.customer_id order by clv.month
            ), 0) as cost
        from marts.fct_clv as clv
        left join touches
            on clv.customer_id = touches.customer_id and clv.month = touches.month
    )
"""
# Lifetime value exists where its residual does.
LIFETIME_VALUE = """
    sum(margin_to_date - acquisition_cost + residual) filter (where residual is not null)
"""

CLV = {
    "clv": at_month_end("fct_clv", "state", LIFETIME_VALUE),
    "margin_to_date": at_month_end(
        "fct_clv", "state", "sum(margin_to_date)", total=spread_to_panel_end("margin")
    ),
    "acquisition_cost": Golden(
        total=f"""
            {ACQUISITION}
            select sum(cost) from acquisition where month = (select max(month) from acquisition)
        """,
        by=(MONTH, "state"),
        cut=f"{ACQUISITION} select month, state, sum(cost) from acquisition group by 1, 2",
    ),
    "residual_value": at_month_end("fct_clv", "state", "sum(residual)"),
    "clv_per_customer": at_month_end(
        "fct_clv", "segment", f"cast({LIFETIME_VALUE} as double) / count(clv)"
    ),
    "clv_growth_yoy": Golden(
        total=against_before(
            f"select month, {LIFETIME_VALUE} as value from marts.fct_clv group by 1",
            months=12,
            relative=True,
        ),
        by=(MONTH, "segment"),
        cut=against_before(
            f"select month, segment, {LIFETIME_VALUE} as value from marts.fct_clv group by 1, 2",
            months=12,
            column="segment",
            relative=True,
        ),
    ),
}

# --- Promises and moments ------------------------------------------------------------------------

# Told by its times: a settled promise was kept if its delivery was not late.
PROMISES = """
    with promises as (
        select
            promises.*,
            standards.principle,
            date_trunc('month', promises.settled_at)::date as month,
            promises.settled_at is not null as is_settled,
            promises.settled_at is not null
            and coalesce(promises.delivered_at <= promises.due_at, false) as is_kept,
            promises.settled_at is null and promises.voided_at is null as is_open,
            promises.accountable in ('company', 'partner') as is_own
        from marts.fct_promises as promises
        left join marts.dim_promises as standards
            on promises.promise_id = standards.promise_id
    )
"""


def of_promises(value: str, *columns: str, where: str = "true") -> str:
    """A value of promises, by columns if there are any."""
    keys = "".join(f"{column}, " for column in columns)
    return f"{PROMISES} select {keys}{value} as value from promises where {where} group by all"


def of_settled(value: str, by_month: bool = False) -> str:
    """A value of the observations that settled promises leave: q 1 if kept, 0 if broken."""
    return f"""
        select
            {"date_trunc('month', observed_at)::date as month," if by_month else ""}
            {value} as value
        from marts.fct_experience_observations
        where kind = 'promise'
        group by all
    """


KEPT_RATE = "count(*) filter (where is_kept) / nullif(count(*) filter (where is_settled), 0)"
OBSERVED_KEPT_RATE = "count(*) filter (where q = 1) / count(*)"

PROMISE = {
    "promises_made": Golden(
        total="select count(distinct promise_instance_id) from marts.fct_promises",
        by=("promise__principle",),
        cut=of_promises("count(*)", "principle"),
    ),
    "promises_open": Golden(
        total="select count(*) from marts.fct_promises where status = 'open'",
        by=("promise__principle",),
        cut=of_promises("count(*)", "principle", where="is_open"),
    ),
    "promises_settled": Golden(
        total=of_settled("count(*)"),
        by=("promise__principle",),
        cut=of_promises("count(*)", "principle", where="is_settled"),
    ),
    "promises_kept": Golden(
        total=of_settled("count(*) filter (where q = 1)"),
        by=("promise__principle",),
        cut=of_promises("count(*)", "principle", where="is_kept"),
    ),
    "promises_broken": Golden(
        total=of_settled("count(*) filter (where q = 0)"),
        by=("promise__principle",),
        cut=of_promises("count(*)", "principle", where="is_settled and not is_kept"),
    ),
    "promised_cases": Golden(
        total="""
            select count(*)
            from marts.fct_fulfillment_journeys as cases
            where exists (
                select 1
                from marts.fct_promises as promises
                where promises.case_id = cases.case_id and promises.settled_at is not null
            )
        """,
        by=("promise__principle",),
        cut=of_promises("count(distinct case_id)", "principle", where="is_settled"),
    ),
    "kept_promise_cases": Golden(
        total="""
            select count(*)
            from marts.fct_fulfillment_journeys as cases
            where exists (
                select 1
                from marts.fct_promises as promises
                where promises.case_id = cases.case_id and promises.delivered_at <= promises.due_at
                    and promises.settled_at is not null
            )
        """,
        by=("promise__principle",),
        cut=of_promises("count(distinct case_id)", "principle", where="is_kept"),
    ),
    "broken_promise_cases": Golden(
        total="""
            select count(*)
            from marts.fct_fulfillment_journeys as cases
            where exists (
                select 1
                from marts.fct_promises as promises
                where promises.case_id = cases.case_id and promises.settled_at is not null
                    and coalesce(promises.delivered_at > promises.due_at, true)
            )
        """,
        by=("promise__principle",),
        cut=of_promises("count(distinct case_id)", "principle", where="is_settled and not is_kept"),
    ),
    "own_promises_settled": Golden(
        total="""
            select count(*)
            from marts.fct_promises
            where accountable in ('company', 'partner') and status in ('kept', 'broken')
        """,
        by=("promise__principle",),
        cut=of_promises("count(*)", "principle", where="is_own and is_settled"),
    ),
    "own_promises_kept": Golden(
        total="""
            select count(*)
            from marts.fct_promises
            where accountable in ('company', 'partner') and status = 'kept'
        """,
        by=("promise__principle",),
        cut=of_promises("count(*)", "principle", where="is_own and is_kept"),
    ),
    "promise_kept_rate": Golden(
        total="""
            select sum(kept) / nullif(sum(n), 0)
            from (
                select
                    count(*) filter (where status = 'kept') as kept,
                    count(*) filter (where status in ('kept', 'broken')) as n
                from marts.fct_promises
            )
        """,
        by=("promise_instance__function", "territory"),
        cut=of_promises(KEPT_RATE, "function", "territory"),
    ),
    "own_promise_kept_rate": Golden(
        total=of_promises(KEPT_RATE, where="is_own"),
        by=("promise__principle",),
        cut=of_promises(KEPT_RATE, "principle", where="is_own"),
    ),
    "promise_kept_rate_change_mom": Golden(
        total=against_before(of_settled(OBSERVED_KEPT_RATE, by_month=True), months=1),
        by=(MONTH, "promise_instance__channel_group"),
        cut=against_before(
            of_promises(KEPT_RATE, "month", "channel_group", where="is_settled"),
            months=1,
            column="channel_group",
        ),
    ),
    "promise_kept_rate_change_yoy": Golden(
        total=against_before(of_settled(OBSERVED_KEPT_RATE, by_month=True), months=12),
        by=(MONTH, "promise_instance__accountable"),
        cut=against_before(
            of_promises(KEPT_RATE, "month", "accountable", where="is_settled"),
            months=12,
            column="accountable",
        ),
    ),
    "promise_ratio_median": Golden(
        total=of_promises("quantile_cont(promise_ratio, 0.5)", where="is_settled"),
        by=("promise__principle",),
        cut=of_promises("quantile_cont(promise_ratio, 0.5)", "principle", where="is_settled"),
    ),
    "overdue_promises": at_month_end(
        "fct_relationship_health",
        "specialty",
        "sum(overdue_promises)",
        # Undelivered at the month's last instant. A breached promise of silence is not overdue:
        # nothing can be delivered any more.
        total="""
            with ends as (
                select
                    max(month) as month,
                    max(month) + interval 1 month - interval 1 microsecond as last_instant
                from marts.fct_relationship_health
            )

            select count(distinct promises.promise_instance_id)
            from marts.fct_promises as promises
            cross join ends
            inner join marts.fct_relationship_health as health
                on promises.customer_id = health.customer_id and ends.month = health.month
            left join marts.fct_fulfillment_journeys as cases
                on promises.case_id = cases.case_id
            where
                promises.accountable in ('company', 'partner')
                and promises.promise_id <> 'optout_honoured'
                and promises.due_at >= ends.month - interval 5 months
                and promises.due_at < ends.last_instant
                and coalesce(promises.delivered_at > ends.last_instant, true)
                and coalesce(promises.voided_at > ends.last_instant, true)
                and coalesce(cases.closed_at > ends.last_instant, true)
        """,
    ),
}


def of_moments(value: str) -> Golden:
    """A value of moments, by kind and by territory on the day."""
    return Golden(
        total=f"select {value} from marts.fct_moments",
        by=("moment_instance__moment", "territory"),
        cut=f"select moment, territory, {value} from marts.fct_moments group by 1, 2",
    )


# A moment left evidence if a promise was settled or an observation weighed something.
JUDGED = "is_window_over and (promises_settled > 0 or mean_q is not null)"
UPHELD = "is_window_over and outcome = 'upheld'"

MOMENT = {
    "moments": of_moments("count(distinct moment_id)"),
    "moments_over": of_moments("count(*) filter (where is_window_over)"),
    "moments_judged": of_moments(f"count(*) filter (where {JUDGED})"),
    "moments_seen_share": of_moments(
        f"count(*) filter (where {JUDGED}) / nullif(count(*) filter (where is_window_over), 0)"
    ),
    "moments_upheld": of_moments(f"count(*) filter (where {UPHELD})"),
    "moments_upheld_rate": of_moments(
        f"count(*) filter (where {UPHELD}) / nullif(count(*) filter (where {JUDGED}), 0)"
    ),
}

GOLDEN = {**VALUE, **VALUE_BRIDGE, **CVAR, **CLV, **PROMISE, **MOMENT}
