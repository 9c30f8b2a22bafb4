"""Path to fulfillment: how far cases came, where and why they were lost, how long steps took."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import altair as alt

from cxe.report import bars, charts
from cxe.report.answers import HIDDEN, Column
from cxe.report.blocks import Block
from cxe.report.joins import resting_on
from cxe.report.sentences import (
    capitalised,
    is_hiding,
    leaders,
    listed,
    of_shown,
)
from cxe.report.small_cells import small_stages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cxe.report.answers import Answer, Row
    from cxe.report.months import Months
    from cxe.report.source import Source

STAGES = {
    "received": "Received",
    "enrolled": "Enrolled",
    "benefits_verified": "Benefits verified",
    "pa_submitted": "Authorisation requested",
    "pa_decided": "Authorisation decided",
    "coverage_ready": "Coverage ready",
    "started": "First fill shipped",
    "delivered": "First fill delivered",
}
ENDINGS = {
    "denied": "Denied by the payer",
    "other": "Given up or other end",
}
OUTCOMES = {
    "denied": "Denied by the payer",
    "pt_unreachable": "Patient not reached",
    "pt_declined_cost": "Patient declined: cost",
    "pt_declined_other": "Patient declined: other",
    "hcp_cancelled": "Prescriber cancelled",
    "deceased": "Patient died",
    "reversed": "Fill reversed",
    "unspecified": "No reason given",
    "open": "Still open",
}
_WAITS = {
    "days_received_to_enrolled": "Until enrolled",
    "days_enrolled_to_benefits_verified": "Until benefits verified",
    "days_benefits_verified_to_pa_submitted": "Until authorisation asked",
    "days_pa_submitted_to_pa_decided": "Until the payer decided",
    "days_coverage_ready_to_shipped": "Coverage until shipment",
    "days_shipped_to_delivered": "Shipment until delivery",
}
# Furthest milestone of a case, as fct_stage_losses counts it, and delivery after the start.
_FURTHEST = """
    case
        when cases.first_delivered_at is not null and cases.outcome = 'started' then 8
        when cases.outcome = 'started' then 7
        when cases.coverage_ready_at is not null then 6
        when cases.pa_decided_at is not null then 5
        when cases.pa_submitted_at is not null then 4
        when cases.benefits_verified_at is not null then 3
        when cases.enrolled_at is not null then 2
        else 1
    end as furthest
"""
# Who was received and who started is shown rather than the stages before.
_KEPT = (0, list(STAGES).index("started"))
_PLACES = ", ".join(f"({place}, '{stage}')" for place, stage in enumerate(STAGES, start=1))


def start_cases(year: Months) -> str:
    """SQL: journeys to a start that were received in these months, with their product."""
    return f"""
        from marts.fct_fulfillment_journeys as cases
        left join marts.dim_products as products on cases.product_id = products.product_id
        where cases.is_start_journey and cases.is_mature and {year.holds("cases.received_at")}
    """


def blocks(source: Source, year: Months) -> list[Block]:
    """How far start cases of a year came.

    Args:
        source: the published version.
        year: months whose cases are old enough to judge.
    """
    stages = _stages(source, year)
    return [
        _flow(stages, year),
        _losses(source, stages, year),
        _endings(source, stages, year),
        _reasons(source, year),
        _waits(source, year),
    ]


def _stages(source: Source, year: Months) -> Answer:
    """Cases by stage reached, all and by product; no two neighbours tell a small loss."""
    found = source.read(
        f"""
        with start_cases as (
            select coalesce(products.product_name, '(none)') as product, {_FURTHEST}
            {start_cases(year)}
        )
        select
            product,
            stage,
            count(*) filter (where furthest >= place) as cases,
            count(*) filter (where furthest >= place) / count(*) as share,
            count(*) filter (where furthest = place and place < {len(STAGES)}) as lost
        from start_cases, (values {_PLACES}) as stages (place, stage)
        group by grouping sets ((place, stage), (product, place, stage))
        order by product nulls first, place
        """,
        [
            Column("product", "Product"),
            Column("stage", "Stage"),
            Column("cases", "Cases that came this far", "cases"),
            Column("share", "Of those received", "share"),
            Column("lost", "Came no further", "cases"),
        ],
        scopes=["product"],
    )
    products = dict.fromkeys(row["product"] for row in found.rows)
    of = {product: found.where(product=product) for product in products}
    hidden = small_stages(
        {product: [row["cases"] for row in rows] for product, rows in of.items()}, kept=_KEPT
    )
    rows = [
        _safe(row, place, hidden[product])
        for product, rows in of.items()
        for place, row in enumerate(rows)
    ]
    return replace(found, rows=rows).named("stage", STAGES)


def _safe(row: Row, place: int, hidden: set[int]) -> Row:
    gone = dict.fromkeys(("cases", "share") if place in hidden else (), HIDDEN)
    lost = dict.fromkeys(("lost",) if {place, place + 1} & hidden else (), HIDDEN)
    return {**row, **gone, **lost}


def _shown_losses(stages: Answer) -> set[str]:
    """Stages of which the flow of all products tells how many came no further."""
    return {row["stage"] for row in stages.where(product=None) if row["lost"] is not HIDDEN}


def _flow(stages: Answer, year: Months) -> Block:
    summary = f"No case on its way to a start was received {year}."
    everything = stages.where(product=None)
    if everything:
        first, shipped = everything[0], everything[6]
        most = leaders(stages, everything, "lost", "stage_name")
        summary = (
            f"Of {stages.text(first, 'cases')} new and restarted cases received {year}, "
            f"{stages.text(shipped, 'cases')} ({stages.text(shipped, 'share')}) had their first "
            "fill shipped."
        )
        if most and most.row["lost"]:
            told = f"most were lost after {most.names.lower()}: {most.text} came no further."
            summary += f" {most.says(told)}"
    cases = stages["cases"]
    lost = "isValid(datum.lost) && datum.lost > 0"
    base = (
        alt.Chart(charts.ROWS)
        .transform_calculate(
            _label="isValid(datum.cases) ? format(datum.cases, ',') : '\N{BULLET}'",
            _kept=f"{lost} ? datum.cases - datum.lost : datum.cases",
            _lost="'\N{MINUS SIGN}' + format(datum.lost, '.3~s')",
        )
        .encode(
            bars.categories("stage_name", list(STAGES.values())),
            tooltip=charts.tooltips(stages, "stage_name", "cases", "share", "lost"),
        )
    )
    bar = alt.RelativeBandSize(band=0.62)
    layers = alt.layer(
        base.mark_bar(color=charts.ACCENT, height=bar).encode(bars.lengths(cases, title="Cases")),
        base.transform_filter(lost)
        .mark_bar(color=charts.BAD, height=bar)
        .encode(alt.X("_kept:Q"), alt.X2("cases:Q")),
        base.transform_filter(lost)
        .mark_text(align="left", dx=5, color=charts.BAD)
        .encode(alt.X("cases:Q"), text="_lost:N"),
        bars.labels(base),
    )
    return Block(
        "flow",
        f"How far cases came on the way to therapy, received {year}",
        summary,
        stages,
        charts.spec(layers, bars.rows_height(len(STAGES))) if everything else None,
        shown=["stage_name", "cases", "share", "lost"],
        note=(
            "The end of a bar that is set off, and the number beside it, came no further than this "
            "stage. "
            "A case that skipped a stage, such as an authorisation that was not needed, counts as "
            "past it."
        ),
    )


def _losses(source: Source, stages: Answer, year: Months) -> Block:
    shown = _shown_losses(stages)
    answer = source.ask(
        "fulfillment_starts_lost",
        "fulfillment_value_lost",
        by=["stage"],
        where=["journey = 'fulfillment'", "stage <> 'started'"],
        since=year.since,
        until=year.until,
    )
    # What the flow does not tell, this must not tell either: both count the same cases.
    metrics = [column.name for column in answer.columns if column.metric]
    places = list(STAGES)
    rows = [
        row if row["stage"] in shown else {**row, **dict.fromkeys(metrics, HIDDEN)}
        for row in sorted(answer.rows, key=lambda row: places.index(row["stage"]))
    ]
    answer = replace(answer, rows=rows).named("stage", STAGES)
    most = leaders(answer, answer.rows, "fulfillment_value_lost", "stage_name")
    summary = f"No value is known to be lost among cases received {year}."
    if most and most.row["fulfillment_value_lost"]:
        summary = most.says(
            f"most value is lost after {most.names.lower()}: starts that would have been worth "
            f"{most.text} in a year, of {most.texts('fulfillment_starts_lost')} cases received "
            f"{year}."
        )
    return Block(
        "losses",
        "Value lost, by the last stage that cases reached",
        summary,
        answer,
        bars.bars(
            answer,
            "stage_name",
            "fulfillment_value_lost",
            order=list(STAGES.values()),
            colour=charts.BAD,
            tooltips=["stage_name", "fulfillment_starts_lost", "fulfillment_value_lost"],
            title="Value of the starts of a year (currency)",
        )
        if answer.rows
        else None,
        shown=["stage_name", "fulfillment_starts_lost", "fulfillment_value_lost"],
        note="All products and territories. A lost case is valued at what a start of its product "
        "is worth in its first year; a product without a start that old counts as nothing.",
    )


def _endings(source: Source, stages: Answer, year: Months) -> Block:
    """What ended the cases that were lost, by the last stage that they reached."""
    shown = _shown_losses(stages)
    columns = [
        Column("stage", "Last stage reached"),
        Column("ending", "How it ended"),
        Column("cases", "Cases", "cases"),
    ]
    unfulfilled = f"""
        with unfulfilled as (
            select
                if(cases.outcome = 'denied', 'denied', 'other') as ending,
                {_FURTHEST}
            {start_cases(year)} and cases.is_unfulfilled
        )
        select stage, ending, count(*) as cases
        from unfulfilled
        inner join (values {_PLACES}) as stages (place, stage) on furthest = place
        group by place, stage, ending
        order by place, ending
    """
    answer = source.read(unfulfilled, columns)
    # A stage whose loss is not told has no parts to tell either.
    counts = replace(
        answer,
        columns=(*answer.columns[:2], Column("patients", "", "cases")),
        rows=[
            {**row, "patients": row["cases"] if row["stage"] in shown else 1} for row in answer.rows
        ],
    )
    answer = resting_on(answer, counts, {"cases": ["patients"]})
    answer = answer.named("stage", STAGES).named("ending", ENDINGS)
    most = leaders(answer, answer.rows, "cases", "stage_name")
    summary = f"No lost case among those received {year}."
    if most:
        groups = listed(
            [f"{row['ending_name'].lower()} after {row['stage_name'].lower()}" for row in most.rows]
        )
        summary = most.says(
            f"the most frequent end of lost cases: {groups} ({most.text}). Cases received {year}."
        )
    order = list(STAGES.values())[:6]
    chart = (
        alt.Chart(charts.ROWS)
        .mark_bar(height=alt.RelativeBandSize(band=0.62))
        .encode(
            bars.categories("stage_name", order),
            alt.X(
                "cases:Q",
                title="Cases",
                stack="zero",
                axis=alt.Axis(tickCount=4, format="~s"),
            ),
            alt.Color(
                "ending_name:N",
                **charts.colours(
                    list(ENDINGS.values()),
                    (charts.SERIES[1], charts.SERIES[4]),
                    columns=1,
                ),
            ),
            order=alt.Order("ending:O"),
            tooltip=charts.tooltips(answer, "stage_name", "ending_name", "cases"),
        )
    )
    return Block(
        "endings",
        "How lost cases ended, by the last stage that they reached",
        summary,
        answer,
        charts.spec(chart, bars.rows_height(len(order)) + 60) if most else None,
        shown=["stage_name", "ending_name", "cases"],
        note="Given up: the patient declined or was not reached, or the prescriber cancelled. "
        "Groups that would tell of 10 cases or fewer are not drawn.",
    )


def _reasons(source: Source, year: Months) -> Block:
    answer = source.ask(
        "unfulfilled_cases",
        by=["outcome", "product__product_name"],
        where=["outcome <> 'started'"],
        since=year.since,
        until=year.until,
        order=["-unfulfilled_cases"],
        scopes=["product__product_name"],
    ).named("outcome", OUTCOMES)
    most = answer.known("unfulfilled_cases", product=None)
    summary = f"No case received {year} is known to be without a fill."
    if most:
        third = most[:3][-1]["unfulfilled_cases"]
        first = [row for row in most if row["unfulfilled_cases"] >= third]
        told = (
            f"most frequent among cases without a fill, received {year}: "
            f"{_listed(answer, first, 'outcome_name', 'unfulfilled_cases')}."
        )
        every = answer.where(product=None)
        summary = capitalised(of_shown(told, is_hiding(every, "unfulfilled_cases")))
    return Block(
        "reasons",
        "Why cases are closed without a fill",
        summary,
        answer,
        bars.bars(
            answer, "outcome_name", "unfulfilled_cases", rows=_rows_of_all(answer), title="Cases"
        )
        if answer.rows
        else None,
        shown=["outcome_name", "unfulfilled_cases"],
        note="The reason the hub closed the case with; a dot stands for 10 cases or fewer, or for "
        "what would tell them.",
    )


def _waits(source: Source, year: Months) -> Block:
    steps = ", ".join(f"cases.{column}" for column in _WAITS)
    answer = source.read(
        f"""
        with start_cases as (
            select coalesce(products.product_name, '(none)') as product, {steps}
            {start_cases(year)}
        ),
        waits as (
            unpivot start_cases on {", ".join(_WAITS)} into name step value days
        )
        select
            product,
            step,
            median(days) as median_days,
            quantile_cont(days, 0.9) as p90_days,
            count(*) as cases
        from waits
        group by grouping sets ((step), (product, step))
        order by product nulls first, step
        """,
        [
            Column("product", "Product"),
            Column("step", "Step"),
            Column("median_days", "Median", "days"),
            Column("p90_days", "9 of 10 within", "days"),
        ],
        scopes=["product"],
        patients={"median_days": ["cases"], "p90_days": ["cases"]},
    ).named("step", _WAITS)
    all_products = answer.where(product=None)
    slowest = leaders(answer, all_products, "median_days", "step_name")
    widest = leaders(answer, all_products, "p90_days", "step_name")
    summary = f"No step of a case received {year} has both its ends."
    if slowest and widest:
        told = (
            f"the longest step is {slowest.names.lower()}, {slowest.text} days or more "
            f"for half of those that went through it, {slowest.texts('p90_days')} or more for one "
            "in ten."
        )
        if widest.names != slowest.names:
            told += (
                f" The longest tail has {widest.names.lower()}: {widest.text} days or more for one "
                "in ten."
            )
        summary = f"{slowest.says(told)} Cases received {year}."
    base = (
        alt.Chart(charts.ROWS)
        .transform_calculate(
            _label="isValid(datum.median_days) ? format(datum.median_days, '.1f') + ' / ' + "
            "format(datum.p90_days, '.1f') : '\N{BULLET}'"
        )
        .encode(
            bars.categories("step_name", list(_WAITS.values())),
            tooltip=charts.tooltips(answer, "step_name", "median_days", "p90_days"),
        )
    )
    to_p90 = bars.lengths(answer["p90_days"], title="Days: median, 90th percentile")
    layers = alt.layer(
        base.mark_bar(
            color=charts.ACCENT, opacity=0.3, height=alt.RelativeBandSize(band=0.4)
        ).encode(to_p90),
        base.mark_bar(color=charts.ACCENT, height=alt.RelativeBandSize(band=0.62)).encode(
            alt.X("median_days:Q")
        ),
        bars.labels(base),
    )
    return Block(
        "waits",
        "How long each step takes: median and 90th percentile",
        summary,
        answer,
        charts.spec(layers, bars.rows_height(len(_WAITS))) if answer.rows else None,
        shown=["step_name", "median_days", "p90_days"],
        note="Solid to the median, pale to the 90th percentile; each step from the one before. Of "
        "the cases that have both ends of a step: who still waits is not in it. Time to "
        "therapy, below, counts them.",
    )


def _rows_of_all(answer: Answer) -> int:
    return len(answer.where(product=None))


def _listed(answer: Answer, rows: Sequence[Row], name: str, value: str) -> str:
    return ", ".join(f"{row[name].lower()} ({answer.text(row, value)})" for row in rows)
