"""What the metrics of operations must be.

Plain SQL, written from the definitions, on other marts than the metric's own where one knows it.
No other mart knows which patient a fill is of, nor what copay assistance was claimed: there the
golden value stands on other columns of the same mart. Whether those are right is tested against the
files, in golden/test_operations.py.
"""

from __future__ import annotations

from metrics.golden import MONTH, Golden, at_month_end, counted, ratio

WEEK = "metric_time__week"
AS_OF_DATE = "(select max(as_of_date) from ops.runs where status = 'published')"


def _mart(table: str, columns: str, where: str = "true") -> str:
    """Rows of a mart, as `rows` of what counts them."""
    return f"with rows as (select {columns} from marts.{table} where {where})"


# --- Starts of the week --------------------------------------------------------------------------

# Targets as the seed has them: the territory's own before the general one, the newest in force.
WEEKS = f"""
    with starts as (
        select
            date_trunc('week', fills.shipped_on)::date as week,
            fills.product_id as product,
            history.territory,
            cases.case_type,
            fills.net_value
        from marts.fct_fills as fills
        left join marts.fct_fulfillment_journeys as cases
            on fills.case_id = cases.case_id
        left join marts.dim_customer_history as history
            on
                fills.customer_id = history.customer_id
                and fills.shipped_on >= history.valid_from
                and fills.shipped_on < history.valid_to
        where
            fills.is_start
            and fills.product_id is not null
            and date_trunc('week', fills.shipped_on)
            >= (select min(month) + interval 3 months from marts.dim_months)
    ),

    whole_weeks as (
        select *, date_trunc('month', week)::date as month
        from starts
        where week + 6 <= {AS_OF_DATE}
    ),

    targets as (
        select products.product_id as product, targets.*
        from (
            values
                ('Velora', null, date '2024-01-01', 1.00),
                ('Nuvexa', null, date '2024-01-01', 1.00),
                ('Ardenta', null, date '2024-01-01', 0.50),
                ('Velora', 'T000', date '2025-01-01', 1.50)
        ) as targets (product_name, territory, valid_from, weekly_starts)
        inner join marts.dim_products as products
            on targets.product_name = products.product_name
    ),

    product_weeks as (
        select
            product,
            unnest(
                generate_series(min(week), {AS_OF_DATE} - interval 6 days, interval 7 days)
            )::date as week
        from starts
        group by product
    ),

    product_territories as (
        select product, territory from starts where territory is not null
        union
        select product, territory from targets where territory is not null
    ),

    aimed_at as (
        select
            product_weeks.week,
            date_trunc('month', product_weeks.week)::date as month,
            product_weeks.product,
            product_territories.territory,
            (
                select max_by(
                    targets.weekly_starts, (targets.territory is not null, targets.valid_from)
                )
                from targets
                where
                    targets.product = product_weeks.product
                    and coalesce(targets.territory, product_territories.territory)
                    = product_territories.territory
                    and targets.valid_from <= product_weeks.week
            )::decimal(12, 2) as target,
            (
                select count(*)
                from starts
                where
                    starts.week = product_weeks.week
                    and starts.product = product_weeks.product
                    and starts.territory = product_territories.territory
            ) as starts
        from product_weeks
        inner join product_territories
            on product_weeks.product = product_territories.product
    )
"""
TARGETED = "sum(starts) filter (where target > 0)"

WEEK_METRICS = {
    **{
        name: counted(WEEKS, "whole_weeks", value, WEEK, "territory")
        for name, value in {
            "weekly_starts": "count(*)",
            "new_starts": "count(*) filter (where case_type = 'NEW')",
            "restarts": "count(*) filter (where case_type = 'RESTART')",
            "free_starts": "count(*) filter (where net_value = 0)",
        }.items()
    },
    **{
        name: counted(WEEKS, "aimed_at", value, MONTH, "product", "territory")
        for name, value in {
            "targeted_starts": TARGETED,
            "start_target": "sum(target)",
            "start_attainment": ratio(TARGETED, "sum(target)"),
        }.items()
    },
}

# --- Open cases ----------------------------------------------------------------------------------

OPEN_CASES = f"""
    with open_cases as (
        select
            territory,
            case_type,
            floor(epoch({AS_OF_DATE} + interval 1 day - received_at) / 86400) as days_open,
            case_id in (
                select case_id
                from marts.fct_promises
                where status = 'broken' and delivered_at is null and case_id is not null
                union all
                select barriers.case_id
                from marts.fct_barriers as barriers
                inner join marts.fct_promises as promises
                    on
                        barriers.source_row_id = promises.source_row_id
                        and promises.promise_id = 'barrier_resolved'
                where
                    promises.status = 'broken'
                    and promises.delivered_at is null
                    and barriers.case_id is not null
            ) as is_overdue,
            case_id in (
                select case_id
                from marts.fct_barriers
                where resolved_at is null and case_id is not null
            ) as has_barrier
        from marts.fct_fulfillment_journeys
        where closed_at is null and first_shipped_at is null and outcome <> 'reversed'
    )
"""

CASE_METRICS = {
    name: counted(OPEN_CASES, "open_cases", value, "open_case__case_type", "territory")
    for name, value in {
        "open_cases": "count(*)",
        "overdue_open_cases": "count(*) filter (where is_overdue)",
        "cases_with_open_barrier": "count(*) filter (where has_barrier)",
        "open_case_days_p90": "quantile_cont(days_open, 0.9)",
    }.items()
}

# --- Prior authorisations ------------------------------------------------------------------------

PA_CASES = """
    with pa_cases as (
        select
            *,
            pa_chains_final - pa_chains_approved as pa_chains_denied
        from marts.fct_fulfillment_journeys
    )
"""
PA_DECISIONS = _mart(
    "fct_prior_auths",
    """
        payer_id as payer,
        appeal_outcome,
        final_result in ('approved', 'modified') as is_granted,
        greatest(floor(epoch(decided_at - submitted_at) / 86400), 0) as days,
        date_trunc('month', decided_at)::date as month
    """,
    "final_result in ('approved', 'modified', 'denied')",
)
PA_APPEALS = _mart(
    "fct_prior_auths",
    """
        denial_reason,
        appeal_outcome not in ('pending', 'denied') as is_granted,
        date_trunc('month', decided_at)::date as month
    """,
    "appeals > 0 and appeal_outcome not in ('pending', 'cancelled', 'pended')",
)
DENIED = "count(*) filter (where not is_granted)"
GRANTED = "count(*) filter (where is_granted)"


def _of_decisions(value: str, total: str = "") -> Golden:
    """Decisions by month and payer; in total, where cases know it, as they count them."""
    by_payer = counted(PA_DECISIONS, "rows", value, MONTH, "payer")
    of_cases = f"{PA_CASES} select {total} from pa_cases" if total else by_payer.total
    return Golden(total=of_cases, by=by_payer.by, cut=by_payer.cut)


def _of_appeals(value: str) -> Golden:
    """Of a chain that went on after its appeal, the appeal counts, but in no month."""
    return Golden(
        total=counted(PA_APPEALS, "rows", value).total,
        by=(MONTH, "prior_auth__denial_reason"),
        cut=f"""
            {PA_APPEALS}
            select month, denial_reason, {value}
            from rows
            where month is not null
            group by 1, 2
        """,
    )


PA_METRICS = {
    "pa_requests": counted(
        PA_CASES, "pa_cases", "sum(pa_chains)", "prior_auth__payer_type", "territory"
    ),
    "pa_decisions": _of_decisions("count(*)", "sum(pa_chains_final)"),
    "pa_denials": _of_decisions(DENIED, "sum(pa_chains_denied)"),
    "pa_denial_share": _of_decisions(
        ratio(DENIED, "count(*)"), ratio("sum(pa_chains_denied)", "sum(pa_chains_final)")
    ),
    "pa_days_to_decision_median": _of_decisions("quantile_cont(days, 0.5)"),
    "pa_appeals_decided": _of_appeals("count(*)"),
    "pa_appeals_granted": _of_appeals(GRANTED),
    "pa_appeal_success_rate": _of_appeals(ratio(GRANTED, "count(*)")),
}

# --- Reauthorisations ----------------------------------------------------------------------------

# Approvals of all patients; only the mart knows which of them are on therapy.
RENEWALS = f"""
    with renewals as (
        select
            cases.territory,
            date_trunc('month', approvals.approval_ends_on)::date as month,
            due.renewal_started_at > approvals.decided_at as is_started
        from marts.fct_prior_auths as approvals
        inner join marts.fct_fulfillment_journeys as cases
            on approvals.case_id = cases.case_id
        inner join marts.fct_reauthorizations_due as due
            on approvals.case_id = due.case_id and approvals.decided_at = due.approved_at
        where
            approvals.is_approved
            and approvals.approval_ends_on between {AS_OF_DATE} and {AS_OF_DATE} + 120
    )
"""
STARTED = "count(*) filter (where is_started)"

RENEWAL_METRICS = {
    name: counted(RENEWALS, "renewals", value, MONTH, "territory")
    for name, value in {
        "reauthorizations_due": "count(*)",
        "reauthorizations_started": STARTED,
        "reauthorization_started_share": ratio(STARTED, "count(*)"),
    }.items()
}

# --- Pharmacies ----------------------------------------------------------------------------------

COVERED = _mart(
    "fct_fulfillment_journeys",
    """
        product_id as product,
        first_shipped_at is null as is_lost,
        date_trunc('month', coverage_ready_at)::date as month
    """,
    f"is_start_journey and coverage_ready_at::date + 90 <= {AS_OF_DATE}",
)
BILLED = """
    with billed as (
        select
            date_trunc('month', shipped_on)::date as month,
            pharmacy_id as pharmacy,
            1 as fills,
            0 as reversed
        from marts.fct_fills
        union all
        select month, nullif(pharmacy_id, 'unassigned'), reversed_fills, reversed_fills
        from marts.fct_pharmacy_performance
    )
"""
# Whoever comes to a pharmacy has left another one for it.
TRANSFERS = _mart(
    "fct_pharmacy_performance",
    "nullif(pharmacy_id, 'unassigned') as pharmacy, transfers_in, transfers_out",
)
LOST = "count(*) filter (where is_lost)"


def _transfers(column: str, same: str) -> Golden:
    return Golden(
        total=counted(TRANSFERS, "rows", f"sum({same})").total,
        by=("pharmacy",),
        cut=counted(TRANSFERS, "rows", f"sum({column})", "pharmacy").cut,
    )


PHARMACY_METRICS = {
    **{
        name: counted(COVERED, "rows", value, MONTH, "product")
        for name, value in {
            "mature_covered_cases": "count(*)",
            "cases_lost_after_coverage": LOST,
            "pharmacy_lost_share": ratio(LOST, "count(*)"),
        }.items()
    },
    **{
        name: counted(BILLED, "billed", value, MONTH, "pharmacy")
        for name, value in {
            "reversed_fills": "sum(reversed)",
            "billed_fills": "sum(fills)",
            "pharmacy_reversal_rate": ratio("sum(reversed)", "sum(fills)"),
        }.items()
    },
    "pharmacy_transfers_out": _transfers("transfers_out", "transfers_in"),
    "pharmacy_transfers_in": _transfers("transfers_in", "transfers_out"),
}

# --- Persistence ---------------------------------------------------------------------------------

# Who is at risk is what stops and ends of observation have left of a cohort; who stops is what its
# curve falls by.
THERAPIES = """
    with begun as (
        select
            date_trunc('month', first_shipped_at)::date as month,
            product_id as product,
            count(*) as begun
        from marts.fct_fulfillment_journeys
        where
            is_start_journey and outcome = 'started' and product_id is not null
        group by 1, 2
    ),

    curves as (
        select
            cohort_month as month,
            product_id as product,
            month_on_therapy,
            survival / coalesce(lag(survival) over months_so_far, 1) as kept,
            coalesce(sum(stopped + censored) over months_before, 0)::bigint as gone
        from marts.fct_persistence
        where cohort_month is not null and product_id <> 'all'
        window
            months_so_far as (
                partition by cohort_month, product_id order by month_on_therapy
            ),
            months_before as (
                partition by cohort_month, product_id order by month_on_therapy
                rows between unbounded preceding and 1 preceding
            )
    ),

    therapies as (
        select
            month,
            product,
            curves.month_on_therapy,
            begun.begun - curves.gone as at_risk,
            round((begun.begun - curves.gone) * (1 - curves.kept))::bigint as stopped
        from curves
        inner join begun
            using (month, product)
    )
"""

THERAPY_METRICS = {
    "therapies_begun": counted(THERAPIES, "begun", "sum(begun)", MONTH, "product"),
    **{
        name: counted(THERAPIES, "therapies", value, MONTH, "therapy_month__month_on_therapy")
        for name, value in {
            "therapy_months_at_risk": "sum(at_risk)",
            "therapy_stops": "sum(stopped)",
            "monthly_stop_rate": ratio("sum(stopped)", "sum(at_risk)"),
        }.items()
    },
}

# --- Copay assistance ----------------------------------------------------------------------------

COPAY = _mart("fct_copay", "*")


def _followed(other: str) -> str:
    """Starts followed to day 90 that are not of the other group."""
    return f"""
        with followed as (
            select
                date_trunc('month', first_shipped_at)::date as month,
                coalesce(payer_type, 'unknown') as payer_type,
                1 as followed,
                (persistent_90d is not null)::integer as persistent
            from marts.fct_fulfillment_journeys
            where
                is_start_journey
                and outcome = 'started'
                and first_shipped_at::date + 90 + 45 <= {AS_OF_DATE}
            union all
            select month, payer_type, -{other}_followed, -{other}_persistent
            from marts.fct_copay
        )
    """


COPAY_METRICS = {
    **{
        name: counted(COPAY, "rows", f"sum({column})", MONTH, "copay_month__payer_type")
        for name, column in {
            "copay_assistance_value": "assistance_value",
            "copay_assisted_cases": "assisted_cases",
        }.items()
    },
    **{
        name.format(group): counted(
            _followed(other), "followed", value, MONTH, "copay_month__payer_type"
        )
        for group, other in (("assisted", "unassisted"), ("unassisted", "assisted"))
        for name, value in {
            "{}_starts_followed": "sum(followed)",
            "{}_starts_persistent": "sum(persistent)",
            "{}_persistence_rate": ratio("sum(persistent)", "sum(followed)"),
        }.items()
    },
}

# --- Organisations -------------------------------------------------------------------------------

# Starts of each customer in the three months to the end of a month, and in the three before.
ORGANIZATIONS = """
    with customers as (
        select
            months.month,
            months.month_number,
            history.organization_id as organization,
            count(fills.fill_id) filter (
                where fills.shipped_on >= months.month - interval 2 months
            ) as now,
            count(fills.fill_id) filter (
                where fills.shipped_on < months.month - interval 2 months
            ) as before
        from marts.fct_customer_value as value
        inner join marts.dim_months as months
            on value.month = months.month
        inner join marts.dim_customer_history as history
            on
                value.customer_id = history.customer_id
                and months.last_day_on >= history.valid_from
                and months.last_day_on < history.valid_to
        left join marts.fct_fills as fills
            on
                value.customer_id = fills.customer_id
                and fills.is_start
                and fills.shipped_on >= months.month - interval 5 months
                and fills.shipped_on <= months.last_day_on
        where history.organization_id is not null
        group by months.month, months.month_number, history.organization_id, value.customer_id
    ),

    organizations as (
        select
            month,
            organization,
            sum(now) as written,
            case when month_number >= 9 then sum(greatest(now - before, 0)) end as gained,
            case when month_number >= 9 then sum(greatest(before - now, 0)) end as lost
        from customers
        group by month, month_number, organization
    )
"""

ORGANIZATION_METRICS = {
    name: at_month_end(ORGANIZATIONS, "organizations", value, "organization")
    for name, value in {
        "organizations_writing": "count(*) filter (where written > 0)",
        "organization_starts_moved": "sum(least(gained, lost))",
        "organization_net_starts_lost": "sum(lost - least(gained, lost))",
    }.items()
}

# --- Reach and frequency -------------------------------------------------------------------------

REACH = """
    with touches as (
        select
            customer_id,
            date_trunc('month', occurred_at)::date as month,
            count(*) as touches
        from marts.fct_interactions
        where direction = 'outbound' and customer_id is not null
        group by 1, 2
    ),

    reached as (
        select
            value.month,
            value.territory,
            value.segment,
            coalesce(touches.touches, 0) as touches
        from marts.fct_customer_value as value
        left join touches
            on value.customer_id = touches.customer_id and value.month = touches.month
    )
"""
REACHED = "count(*) filter (where touches > 0)"

REACH_METRICS = {
    name: counted(REACH, "reached", value, MONTH, "territory", "segment")
    for name, value in {
        "customer_months": "count(*)",
        "reached_customer_months": REACHED,
        "customer_touches": "sum(touches)",
        "engagement_reach": ratio(REACHED, "count(*)"),
        "engagement_frequency": ratio("sum(touches)", REACHED),
    }.items()
}

GOLDEN = {
    **WEEK_METRICS,
    **CASE_METRICS,
    **PA_METRICS,
    **RENEWAL_METRICS,
    **PHARMACY_METRICS,
    **THERAPY_METRICS,
    **COPAY_METRICS,
    **ORGANIZATION_METRICS,
    **REACH_METRICS,
}
