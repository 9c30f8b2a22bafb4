"""What the metrics must be that only the scorecards ask for: plain SQL on the published marts."""

from __future__ import annotations

from metrics.golden import Golden

MONTH = "metric_time__month"
# The promises of definitions, section 5, whose clock stops when the office closes.
BUSINESS_HOURS = "('case_first_response', 'case_resolution', 'inquiry_response')"
ELAPSED = f"""
    (
        select channel_group, (status = 'kept')::integer as kept
        from marts.fct_promises
        where promise_id not in {BUSINESS_HOURS} and settled_at is not null
    )
"""
REMOVED = """
    (
        select barrier_type, (escalated_at is null)::integer as alone
        from marts.fct_barriers
        where resolution = 'removed'
    )
"""
# Neither kept promises, nor what our own people noted, nor clicks are answers of a customer.
SURVEYED = """
    (
        select distinct date_trunc('month', observed_at)::date as month, customer_id, touchpoint
        from marts.fct_experience_observations
        where kind not in ('promise', 'reaction', 'email')
    )
"""


def _by(rows: str, value: str, column: str, item: str) -> Golden:
    return Golden(
        total=f"select {value} from {rows}",
        by=(item,),
        cut=f"select {column}, {value} from {rows} group by 1",
    )


def _touchpoints(value: str) -> Golden:
    """Of touchpoints met in a month, and those among them where a promise settled in it."""
    rows = """
        (
            select
                date_trunc('month', observations.observed_at)::date as month,
                observations.touchpoint,
                case when promises.settled_at is not null then promises.touchpoint end as promised
            from marts.fct_experience_observations as observations
            left join marts.fct_promises as promises
                on observations.observation_id = 'promise:' || promises.promise_instance_id
        )
    """
    return _by(rows, value, "month", MONTH)


GOLDEN = {
    "elapsed_promises_settled": _by(
        ELAPSED, "count(*)", "channel_group", "promise_instance__channel_group"
    ),
    "elapsed_promises_kept": _by(
        ELAPSED, "sum(kept)", "channel_group", "promise_instance__channel_group"
    ),
    "customer_clock_kept_rate": _by(
        ELAPSED, "avg(kept)", "channel_group", "promise_instance__channel_group"
    ),
    "barriers_removed_unescalated": _by(
        REMOVED, "sum(alone)", "barrier_type", "barrier__barrier_type"
    ),
    "unescalated_removal_share": _by(
        REMOVED, "avg(alone)", "barrier_type", "barrier__barrier_type"
    ),
    # A month with observations, none of them an answer, has nobody surveyed.
    "surveyed_customers": Golden(
        total=f"select count(distinct customer_id) from {SURVEYED}",
        by=(MONTH,),
        cut=f"""
            with months as (
                select distinct date_trunc('month', observed_at)::date as month
                from marts.fct_experience_observations
            )

            select months.month, count(distinct answered.customer_id)
            from months
            left join {SURVEYED} as answered using (month)
            group by 1
        """,
    ),
    "survey_coverage": Golden(
        total=f"""
            select count(distinct customer_id) / (
                select count(*)
                from marts.fct_customer_value
                where month = (select max(month) from marts.fct_customer_value)
            )
            from {SURVEYED}
        """,
        by=(MONTH,),
        cut=f"""
            with answered as (
                select month, count(distinct customer_id) as customers from {SURVEYED} group by 1
            )

            select panel.month, any_value(answered.customers) / count(*)
            from marts.fct_customer_value as panel
            left join answered on panel.month = answered.month
            group by 1
        """,
    ),
    "touchpoints_met": _touchpoints("count(distinct touchpoint)"),
    "touchpoints_promised": _touchpoints("count(distinct promised)"),
    "measured_touchpoint_share": _touchpoints(
        "count(distinct promised) / nullif(count(distinct touchpoint), 0)"
    ),
    "recoverable_cvar_rate": Golden(
        total="""
            select sum(risk.recoverable_cvar) / nullif(sum(value.forward_value), 0)
            from marts.fct_customer_value as value
            left join marts.fct_cvar as risk using (customer_id, month)
            where month = (select max(month) from marts.fct_cvar)
        """,
        by=(MONTH, "territory"),
        cut="""
            select month, value.territory,
                sum(risk.recoverable_cvar) / nullif(sum(value.forward_value), 0)
            from marts.fct_customer_value as value
            left join marts.fct_cvar as risk using (customer_id, month)
            group by 1, 2
        """,
    ),
}
