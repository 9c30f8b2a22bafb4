"""What the metrics of journey, health and variability must be.

Plain SQL on the marts, written from the definitions.
"""

from __future__ import annotations

from metrics.golden import Golden

INTERACTIONS = "marts.fct_interactions"
OBSERVATIONS = "marts.fct_experience_observations"
HEALTH = "marts.fct_relationship_health"
CASES = "marts.fct_fulfillment_journeys"
STEPS = "marts.fct_fulfillment_steps"
BARRIERS = "marts.fct_barriers"
FILLS = "marts.fct_fills"
SIGNALS = "marts.fct_variability_signals"
WITH_PRODUCTS = "left join marts.dim_products as products using (product_id)"


def _rows(rows: str, value: str, item: str) -> Golden:
    """A value of rows, in total and by a column of theirs that the item ends with."""
    column = item.rpartition("__")[-1]
    return Golden(
        total=f"select {value} from {rows}",
        by=(item,),
        cut=f"select {column}, {value} from {rows} group by 1",
    )


def _ratio(part: str, whole: str) -> str:
    """A ratio that is null where nothing stands below the line."""
    return f"{part} / nullif({whole}, 0)"


def _at_month_end(value: str, mart: str = HEALTH, item: str = "specialty") -> Golden:
    """A value of a panel, in its newest month and by month and a column as it was then."""
    return Golden(
        total=f"select {value} from {mart} where month = (select max(month) from {mart})",
        by=("metric_time__month", item),
        cut=f"select month, {item}, {value} from {mart} group by 1, 2",
    )


def _percentile_90(rows: str, column: str, item: str) -> Golden:
    """The 90th percentile, interpolated by hand.

    Of n sorted values it lies at place .9 (n - 1), counted from 0: each of the two neighbours
    counts by how near it is, all other values not at all.
    """
    group = item.rpartition("__")[-1]

    def places(partition: str) -> str:
        return f"""
            select
                *,
                row_number() over ({partition} order by {column}) - 1 as place,
                0.9 * (count(*) over ({partition}) - 1) as wanted
            from {rows}
            where {column} is not null
        """

    value = f"sum({column} * greatest(0, 1 - abs(place - wanted)))"
    return Golden(
        total=f"select {value} from ({places('')})",
        by=(item,),
        cut=f"select {group}, {value} from ({places(f'partition by {group}')}) group by 1",
    )


# Interactions: two-way ones are those that the customer began or answered.

ALL_ROWS = "count(*)"
TWO_WAY = "count(*) filter (where direction = 'inbound' or is_two_way)"
CAMPAIGN = "count(campaign)"

INTERACTION_METRICS = {
    name: _rows(INTERACTIONS, value, "interaction__channel")
    for name, value in {
        "interactions": "count(distinct interaction_id)",
        "outbound_touches": "count(*) filter (where direction = 'outbound')",
        "two_way_interactions": TWO_WAY,
        "campaign_touches": CAMPAIGN,
        "two_way_share": _ratio(TWO_WAY, ALL_ROWS),
        "campaign_touch_share": _ratio(CAMPAIGN, ALL_ROWS),
        "burden_hours": "sum(customer_minutes) / 60",
    }.items()
}

# Minutes of interactions and starts of fills side by side: a product without rows of the one
# kind has no sum of it, and therefore no ratio.
MINUTES_AND_STARTS = """
    (
        select product_id, customer_minutes, null as starts
        from marts.fct_interactions
        union all
        select product_id, null, is_start::integer
        from marts.fct_fills
    )
"""
HOURS_PER_START = _ratio("sum(customer_minutes) / 60", "sum(starts)")

BURDEN = {
    "burden_hours_per_start": _rows(
        f"{MINUTES_AND_STARTS} {WITH_PRODUCTS}", HOURS_PER_START, "product__product_name"
    ),
}

# Observations: an NPS answer of n has q = n / 10, so that answers are told by whole numbers.

ANSWERS = "count(*) filter (where kind = 'nps')"
PROMOTERS = "count(*) filter (where kind = 'nps' and round(10 * q) in (9, 10))"
DETRACTORS = "count(*) filter (where kind = 'nps' and round(10 * q) between 0 and 6)"

OBSERVATION_METRICS = {
    **{
        name: _rows(OBSERVATIONS, value, "observation__channel_group")
        for name, value in {
            "observations": "count(distinct observation_id)",
            "experience_weight": "sum(weight)",
            "nps_answers": ANSWERS,
            "nps_promoters": PROMOTERS,
            "nps_detractors": DETRACTORS,
            "csat_mean": "avg(case kind when 'csat' then q end)",
            "ces_mean": "avg(case kind when 'ces' then q end)",
        }.items()
    },
    "experience_mean": _rows(
        OBSERVATIONS, _ratio("sum(weight * q)", "sum(weight)"), "observation__kind"
    ),
    "nps": _rows(
        OBSERVATIONS,
        _ratio(f"100 * ({PROMOTERS} - {DETRACTORS})", ANSWERS),
        "observation__touchpoint",
    ),
}

# Relationship health, at the end of the month.

RATED = "count(*) filter (where band <> 'unrated')"
HEALTHY = "count(*) filter (where band in ('strong', 'steady'))"

# Change over three months, from the health of both months.
HEALTH_AND_BEFORE = """
    select now.month, now.specialty, now.health - past.health as change
    from marts.fct_relationship_health as now
    left join marts.fct_relationship_health as past
        on past.customer_id = now.customer_id and past.month = now.month - interval 3 month
"""


def _mean_health_a_year_on(group: str) -> str:
    return f"""
        with means as (
            select month, {group} as part, avg(health) as health
            from marts.fct_relationship_health
            group by 1, 2
        )
        select now.month, now.part, now.health - past.health
        from means as now
        inner join means as past
            on past.month = now.month - interval 12 month
            and past.part is not distinct from now.part
    """


HEALTH_METRICS = {
    **{
        name: _at_month_end(value)
        for name, value in {
            "relationship_health": "avg(health)",
            "trust_score": "avg(trust)",
            "ease_score": "avg(ease)",
            "responsiveness_score": "avg(responsiveness)",
            "coherence_score": "avg(coherence)",
            "reciprocity_score": "avg(reciprocity)",
            "fulfillment_score": "avg(fulfillment)",
            "sentiment_score": "avg(sentiment)",
            "emotional_engagement": "avg(emotional_engagement)",
            "experience_variability": "avg(q_stddev)",
            "experience_variation_coefficient": "avg(q_cv)",
            "between_channel_deviation": "avg(between_channel_s)",
            "rated_customers": RATED,
            "healthy_customers": HEALTHY,
            "fragile_customers": "count(*) filter (where band in ('fragile', 'critical'))",
            "rated_customer_share": _ratio(RATED, ALL_ROWS),
            "healthy_customer_share": _ratio(HEALTHY, RATED),
        }.items()
    },
    # The panel of values has the same customers and months as that of health.
    "customers_in_panel": _at_month_end(
        "count(distinct customer_id)", mart="marts.fct_customer_value"
    ),
    "health_change_3m_mean": Golden(
        total=f"""
            select avg(change)
            from ({HEALTH_AND_BEFORE})
            where month = (select max(month) from marts.fct_relationship_health)
        """,
        by=("metric_time__month", "specialty"),
        cut=f"select month, specialty, avg(change) from ({HEALTH_AND_BEFORE}) group by 1, 2",
    ),
    "relationship_health_change_yoy": Golden(
        total=f"select * exclude (part) from ({_mean_health_a_year_on('true')})",
        by=("metric_time__month", "segment"),
        cut=_mean_health_a_year_on("segment"),
    ),
}

# Variability: a unit has a chart where earlier months give a mean.

CHARTED = "count(mean)"
SIGNALLED = "count(*) filter (where signal <> 'none')"

VARIABILITY_METRICS = {
    name: _rows(SIGNALS, value, "unit_month__unit_type")
    for name, value in {
        "charted_unit_months": CHARTED,
        "variability_signals": SIGNALLED,
        "variability_signal_rate": _ratio(SIGNALLED, CHARTED),
        "units_out_of_funnel": "count(*) filter (where funnel_position in ('below', 'above'))",
    }.items()
}

# Path to prescribe: who reached a stage, from the events that make it. A relationship counts
# once; customers and products that are not known have none.

REACHED = """
    select relations.product_id
    from marts.fct_prescribe_journeys as relations
    where exists (
        select touches.customer_id
        from marts.fct_interactions as touches
        where
            touches.direction = 'outbound'
            and touches.customer_id = relations.customer_id
            and coalesce(touches.product_id, relations.product_id) = relations.product_id
    )
"""
PRESCRIBED = """
    select distinct customer_id, product_id
    from marts.fct_fulfillment_journeys
    where case_type = 'NEW' and customer_id is not null and product_id is not null
"""
STARTED = """
    select distinct customer_id, product_id
    from marts.fct_fills
    where is_start and customer_id is not null and product_id is not null
"""
LOYAL = "select product_id from marts.fct_prescribe_journeys where loyal_at is not null"
LAPSED = "select product_id from marts.fct_prescribe_journeys where lapsed_at is not null"

# The window of n days is the day of the touch (or of receipt) and the n - 1 days after it, as
# calendar days; what came before that day is no conversion.
PRESCRIBED_IN_90_DAYS = _ratio(
    """
    count(*) filter (
        where first_prescription_at::date - reached_at::date between 0 and 89
    )
    """,
    "count(reached_at)",
)
DELIVERED_IN_30_DAYS = _ratio(
    "count(*) filter (where first_delivered_at::date - received_at::date between 0 and 29)",
    ALL_ROWS,
)

RELATIONSHIP_METRICS = {
    **{
        name: _rows(f"({rows}) {WITH_PRODUCTS}", ALL_ROWS, "product__product_name")
        for name, rows in {
            "reached_relationships": REACHED,
            "prescribing_relationships": PRESCRIBED,
            "started_relationships": STARTED,
            "loyal_relationships": LOYAL,
            "lapsed_relationships": LAPSED,
        }.items()
    },
    "prescription_conversion_rate_90d": Golden(
        total=f"select {PRESCRIBED_IN_90_DAYS} from marts.fct_prescribe_journeys",
        by=("product",),
        cut=f"""
            select product_id, {PRESCRIBED_IN_90_DAYS}
            from marts.fct_prescribe_journeys
            group by 1
        """,
    ),
    "customers": _rows("marts.dim_customers", "count(distinct customer_id)", "customer__specialty"),
}

# Hub cases. Journeys to a start are those of type NEW and RESTART, unfulfilled ones have no
# fill, and a case is given up for one of four reasons.

START_JOURNEY = "case_type in ('NEW', 'RESTART')"
MATURE = f"count(*) filter (where {START_JOURNEY} and is_mature)"
UNFULFILLED = f"""
    count(*) filter (where {START_JOURNEY} and is_mature and first_shipped_at is null)
"""
ABANDONED = """
    count(*) filter (
        where outcome in (
            'pt_declined_cost', 'pt_declined_other', 'pt_unreachable', 'hcp_cancelled'
        )
    )
"""
# Loops are counted from the steps of the case.
CASES_WITH_LOOPS = """
    marts.fct_fulfillment_journeys
    left join (
        select case_id, count(*) as loops
        from marts.fct_fulfillment_steps
        where is_rework
        group by 1
    ) using (case_id)
"""
# An open start journey at the end of a month: received, and neither shipped nor closed by then.
OPEN_CASES = f"""
    marts.fct_customer_value
    left join (
        select months.month, cases.customer_id, cases.case_id
        from marts.dim_months as months
        inner join marts.fct_fulfillment_journeys as cases
            on cases.received_at < months.month + interval 1 month
            and coalesce(cases.first_shipped_at >= months.month + interval 1 month, true)
            and coalesce(cases.closed_at >= months.month + interval 1 month, true)
        where cases.{START_JOURNEY}
    ) using (month, customer_id)
"""

CASE_METRICS = {
    **{
        name: _rows(CASES, value, "hub_case__payer_type")
        for name, value in {
            "received_cases": "count(distinct case_id)",
            "received_start_cases": f"count(*) filter (where {START_JOURNEY})",
            "mature_start_cases": MATURE,
            "unfulfilled_cases": UNFULFILLED,
            "delivered_cases": f"""
                count(*) filter (where {START_JOURNEY} and days_received_to_delivered is not null)
            """,
            "abandoned_cases": ABANDONED,
            "pa_chains_final": "sum(pa_chains_final)",
            "pa_chains_approved": "sum(pa_chains_approved)",
            "pa_first_responses": "sum(pa_first_responses)",
            "pa_first_passes": "sum(pa_first_passes)",
            "appeals": "sum(appeals)",
            "pa_approval_rate": _ratio("sum(pa_chains_approved)", "sum(pa_chains_final)"),
            "pa_first_pass_rate": _ratio("sum(pa_first_passes)", "sum(pa_first_responses)"),
            "pdc_mean": _ratio("sum(pdc)", "count(pdc)"),
        }.items()
    },
    "rework_loops": _rows(CASES_WITH_LOOPS, "sum(loops)", "hub_case__payer_type"),
    "rework_loops_per_case": _rows(
        CASES_WITH_LOOPS, _ratio("sum(coalesce(loops, 0))", ALL_ROWS), "hub_case__payer_type"
    ),
    "enrollment_days_p90": _percentile_90(
        CASES, "days_received_to_enrolled", "hub_case__payer_type"
    ),
    "delivery_conversion_rate_30d": _rows(
        f"(select * from {CASES} where {START_JOURNEY})",
        DELIVERED_IN_30_DAYS,
        "hub_case__payer_type",
    ),
    "unfulfilled_share": Golden(
        total=f"select {_ratio(UNFULFILLED, MATURE)} from {CASES}",
        by=("hub_case__case_type", "product__product_name"),
        cut=f"""
            select case_type, product_name, {_ratio(UNFULFILLED, MATURE)}
            from {CASES} {WITH_PRODUCTS}
            group by 1, 2
        """,
    ),
    "open_start_cases": Golden(
        total=f"""
            select count(case_id)
            from {OPEN_CASES}
            where month = (select max(month) from marts.fct_customer_value)
        """,
        by=("metric_time__month", "segment"),
        cut=f"select month, segment, count(case_id) from {OPEN_CASES} group by 1, 2",
    ),
    # The first day on which half or less still waited, read from the curve. One half may have
    # come out of a product of shares and then misses it by the last digit.
    "time_to_therapy_median_days": Golden(
        total="""
            select min(days)
            from marts.fct_time_to_therapy
            where received_month is null and payer_type = 'all' and survival <= 0.5 + 1e-9
        """,
        by=("cohort__payer_type", "metric_time__month"),
        cut="""
            select payer_type, received_month, min(days)
            from marts.fct_time_to_therapy
            where received_month is not null and survival <= 0.5 + 1e-9
            group by 1, 2
        """,
    ),
}

# Steps: in total as the cases count them, by owner as the steps stand.

STEP_METRICS = {
    "case_steps": _rows(STEPS, ALL_ROWS, "step__owner_org"),
    "handoffs": Golden(
        total=f"select sum(handoffs) from {CASES}",
        by=("step__owner_org",),
        cut=f"select owner_org, count(*) from {STEPS} where is_handoff group by 1",
    ),
    "high_risk_handoffs": Golden(
        total=f"select sum(high_risk_handoffs) from {CASES}",
        by=("step__owner_org",),
        cut=f"select owner_org, count(*) from {STEPS} where is_high_risk_handoff group by 1",
    ),
    "high_risk_handoff_share": Golden(
        total=f"select {_ratio('sum(high_risk_handoffs)', 'sum(handoffs)')} from {CASES}",
        by=("step__owner_org",),
        cut=f"""
            select owner_org, avg(is_high_risk_handoff::integer)
            from {STEPS}
            where is_handoff
            group by 1
        """,
    ),
    "step_wait_hours_p90": _percentile_90(STEPS, "wait_hours", "step__owner_org"),
}

# Barriers: a start after removal needs a case that first shipped on that day or later.

REMOVED = "count(*) filter (where resolution = 'removed')"
STARTED_AFTER_REMOVAL = """
    count(*) filter (
        where resolution = 'removed' and first_shipped_at::date >= resolved_at::date
    )
"""

BARRIER_METRICS = {
    "barriers_identified": _rows(BARRIERS, "count(distinct barrier_id)", "barrier__barrier_type"),
    "barriers_removed": _rows(BARRIERS, REMOVED, "barrier__barrier_type"),
    "barrier_removal_rate": _rows(BARRIERS, _ratio(REMOVED, ALL_ROWS), "barrier__barrier_type"),
    "starts_after_removal": _rows(
        f"{BARRIERS} left join {CASES} using (case_id)",
        STARTED_AFTER_REMOVAL,
        "barrier__barrier_type",
    ),
}

# Starts, and how they grew in a year: over months that had ended.


def _starts_a_year_on(group: str) -> str:
    return f"""
        with months as (
            select
                date_trunc('month', shipped_on)::date as month,
                {group} as part,
                count(*) filter (where is_start) as starts
            from marts.fct_fills
            group by 1, 2
        )
        select now.month, now.part, now.starts / nullif(past.starts, 0) - 1
        from months as now
        inner join months as past
            on past.month = now.month - interval 12 month
            and past.part is not distinct from now.part
        where now.month <= (select max(month) from marts.dim_months)
    """


START_METRICS = {
    "starts": _rows(FILLS, "count(*) filter (where is_start)", "fill__payer_type"),
    "paid_starts": _rows(
        FILLS, "count(*) filter (where is_start and net_value > 0)", "fill__payer_type"
    ),
    "starts_growth_yoy": Golden(
        total=f"select * exclude (part) from ({_starts_a_year_on('true')})",
        by=("metric_time__month", "fill__payer_type"),
        cut=_starts_a_year_on("payer_type"),
    ),
}

GOLDEN = {
    **INTERACTION_METRICS,
    **BURDEN,
    **OBSERVATION_METRICS,
    **HEALTH_METRICS,
    **VARIABILITY_METRICS,
    **RELATIONSHIP_METRICS,
    **CASE_METRICS,
    **STEP_METRICS,
    **BARRIER_METRICS,
    **START_METRICS,
}
