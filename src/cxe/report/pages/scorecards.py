"""Scorecards: questions, the lines that answer them, and how these stand against their targets."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import altair as alt

from cxe.report import charts, small_cells
from cxe.report.answers import HIDDEN, Column
from cxe.report.blocks import Block
from cxe.report.formats import UNKNOWN, text
from cxe.report.small_cells import counts_behind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cxe.metrics import Metric
    from cxe.report.answers import Answer, Row
    from cxe.report.source import Source

MONTHS = 13
# Symbol and words of each status, from best to what cannot be told.
STATUSES = {
    "on_target": ("✓", "on target"),
    "off_target": ("✗", "off target"),
    "no_target": ("○", "no target"),
    "not_measurable": ("?", "not measurable"),
}
TRENDS = {"improving": "↗ improving", "worsening": "↘ worsening", "steady": "→ steady"}
_COLOURS = (charts.GOOD, charts.BAD, charts.NEUTRAL, charts.SOFT)
_COLUMNS = (
    Column("month", "Month", "month"),
    Column("line_number", "Line", "lines"),
    Column("metric", "Measured by", text_in="measured_by", metric_in="metric"),
    Column("status", "Status", text_in="status_told", state_in="status"),
    Column("value", "Value", "number", unit_in="unit_told"),
    Column("unit", "Unit", text_in="unit_told"),
    Column("target_low", "Target from", "number", unit_in="unit_told"),
    Column("target_high", "Target to", "number", unit_in="unit_told"),
    Column("earlier_value", "Earlier value", "number", unit_in="unit_told"),
    Column("trend", "Trend", text_in="trend_told", state_in="trend"),
    Column("evidence", "Count", "count"),
    Column("evidence_unit", "Evidence, or why there is none", text_in="counted"),
    Column("not_measurable_because", "Why not"),
)
# Two numbers in words, and no value of its own.
_TARGET = Column("target", "Target", text_in="target_told")
_SHOWN = (
    *("metric", "status", "value", "unit", "target", "earlier_value", "trend"),
    *("evidence", "evidence_unit"),
)


def blocks(source: Source, mart: str, titled: Callable[[str], str] = str) -> list[Block]:
    """A summary of a scorecard, then a block for every question on it.

    Args:
        source: the published version.
        mart: the scorecard.
        titled: how a question's title is put above it.
    """
    since = source.months[-MONTHS:][:1]
    window = f"month >= '{since[0]}'" if since else "true"
    asked = source.read(
        f"select distinct question_number, title, question from marts.{mart} where {window}"
        " order by question_number",
        [Column(name, name) for name in ("question_number", "title", "question")],
    ).rows
    return [
        _by_month(source, mart, window),
        *([_by_question(source, mart, window)] if asked else []),
        *(_question(source, mart, window, row, titled(row["title"])) for row in asked),
    ]


def _by_month(source: Source, mart: str, window: str) -> Block:
    answer = source.read(
        f"select month, {_counts()} from marts.{mart} where {window} group by month order by month",
        [Column("month", "Month", "month"), *_count_columns()],
    )
    if not answer.rows:
        return Block(
            "by-month",
            "No line can be told yet",
            "A scorecard begins with the twelfth month of the delivered extracts.",
            answer,
        )
    last = answer.rows[-1]
    lines = sum(last[status] for status in STATUSES)
    summary = (
        f"Of {lines} lines in the twelve months to {answer.text(last, 'month')}, "
        f"{last['on_target']} are on target and {last['off_target']} off target; "
        f"{last['no_target']} have no target and {last['not_measurable']} cannot be measured. "
        "Targets are placeholders of the seed scorecard_lines until the company sets its own."
    )
    x = alt.X(
        "utcyearmonth(month):O",
        title="Twelve months to the end of",
        axis=alt.Axis(format="%b %Y", labelAngle=0, labelOverlap="greedy"),
    )
    return Block(
        "by-month",
        f"{last['on_target']} of {lines} lines were on target in {answer.text(last, 'month')}",
        summary,
        answer,
        _stacked(answer, "month", x, alt.Y),
    )


def _by_question(source: Source, mart: str, window: str) -> Block:
    answer = source.read(
        f"select month, question_number, title, {_counts()} from marts.{mart} where {window}"
        " group by month, question_number, title order by month, question_number",
        [
            Column("month", "Month", "month"),
            Column("question_number", "No.", "count"),
            Column("title", "About"),
            *_count_columns(),
        ],
        scopes=["month"],
    )
    latest = answer.where(month=answer.rows[-1]["month"])
    most = max(row["off_target"] for row in latest)
    titles = [row["title"] for row in latest if row["off_target"] == most]
    summary = (
        f"In the twelve months to {answer.text(latest[0], 'month')} most lines off target "
        f"({most}) stand under {_listed(titles)}."
        if most
        else f"In the twelve months to {answer.text(latest[0], 'month')} no line is off target."
    )
    y = alt.Y(
        "label:N",
        title=None,
        sort=alt.EncodingSortField("question_number", op="min"),
        axis=alt.Axis(labelLimit=160, ticks=False, domain=False, labelPadding=6),
    )
    return Block(
        "by-question",
        "Where lines are on and off target",
        summary,
        answer,
        _stacked(answer, "title", y, alt.X, with_symbols=True),
        shown=["question_number", "title", *STATUSES],
        note=", ".join(f"{symbol} {words}" for symbol, words in STATUSES.values()) + ".",
    )


def _question(source: Source, mart: str, window: str, asked: Row, title: str) -> Block:
    answer = source.read(
        f"select {', '.join(column.name for column in _COLUMNS)} from marts.{mart} "
        f"where question_number = {asked['question_number']} and {window} "
        "order by month, line_number",
        _COLUMNS,
        scopes=["month"],
    )
    catalog = source.layer.catalog
    rows = [
        {**row, **_told(row, catalog.get(row["metric"]))}
        for row in (_without_small(row, catalog) for row in answer.rows)
    ]
    told = replace(answer, columns=(*_COLUMNS, _TARGET), rows=rows)
    number, words = asked["question_number"], asked["question"]
    return Block(
        f"question-{number}",
        f"{number}. {title}: {words[0].lower()}{words[1:]}",
        _summary(told),
        told,
        shown=_SHOWN,
    )


def _summary(told: Answer) -> str:
    latest = told.where(month=max(row["month"] for row in told.rows))
    counts = Counter(row["status"] for row in latest)
    found = [f"{counts[name]} {words}" for name, (_, words) in STATUSES.items() if counts[name]]
    off = [
        f"{row['measured_by']} ({told.text(row, 'value')}, target {row['target_told']})"
        for row in latest
        if row["status"] == "off_target"
    ]
    missed = f" Off target: {'; '.join(off)}." if off else ""
    month = told.text(latest[0], "month")
    return f"Twelve months to {month}: {', '.join(found)}.{missed}"


def _told(row: Row, metric: Metric | None) -> Row:
    """What a reader sees instead of the values of a line, by the words of the catalogue."""
    symbol, words = STATUSES[row["status"]]
    unit = metric.unit if metric else ""
    return {
        "measured_by": metric.label if metric else "No metric",
        "status_told": f"{symbol} {words}",
        "unit_told": unit,
        "target": None,
        "target_told": _target(row["target_low"], row["target_high"], unit),
        "trend_told": TRENDS.get(row["trend"], UNKNOWN),
        "counted": row["not_measurable_because"] or row["evidence_unit"],
    }


def _target(low: Any, high: Any, unit: str) -> str:
    if low is None and high is None:
        return "none set"
    if high is None:
        return f"at least {text(low, unit)}"
    if low is None:
        return f"at most {text(high, unit)}"
    return f"{text(low, unit)} to {text(high, unit)}"


def _without_small(row: Row, catalog: dict[str, Metric]) -> Row:
    """A line without its numbers where they would tell of few patients."""
    behind = counts_behind(row["metric"], catalog) if row["metric"] else []
    if not behind:
        return row
    counts = [row["evidence"]]
    # Of a share of patients the part and the rest have to be many, too.
    if row["value"] is not None and len(behind) > 1 and catalog[row["metric"]].unit == "share":
        part = round(row["value"] * row["evidence"])
        counts += [part, row["evidence"] - part]
    if not any(0 < count <= small_cells.LARGEST_SMALL_CELL for count in counts):
        return row
    hidden = ("value", "earlier_value", "trend", "evidence")
    return {**row, **dict.fromkeys(hidden, HIDDEN)}


def _counts() -> str:
    return ", ".join(f"count(*) filter (where status = '{name}') as {name}" for name in STATUSES)


def _count_columns() -> list[Column]:
    return [Column(name, words.capitalize(), "count") for name, (_, words) in STATUSES.items()]


def _stacked(
    answer: Answer, by: str, across: Any, amount: Any, *, with_symbols: bool = False
) -> dict[str, Any]:
    """Bars of how many lines have each status, with numbers on them.

    Args:
        answer: rows with a count of lines for each status.
        by: what there is a bar for.
        across: channel that puts the bars side by side.
        amount: class of the channel along which they are stacked.
        with_symbols: whether each part says its status, and there is no legend.
    """
    names = list(STATUSES)
    symbols = [symbol for symbol, _ in STATUSES.values()]
    labels = [f"{symbol} {words}" for symbol, words in STATUSES.values()]
    along = {"type": "quantitative", "title": "Lines", "stack": "zero"}
    axis = alt.Axis(tickMinStep=1, format="d", tickCount=5)
    colours = charts.colours(labels, _COLOURS, columns=2)
    if with_symbols:
        colours["legend"] = None
    base = (
        alt.Chart(charts.ROWS)
        .transform_fold([*names], as_=["name", "lines"])
        .transform_filter("datum.lines > 0")
        .transform_calculate(
            place=f"indexof({names}, datum.name)",
            label="datum.question_number + '. ' + datum.title",
        )
        .transform_calculate(
            status=f"{labels}[datum.place]",
            told=f"{symbols}[datum.place] + ' ' + datum.lines" if with_symbols else "datum.lines",
        )
        .encode(across, order=alt.Order("place:Q"))
    )
    bars = base.mark_bar().encode(
        amount("lines", axis=axis, **along),
        color=alt.Color("status:N", **colours),
        tooltip=[
            *charts.tooltips(answer, by),
            alt.Tooltip("status:N", title="Status"),
            alt.Tooltip("lines:Q", title="Lines"),
        ],
    )
    numbers = base.mark_text(color="var(--panel)", fontWeight=600).encode(
        amount("lines", axis=axis, bandPosition=0.5, **along), detail="status:N", text="told:N"
    )
    return charts.spec(bars + numbers, height=320)


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
