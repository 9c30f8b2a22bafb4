"""Path to fulfillment: what stands in the way, and who stays on therapy once it has begun."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from cxe.report import bars, charts
from cxe.report.answers import Column, is_known
from cxe.report.blocks import Block
from cxe.report.joins import resting_on
from cxe.report.pages.fulfillment_flow import start_cases
from cxe.report.pages.words import PAYERS
from cxe.report.sentences import (
    leaders,
    listed,
)

if TYPE_CHECKING:
    from cxe.report.answers import Answer
    from cxe.report.months import Months
    from cxe.report.source import Source

PRODUCT = "product__product_name"
OWNERS = {
    "HUB": "Hub",
    "HCP": "Prescriber",
    "PAYER": "Payer",
    "SP": "Pharmacy",
    "PATIENT": "Patient",
}
STEPS = {
    "new": "New case",
    "missing_info": "Information missing",
    "bi_in_progress": "Benefit check running",
    "bi_complete": "Benefit check done",
    "pa_required": "Authorisation required",
    "pa_submitted": "Authorisation requested",
    "pa_pended": "Authorisation pended",
    "pa_approved": "Authorisation approved",
    "pa_denied": "Authorisation denied",
    "appeal_l1": "First appeal",
    "appeal_l2": "Second appeal",
    "copay_enrolled": "Copay support agreed",
    "pap_review": "Free drug under review",
    "pap_approved": "Free drug approved",
    "sp_triaged": "With the pharmacy",
    "ready_to_ship": "Ready to ship",
}
# Steps of a case on the way to its first shipment; afterwards nobody waits for a start.
_BEFORE_START = ", ".join(f"'{step}'" for step in STEPS)
_APPROVAL, _FIRST_PASS = "pa_approval_rate", "pa_first_pass_rate"
_RATES = {_APPROVAL: "In the end, appeals included", _FIRST_PASS: "At the first request"}
# Days after the first fill, and how long ago it has to be for this to be known.
_PERSISTENCE = {
    "second_fill": ("Second fill", "second_fill_at", 180),
    "90_days": ("After 90 days", "persistent_90d", 180),
    "180_days": ("After 180 days", "persistent_180d", 270),
    "365_days": ("After 365 days", "persistent_365d", 455),
}


def blocks(source: Source, year: Months) -> list[Block]:
    """Prior authorisations, waits, handoffs, rework and persistence.

    Args:
        source: the published version.
        year: months whose cases are old enough to judge.
    """
    return [
        _authorisations(source, year, "payer_type"),
        _authorisations(source, year, PRODUCT),
        _attempts(source, year),
        _steps(source, year),
        _handoffs(source, year),
        _rework(source, year),
        _persistence(source),
        _coverage(source),
    ]


def _cases_behind(source: Source, cut: str, conditions: dict[str, str], where: str) -> Answer:
    """Counts of cases under conditions, cut like the metrics that they protect."""
    counts = ", ".join(
        f"count(*) filter (where {condition}) as {name}" for name, condition in conditions.items()
    )
    return source.read(
        f"""
        select {cut}, {counts}
        from (
            select cases.*, coalesce(products.product_name, '(none)') as product
            from marts.fct_fulfillment_journeys as cases
            left join marts.dim_products as products on cases.product_id = products.product_id
            where {where}
        )
        group by {cut}
        """,
        [Column(cut, ""), *(Column(name, "", "cases") for name in conditions)],
    )


def _authorisations(source: Source, year: Months, cut: str) -> Block:
    by_payer = cut == "payer_type"
    answer = source.ask(
        _APPROVAL,
        _FIRST_PASS,
        "pa_chains_final",
        "appeals",
        by=[cut],
        since=year.since,
        until=year.until,
    )
    counts = _cases_behind(
        source,
        "payer_type" if by_payer else "product",
        {
            "approved": "pa_chains_approved > 0",
            "decided": "pa_chains_final > 0",
            "passed": "pa_first_passes > 0",
            "answered": "pa_first_responses > 0",
            "appealed": "appeals > 0",
        },
        year.holds("cases.received_at"),
    )
    answer = resting_on(
        answer,
        counts,
        {
            _APPROVAL: ["approved", "decided"],
            _FIRST_PASS: ["passed", "answered"],
            "pa_chains_final": ["decided"],
            "appeals": ["appealed"],
        },
    )
    name = "payer_type_name" if by_payer else "product"
    if by_payer:
        answer = answer.named("payer_type", PAYERS)
    what = "payer type" if by_payer else "product"
    rates = answer.known(_APPROVAL)
    drawn = {row[name] for rate in _RATES for row in answer.known(rate)}
    summary = f"No {what} has enough decided prior authorisations of cases received {year}."
    high = leaders(answer, answer.rows, _APPROVAL, name)
    low = leaders(answer, answer.rows, _APPROVAL, name, lowest=True)
    if high and low:
        least = f", for {low.names} {low.text}" if high.others else ""
        summary = high.says(
            f"for {high.names} {high.text} of authorisations with a final answer are "
            f"approved{least}. Cases received {year}, all types."
        )
    return Block(
        f"authorisations-by-{'payer' if by_payer else 'product'}",
        f"Prior authorisations approved, by {what}",
        summary,
        answer,
        _rates_chart(answer, name, len(drawn)) if rates else None,
        shown=[name, _APPROVAL, _FIRST_PASS, "pa_chains_final", "appeals"],
        note="The distance between the two marks is what later requests and appeals still won: "
        "work that a complete first request would have saved."
        if by_payer
        else "",
    )


def _rates_chart(answer: Answer, name: str, rows: int) -> dict[str, Any]:
    """The first answer and the final one of each group, on one line."""
    base = alt.Chart(charts.ROWS).encode(bars.categories(name))
    share = alt.X(
        "value:Q",
        title="Share approved",
        scale=alt.Scale(domain=[0, 1]),
        axis=charts.value_axis("share"),
    )
    calculated = " : ".join(f"datum.key == '{key}' ? '{text}'" for key, text in _RATES.items())
    points = (
        base.transform_fold(list(_RATES), as_=["key", "value"])
        .transform_filter("isValid(datum.value)")
        .transform_calculate(answer_to=f"{calculated} : ''")
        .mark_point(size=130, filled=True, opacity=1)
        .encode(
            share,
            alt.Color(
                "answer_to:N",
                **charts.colours(
                    list(_RATES.values()), (charts.SERIES[0], charts.SERIES[1]), columns=1
                ),
            ),
            alt.Shape(
                "answer_to:N",
                scale=alt.Scale(domain=list(_RATES.values()), range=["circle", "diamond"]),
                legend=alt.Legend(title=None, columns=1),
            ),
            tooltip=charts.tooltips(answer, name, *_RATES, "pa_chains_final", "appeals"),
        )
    )
    link = (
        base.transform_filter(" && ".join(f"isValid(datum.{rate})" for rate in _RATES))
        .mark_rule(strokeWidth=2, color=charts.NEUTRAL)
        .encode(alt.X(f"{_FIRST_PASS}:Q"), alt.X2(f"{_APPROVAL}:Q"))
    )
    return charts.spec(alt.layer(link, points), bars.rows_height(rows) + 40)


def _attempts(source: Source, year: Months) -> Block:
    answer = source.read(
        f"""
        with start_cases as (
            select
                coalesce(products.product_name, '(none)') as product,
                cases.pa_attempts,
                cases.outcome = 'started' as has_started
            {start_cases(year)} and cases.pa_attempts > 0
        )
        select
            product,
            if(pa_attempts = 1, 'One request', 'More than one') as attempts,
            count(*) as cases,
            count(*) filter (where has_started) / count(*) as started_share,
            count(*) filter (where has_started) as started
        from start_cases
        group by grouping sets ((attempts), (product, attempts))
        order by product nulls first, attempts
        """,
        [
            Column("product", "Product"),
            Column("attempts", "Requests and appeals"),
            Column("cases", "Cases", "cases"),
            Column("started_share", "Of these started", "share"),
        ],
        scopes=["product"],
        patients={"cases": ["cases"], "started_share": ["started", "cases"]},
    )
    told = answer.known("started_share", product=None)
    summary = f"Of cases received {year} with an authorisation, too few to compare."
    if told:
        said = [f"{row['attempts'].lower()} {answer.text(row, 'started_share')}" for row in told]
        summary = (
            "Share of cases with a fill, by how many requests their authorisation took: "
            f"{'; '.join(said)}. Cases received {year} that needed one."
        )
    return Block(
        "attempts",
        "Cases that started, by the requests and appeals that they took",
        summary,
        answer,
        bars.bars(
            answer,
            "attempts",
            "started_share",
            rows=len(answer.where(product=None)),
            tooltips=["attempts", "cases", "started_share"],
            title="Share that started",
            top=1,
        )
        if told
        else None,
        shown=["attempts", "cases", "started_share"],
    )


def _steps(source: Source, year: Months) -> Block:
    answer = source.ask(
        "step_wait_hours_p90",
        "case_steps",
        by=["owner_org", "step_name"],
        where=["case_type in ('NEW', 'RESTART')", f"step_name in ({_BEFORE_START})"],
        since=year.since,
        until=year.until,
        order=["-step_wait_hours_p90"],
    )
    counts = source.read(
        f"""
        select steps.owner_org, steps.step as step_name, count(distinct steps.case_id) as cases
        from marts.fct_fulfillment_steps as steps
        inner join marts.fct_fulfillment_journeys as cases on steps.case_id = cases.case_id
        where cases.is_start_journey and {year.holds("steps.entered_at")}
        group by 1, 2
        """,
        [Column("owner_org", ""), Column("step_name", ""), Column("cases", "", "cases")],
    )
    behind = {"step_wait_hours_p90": ["cases"], "case_steps": ["cases"]}
    answer = resting_on(answer, counts, behind)
    answer = answer.named("owner_org", OWNERS).named("step_name", STEPS)
    answer = answer.labelled(owner_org_name="Who has to act", step_name_name="Step")
    longest = answer.known("step_wait_hours_p90")
    top = leaders(answer, answer.rows, "step_wait_hours_p90", "step_name_name")
    summary = f"No step on the way to a start began {year}."
    if top:
        steps = listed(
            [
                f"{row['step_name_name'].lower()}, with the {row['owner_org_name'].lower()}"
                for row in top.rows
            ]
        )
        summary = top.says(
            f"the longest wait is {steps}: one in ten takes {top.text} hours or more. New and "
            f"restarted cases, steps begun {year}."
        )
    base = (
        alt.Chart(charts.ROWS)
        .transform_filter("isValid(datum.step_wait_hours_p90)")
        .transform_calculate(
            _step="datum.step_name_name + ' (' + datum.owner_org_name + ')'",
            _label="format(datum.step_wait_hours_p90, ',.0f') + ' h'",
        )
        .encode(
            alt.Y(
                "_step:N",
                title=None,
                sort=alt.EncodingSortField("step_wait_hours_p90", op="max", order="descending"),
                axis=alt.Axis(labelLimit=210, ticks=False, domain=False, labelPadding=8),
            ),
            tooltip=charts.tooltips(
                answer, "step_name_name", "owner_org_name", "step_wait_hours_p90", "case_steps"
            ),
        )
    )
    chart = alt.layer(
        base.mark_bar(color=charts.ACCENT, height=alt.RelativeBandSize(band=0.62)).encode(
            bars.lengths(answer["step_wait_hours_p90"], title="Hours within which 9 of 10 are over")
        ),
        bars.labels(base),
    )
    return Block(
        "steps",
        "Where cases wait before a start: 9 of 10 steps are over within",
        summary,
        answer,
        charts.spec(chart, len(longest) * 26 + 48) if longest else None,
        shown=["step_name_name", "owner_org_name", "step_wait_hours_p90", "case_steps"],
        note="A wait that goes on counts up to the as-of date. Closings and what follows the "
        "first shipment are left out.",
    )


def _handoffs(source: Source, year: Months) -> Block:
    share = "high_risk_handoff_share"
    answer = source.ask(
        share,
        "handoffs",
        by=["owner_org"],
        since=year.since,
        until=year.until,
        order=[f"-{share}"],
    )
    counts = source.read(
        f"""
        select
            owner_org,
            count(distinct case_id) as cases,
            count(distinct case_id) filter (where is_high_risk_handoff) as risky
        from marts.fct_fulfillment_steps
        where is_handoff and {year.holds("entered_at")}
        group by owner_org
        """,
        [Column("owner_org", ""), Column("cases", "", "cases"), Column("risky", "", "cases")],
    )
    answer = resting_on(answer, counts, {share: ["risky", "cases"], "handoffs": ["cases"]})
    answer = answer.named("owner_org", OWNERS).labelled(owner_org_name="Handed over to")
    worst = leaders(answer, answer.rows, share, "owner_org_name")
    summary = f"No case was handed over {year}, or too few."
    if worst:
        summary = worst.says(
            f"most often a handoff to the {worst.names.lower()} is followed by nothing within its "
            f"standard: {worst.text} of {worst.texts('handoffs')}. Handoffs {year}, all case types."
        )
    return Block(
        "handoffs",
        "High-risk handoffs, by who takes over",
        summary,
        answer,
        bars.bars(
            answer,
            "owner_org_name",
            share,
            colour=charts.BAD,
            tooltips=["owner_org_name", share, "handoffs"],
        )
        if worst
        else None,
        shown=["owner_org_name", share, "handoffs"],
        note="High-risk: nothing happened after the handoff within the standard of the one who "
        "took over (seed owner_standards).",
    )


def _rework(source: Source, year: Months) -> Block:
    loops = "rework_loops_per_case"
    answer = source.ask(
        loops,
        "received_cases",
        by=["payer_type"],
        since=year.since,
        until=year.until,
        order=[f"-{loops}"],
    )
    counts = _cases_behind(
        source,
        "payer_type",
        {"reworked": "rework_loops > 0", "cases": "true"},
        year.holds("cases.received_at"),
    )
    answer = resting_on(answer, counts, {loops: ["reworked", "cases"]})
    answer = answer.named("payer_type", PAYERS)
    most = leaders(answer, answer.rows, loops, "payer_type_name")
    summary = f"No case was received {year}, or too few went round a loop."
    if most:
        summary = most.says(
            f"cases of {most.names} have most rework, {most.text} loops per case. Cases received "
            f"{year}, all types."
        )
    return Block(
        "rework",
        "Rework loops per case, by payer type",
        summary,
        answer,
        bars.bars(
            answer,
            "payer_type_name",
            loops,
            tooltips=["payer_type_name", loops, "received_cases"],
            title="Loops per case",
        )
        if most
        else None,
        shown=["payer_type_name", loops, "received_cases"],
        note="A loop is a step that a case enters again after another one, such as missing "
        "information asked for twice.",
    )


def _persistence(source: Source) -> Block:
    old_enough = f"cast(cases.first_shipped_at as date) <= date '{source.run['as_of_date']}' - "
    parts = " union all ".join(
        f"""
        select {place} as place, '{name}' as milestone, {age} as age, cases.product_id,
            cases.{column} is not null as is_reached
        from marts.fct_fulfillment_journeys as cases
        where cases.is_start_journey and cases.outcome = 'started' and {old_enough}{age}
        """
        for place, (name, (_, column, age)) in enumerate(_PERSISTENCE.items())
    )
    answer = source.read(
        f"""
        with starts as ({parts}),
        starts_named as (
            select starts.*, coalesce(products.product_name, '(none)') as product
            from starts
            left join marts.dim_products as products on starts.product_id = products.product_id
        )
        select
            product,
            milestone,
            count(*) filter (where is_reached) / count(*) as share,
            count(*) as cases,
            count(*) filter (where is_reached) as reached
        from starts_named
        group by grouping sets ((place, milestone), (product, place, milestone))
        order by product nulls first, place
        """,
        [
            Column("product", "Product"),
            Column("milestone", "Milestone"),
            Column("share", "Reached it", "share"),
            Column("cases", "Cases started long enough ago", "cases"),
        ],
        scopes=["product"],
        patients={"share": ["reached", "cases"], "cases": ["cases"]},
    ).named("milestone", {name: words[0] for name, words in _PERSISTENCE.items()})
    told = answer.where(product=None)
    summary = "No therapy began long enough ago to say who stays on it."
    if told:
        said = [
            f"{row['milestone_name'].lower()} {answer.text(row, 'share')}"
            for row in told
            if is_known(row["share"])
        ]
        summary = (
            f"Share of started cases that got there: {', '.join(said) or 'too few to tell'}. All "
            f"cases ever started, all products, as of {source.run['as_of_date']}."
        )
    return Block(
        "persistence",
        "Who stays on therapy",
        summary,
        answer,
        bars.bars(
            answer,
            "milestone_name",
            "share",
            colour=charts.GOOD,
            rows=len(told),
            tooltips=["milestone_name", "share", "cases"],
            title="Share of cases started",
            top=1,
        )
        if told
        else None,
        shown=["milestone_name", "share", "cases"],
        note="Of new and restarted cases whose first fill lies at least 90 days further back than "
        "the milestone (180 days for the second fill): the milestones have different cases. On "
        "therapy: no gap of more than 45 days by default.",
    )


def _coverage(source: Source) -> Block:
    answer = source.ask("pdc_mean", by=["payer_type"], order=["-pdc_mean"])
    counts = _cases_behind(source, "payer_type", {"cases": "true"}, "cases.pdc is not null")
    answer = resting_on(answer, counts, {"pdc_mean": ["cases"]})
    answer = answer.named("payer_type", PAYERS)
    told = answer.known("pdc_mean")
    summary = "No therapy is long enough to say how much of it is covered."
    if told:
        said = [f"{answer.text(row, 'pdc_mean')} ({row['payer_type_name']})" for row in told]
        summary = f"Of the days in the year from the first fill: {', '.join(said)}. All cases."
    return Block(
        "days-covered",
        "Days covered by medicine in the first year, by payer type",
        summary,
        answer,
        bars.bars(
            answer,
            "payer_type_name",
            "pdc_mean",
            colour=charts.GOOD,
            top=1,
        )
        if told
        else None,
        shown=["payer_type_name", "pdc_mean"],
        note="Proportion of days covered, by the rules of the PQA; 80% is the usual threshold.",
    )
