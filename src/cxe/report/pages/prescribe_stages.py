"""Path to prescribe: how far customers came with each product, and who has stopped."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import altair as alt

from cxe.report import bars, charts
from cxe.report.answers import HIDDEN, Column, is_known
from cxe.report.blocks import Block
from cxe.report.joins import key
from cxe.report.months import last_year, whole_quarters, with_quarters
from cxe.report.sentences import leaders
from cxe.report.small_cells import hide

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cxe.report.answers import Answer, Row
    from cxe.report.months import Months
    from cxe.report.source import Source

PRODUCT = "product__product_name"
STAGES = {
    "reached": "Reached",
    "engaged": "Engaged",
    "prescribed": "First prescription",
    "started": "First start",
    "adopted": "Adopted",
    "loyal": "Loyal",
}
# What a customer and a product are to each other today.
STATES = {
    "no_prescription": "Not yet writing",
    "prescribed": "Prescribed",
    "started": "Started",
    "adopted": "Adopted",
    "loyal": "Loyal",
    "writer_silent": "Silent",
    "lapsed": "Lapsed",
}
_STATE_COLOURS = (
    charts.NEUTRAL,
    charts.SERIES[5],
    charts.SERIES[6],
    charts.SERIES[0],
    charts.SERIES[2],
    charts.SERIES[4],
    charts.SERIES[1],
)
# Who came this far has a patient with a prescription, and nearly every one has few.
_OF_PATIENTS = ("prescribed", "started", "adopted", "loyal")
_PLACES = ", ".join(f"({place}, '{stage}')" for place, stage in enumerate(STAGES, start=1))
# What looks like a first touch in the first months is mostly an older one, not delivered.
_MONTHS_UNSURE = 3
# A month has few first prescriptions, starts or losses, and few are not shown.
_QUARTERS_SHOWN = 8
_QUARTERS_CHANGED = 4


def blocks(source: Source) -> list[Block]:
    """Stages, losses, today's states and the quarters they were reached in.

    Args:
        source: the published version.
    """
    return [
        _stages(source),
        _losses(source),
        _states(source, "segment"),
        _states(source, "specialty"),
        _firsts(source),
        _silent(source),
        _gained(source),
    ]


def _stages(source: Source) -> Block:
    answer = source.read(
        f"""
        with relationships as (
            select
                coalesce(customers.territory, '(none)') as territory,
                coalesce(products.product_name, '(none)') as product,
                case
                    when journeys.loyal_at is not null then 6
                    when journeys.adopted_at is not null then 5
                    when journeys.first_start_at is not null then 4
                    when journeys.first_prescription_at is not null then 3
                    when journeys.engaged_at is not null then 2
                    else 1
                end as furthest
            from marts.fct_prescribe_journeys as journeys
            left join marts.dim_products as products
                on journeys.product_id = products.product_id
            left join marts.dim_customers as customers
                on journeys.customer_id = customers.customer_id
            where journeys.stage <> 'none'
        )
        select
            territory,
            product,
            stage,
            count(*) filter (where furthest >= place) as relationships,
            count(*) filter (where furthest >= place) / count(*) as share,
            count(*) filter (where furthest = place and place < {len(STAGES)}) as stopped
        from relationships, (values {_PLACES}) as stages (place, stage)
        group by grouping sets (
            (place, stage), (territory, place, stage), (product, place, stage),
            (territory, product, place, stage)
        )
        order by territory nulls first, product nulls first, place
        """,
        [
            Column("territory", "Territory"),
            Column("product", "Product"),
            Column("stage", "Stage"),
            Column("relationships", "Came this far", "relationships"),
            Column("share", "Of all", "share"),
            Column("stopped", "No further so far", "relationships"),
        ],
        scopes=["territory", "product"],
    )
    answer = replace(answer, rows=_safe(answer)).named("stage", STAGES)
    everything = answer.where(territory=None, product=None)
    summary = "No customer was touched, prescribed or started a patient."
    if everything:
        first, wrote, started, loyal = (everything[place] for place in (0, 2, 3, 5))
        summary = (
            f"Of {answer.text(first, 'relationships')} relationships of a customer with a product, "
            f"{answer.text(wrote, 'share')} came as far as a prescription, "
            f"{answer.text(started, 'share')} as far as a start, and {answer.text(loyal, 'share')} "
            "became loyal."
        )
    stopped = "datum.stopped > 0"
    base = (
        alt.Chart(charts.ROWS)
        .transform_calculate(
            _label="isValid(datum.relationships) ? format(datum.relationships, ',') : '\N{BULLET}'",
            _kept="datum.relationships - datum.stopped",
            _stopped="'\N{MINUS SIGN}' + format(datum.stopped, '.3~s')",
        )
        .encode(
            bars.categories("stage_name", list(STAGES.values())),
            tooltip=charts.tooltips(answer, "stage_name", "relationships", "share", "stopped"),
        )
    )
    bar = alt.RelativeBandSize(band=0.62)
    layers = alt.layer(
        base.mark_bar(color=charts.ACCENT, height=bar).encode(
            bars.lengths(answer["relationships"], title="Relationships")
        ),
        base.transform_filter(stopped)
        .mark_bar(color=charts.NEUTRAL, height=bar)
        .encode(alt.X("_kept:Q"), alt.X2("relationships:Q")),
        base.transform_filter(stopped)
        .mark_text(align="left", dx=5, color=charts.SOFT)
        .encode(alt.X("relationships:Q"), text="_stopped:N"),
        bars.labels(base),
    )
    return Block(
        "stages",
        "How far customers came with each product",
        summary,
        answer,
        charts.spec(layers, bars.rows_height(len(STAGES))) if everything else None,
        shown=["stage_name", "relationships", "share", "stopped"],
        note="The end of a bar that is set off, and the number beside it, has come no further so "
        "far. A stage that was skipped counts as passed, the first touch too: a few customers "
        "wrote or started without one that we know, so there are more here than first touches. "
        "Adopted: a third start within 180 days; "
        "loyal: a patient covered on 80% of the days of a year.",
    )


def _safe(answer: Answer) -> list[Row]:
    """Stages, without those of which few patients are told by themselves or by a difference."""
    scopes = answer.scopes
    reached: dict[tuple[Any, ...], Row] = {}
    for row in answer.rows:
        scope = {name: row[name] for name in scopes}
        reached.setdefault(key(row, scopes), scope)[row["stage"]] = row["relationships"]
    behind = {stage: [stage] for stage in _OF_PATIENTS}
    units = dict.fromkeys(_OF_PATIENTS, "patients")
    for row in hide(list(reached.values()), scopes, behind, units, scopes=scopes):
        reached[key(row, scopes)] = row
    following = dict(pairwise(STAGES))
    found = []
    for row in answer.rows:
        stages, stage = reached[key(row, scopes)], row["stage"]
        is_here_gone = stages[stage] is HIDDEN
        is_next_gone = stages.get(following.get(stage, "")) is HIDDEN
        gone = dict.fromkeys(("relationships", "share") if is_here_gone else (), HIDDEN)
        if is_here_gone or is_next_gone:
            gone["stopped"] = HIDDEN
        found.append({**row, **gone})
    return found


def _losses(source: Source) -> Block:
    answer = source.ask(
        "prescribe_starts_lost",
        "prescribe_value_lost",
        by=["stage", "territory"],
        where=["journey = 'prescribe'", "stage <> 'started'"],
        order=["-prescribe_value_lost"],
        scopes=["territory"],
    ).named("stage", STAGES)
    most = answer.known("prescribe_value_lost", territory=None)
    summary = "No path to prescribe that is old enough to judge ended before a start."
    top = leaders(answer, answer.where(territory=None), "prescribe_value_lost", "stage_name")
    has_any = bool(top and top.row["prescribe_value_lost"])
    if top and has_any:
        summary = top.says(
            f"most value is missing after {top.names.lower()}: first starts of "
            f"{top.texts('prescribe_starts_lost')} relationships, which would have been worth "
            f"{top.text} in a year. All paths that are old enough to judge."
        )
    return Block(
        "losses",
        "First starts missing, by the last stage reached",
        summary,
        answer,
        bars.bars(
            answer,
            "stage_name",
            "prescribe_value_lost",
            order=list(STAGES.values())[:3],
            colour=charts.NEUTRAL,
            rows=len(most),
            title="Value of the starts of a year (currency)",
            tooltips=["stage_name", "prescribe_starts_lost", "prescribe_value_lost"],
        )
        if has_any
        else None,
        shown=["stage_name", "prescribe_starts_lost", "prescribe_value_lost"],
        note="A ceiling, not a forecast: not every customer has a patient for every product.",
    )


def _states(source: Source, cut: str) -> Block:
    answer = source.read(
        f"""
        with relationships as (
            select
                coalesce(products.product_name, '(none)') as product,
                coalesce(customers.{cut}, '(none)') as {cut},
                if(
                    journeys.stage in ('none', 'reached', 'engaged'),
                    'no_prescription', journeys.stage
                ) as state
            from marts.fct_prescribe_journeys as journeys
            left join marts.dim_products as products
                on journeys.product_id = products.product_id
            left join marts.dim_customers as customers
                on journeys.customer_id = customers.customer_id
        )
        select product, {cut}, state, count(*) as relationships,
            count(*) filter (where state <> 'no_prescription') as patients
        from relationships
        group by grouping sets (({cut}, state), (product, {cut}, state))
        order by product nulls first, {cut}, state
        """,
        [
            Column("product", "Product"),
            Column(cut, cut.capitalize()),
            Column("state", "Stands at"),
            Column("relationships", "Relationships", "relationships"),
        ],
        scopes=["product"],
        patients={"relationships": ["patients"]},
    ).named("state", STATES)
    all_products = answer.where(product=None)
    silent = answer.where(product=None, state="writer_silent")
    lost = leaders(answer, silent, "relationships", cut)
    summary = f"No customer has a {cut}."
    if all_products:
        summary = f"By {cut}, all products, at the end of the last month."
    if lost:
        summary = lost.says(
            f"most silent writers are in {cut} {lost.names}: {lost.text} relationships. All "
            "products, at the end of the last month."
        )
    order = list(STATES.values())
    chart = (
        alt.Chart(charts.ROWS)
        .transform_calculate(_place=f"indexof({order}, datum.state_name)")
        .mark_bar(height=alt.RelativeBandSize(band=0.66))
        .encode(
            alt.Y(
                f"{cut}:N",
                title=None,
                axis=alt.Axis(labelLimit=130, ticks=False, domain=False, labelPadding=8),
            ),
            alt.X(
                "relationships:Q",
                title="Relationships",
                axis=charts.value_axis("relationships"),
            ),
            alt.Color("state_name:N", **charts.colours(order, _STATE_COLOURS, columns=2)),
            alt.Order("_place:Q"),
            tooltip=charts.tooltips(answer, cut, "state_name", "relationships"),
        )
    )
    groups = len({row[cut] for row in all_products})
    return Block(
        f"states-by-{cut}",
        f"Where customers stand now, by {cut}",
        summary,
        answer,
        charts.spec(chart, bars.rows_height(groups) + 90) if groups else None,
        shown=[cut, "state_name", "relationships"],
        note="Relationships that would tell of few patients are no part of the bars.",
    )


def _firsts(source: Source) -> Block:
    names = ("reached_relationships", "prescribing_relationships", "started_relationships")
    quarters = whole_quarters(source.months[_MONTHS_UNSURE:], _QUARTERS_SHOWN)
    answer = _by_quarter(source, names, quarters)
    points = answer.where(product=None)
    summary = "No customer was reached, prescribed or started a patient in these quarters."
    if points:
        words = zip(names, ("first touches", "first prescriptions", "first starts"), strict=True)
        summary = f"Customers with a product, {_counted(answer, points[-1], words)}."
    labels = {name: answer[name].label for name in names}
    calculated = " : ".join(f"datum.key == '{name}' ? '{text}'" for name, text in labels.items())
    chart = (
        alt.Chart(charts.ROWS)
        .transform_fold(list(names), as_=["key", "value"])
        .transform_calculate(first=f"{calculated} : ''")
        .mark_line(point=True)
        .encode(
            alt.X("quarter_name:O", title="Quarter", axis=alt.Axis(labelAngle=0)),
            alt.Y("value:Q", title="Relationships", axis=charts.value_axis("")),
            alt.Color(
                "first:N",
                **charts.colours(
                    list(labels.values()),
                    (charts.NEUTRAL, charts.SERIES[0], charts.SERIES[2]),
                    columns=3,
                ),
            ),
            tooltip=charts.tooltips(answer, "quarter_name", *names),
        )
    )
    return Block(
        "firsts",
        "First touches, first prescriptions and first starts by quarter",
        summary,
        answer,
        charts.spec(chart) if points else None,
        shown=["quarter_name", *names],
        note="Whole quarters only. The first three months of the extracts are left out: what looks "
        "like a first touch there is mostly an older relationship.",
    )


def _by_quarter(source: Source, names: Iterable[str], quarters: Months) -> Answer:
    """Metrics by quarter, of all products and of each."""
    return with_quarters(
        source.ask(
            *names,
            by=["quarter", PRODUCT],
            since=quarters.since,
            until=quarters.until,
            scopes=[PRODUCT],
        )
    )


def _counted(answer: Answer, row: Row, words: Iterable[tuple[str, str]]) -> str:
    """A quarter and what was counted in it, as far as anything was."""
    counted = [(row[name], f"{answer.text(row, name)} {text}") for name, text in words]
    said = [text for value, text in counted if is_known(value)]
    if any(value is HIDDEN for value, _ in counted):
        said.append("too few of others to be shown" if said else "too few to be shown")
    return f"{answer.text(row, 'quarter_name')}: {', '.join(said) or 'none'}"


def _silent(source: Source) -> Block:
    name = "writer_silent_customers"
    answer = source.ask(
        name,
        by=["month", "territory"],
        since=last_year(source).since,
        scopes=["territory"],
    )
    points = answer.where(territory=None)
    summary = "No customer is known to have stopped to start patients."
    if points:
        first, last = points[0], points[-1]
        summary = (
            f"{answer.text(last, name)} customers who once started patients did so no more at the "
            f"end of {answer.text(last, 'month')}, {answer.text(first, name)} at the end of "
            f"{answer.text(first, 'month')}."
        )
    chart = (
        alt.Chart(charts.ROWS)
        .mark_line(point=alt.OverlayMarkDef(color=charts.BAD), color=charts.BAD)
        .encode(
            charts.months(),
            charts.values(answer[name]),
            tooltip=charts.tooltips(answer, "month", name),
        )
    )
    return Block(
        "silent",
        "Silent writers at the end of each month",
        summary,
        answer,
        charts.spec(chart) if points else None,
        note="No new start for more than 6 months and more than twice the customer's usual gap. "
        "Refills go on for a while, so value still looks well: now is the time to ask why. A "
        "world that began a short time ago has few at first.",
    )


def _gained(source: Source) -> Block:
    names = ("loyal_relationships", "lapsed_relationships")
    quarters = whole_quarters(source.months, _QUARTERS_CHANGED)
    answer = _by_quarter(source, names, quarters)
    points = answer.where(product=None)
    summary = "No customer became loyal to a product in these quarters, and none lapsed."
    if points:
        words = zip(names, ("became loyal", "lapsed"), strict=True)
        summary = f"Relationships in {_counted(answer, points[-1], words)}."
    labels = {names[0]: "Became loyal", names[1]: "Lapsed"}
    chart = (
        alt.Chart(charts.ROWS)
        .transform_fold(list(names), as_=["key", "value"])
        .transform_calculate(
            change=f"datum.key == '{names[0]}' ? '{labels[names[0]]}' : '{labels[names[1]]}'"
        )
        .mark_line(point=True)
        .encode(
            alt.X("quarter_name:O", title="Quarter", axis=alt.Axis(labelAngle=0)),
            alt.Y("value:Q", title="Relationships", axis=charts.value_axis("")),
            alt.Color(
                "change:N",
                **charts.colours(
                    list(labels.values()), (charts.GOOD, charts.BAD), symbolType="stroke"
                ),
            ),
            alt.StrokeDash(
                "change:N",
                scale=alt.Scale(domain=list(labels.values()), range=[[1, 0], [5, 3]]),
                legend=alt.Legend(title=None, symbolType="stroke"),
            ),
            tooltip=charts.tooltips(answer, "quarter_name", *names),
        )
    )
    return Block(
        "gained-and-lost",
        "Relationships that became loyal, and that lapsed, by quarter",
        summary,
        answer,
        charts.spec(chart) if points else None,
        shown=["quarter_name", *names],
        note="Whole quarters only. Lapsed: no value for three months, told at the end of the "
        "third. Loyalty takes a year of data, so none is known in the first.",
    )
