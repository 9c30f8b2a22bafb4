"""Charts of bars that lie on their side, with names and numbers that a phone has room for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from cxe.report import charts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cxe.report.answers import Answer, Column

MONEY = alt.Axis(format="~s", tickCount=4)
NAMES = alt.Axis(ticks=False, domain=False, labelPadding=6)
# Of a bar with its name above it, in pixels.
BAR_HEIGHT = 46
# Where the numbers at the ends of bars stand, in pixels.
_ROOM_FOR_LABELS = 92
_ROW_HEIGHT = 34


def labelled_bars(
    answer: Answer,
    *,
    name: str,
    label: str,
    value: str,
    shown: str,
    order: str,
    colour: Any,
    tooltip: Sequence[str],
    rows: int,
    domain: Sequence[float] = (0, 1),
    mark_at: float | None = None,
    within: str = "",
) -> dict[str, Any]:
    """Bars from zero with their names above them, which leaves a phone room for the bars.

    Args:
        answer: the rows.
        name: column that tells bars apart.
        label: Vega expression of a bar's name.
        value: column of its length.
        shown: Vega expression of the numbers at the right.
        order: Vega expression by which bars stand, smallest first.
        colour: of the bars.
        tooltip: columns.
        rows: bars at most.
        domain: of the axis; from zero without it.
        mark_at: where a line stands for what is expected.
        within: column of a darker part of the bars.
    """
    across = alt.X(
        f"{value}:Q",
        title=charts.titled(answer[value]),
        scale=alt.Scale(domain=list(domain)) if domain else alt.Scale(zero=True),
        axis=charts.value_axis(answer[value].unit),
    )
    base = (
        alt.Chart(charts.ROWS)
        .transform_calculate(bar_label=label, bar_numbers=shown, bar_place=order)
        .encode(y=alt.Y(f"{name}:N", sort=alt.EncodingSortField("bar_place", op="min"), axis=None))
    )
    tips = charts.tooltips(answer, *tooltip)
    bars = base.mark_bar(height=10, yOffset=9, cornerRadiusEnd=2).encode(
        x=across, color=colour, tooltip=tips
    )
    text: dict[str, Any] = {"baseline": "middle", "dy": -7}
    names = base.mark_text(align="left", **text).encode(x=alt.value(0), text="bar_label:N")
    numbers = base.mark_text(align="right", color=charts.SOFT, **text).encode(
        x=alt.value("width"), text="bar_numbers:N"
    )
    layers = [bars, names, numbers]
    if within:
        part = base.mark_bar(height=10, yOffset=9, color=charts.ACCENT, tooltip=False)
        layers.insert(1, part.encode(alt.X(f"{within}:Q")))
    if mark_at is not None:
        line = alt.Chart(charts.ROWS).mark_rule(strokeDash=[5, 4], aria=False)
        room = alt.Chart(charts.ROWS).mark_rule(opacity=0, aria=False)
        layers += [line.encode(x=alt.datum(mark_at)), room.encode(x=alt.datum(1.25 * mark_at))]
    return charts.spec(alt.layer(*layers), BAR_HEIGHT * max(rows, 1))


def bars(
    answer: Answer,
    category: str,
    value: str,
    *,
    order: Sequence[str] | None = None,
    colour: str = charts.ACCENT,
    rows: int = 0,
    tooltips: Sequence[str] = (),
    title: str = "",
    top: float | None = None,
) -> dict[str, Any]:
    """Horizontal bars, one for each row, with their numbers at the right edge.

    Args:
        answer: the rows.
        category: column whose texts name the bars.
        value: column that is their length.
        order: of the categories; that of the rows without it.
        colour: of the bars.
        rows: how many there are, where a filter chooses among more.
        tooltips: columns.
        title: of the axis.
        top: where the axis ends.
    """
    column = answer[value]
    hidden = f"isValid(datum.{value}) ? {number(column)} : '\N{BULLET}'"
    base = (
        alt.Chart(charts.ROWS)
        .transform_calculate(_label=hidden)
        .encode(
            categories(category, order),
            tooltip=charts.tooltips(answer, *(tooltips or (category, value))),
        )
    )
    bar = base.mark_bar(color=colour, height=alt.RelativeBandSize(band=0.62)).encode(
        lengths(column, top, title)
    )
    return charts.spec(bar + labels(base), rows_height(rows or len(answer.rows)))


def rows_height(rows: int) -> int:
    """Height of a chart of so many bars with an axis below them."""
    return rows * _ROW_HEIGHT + 48


def categories(name: str, order: Sequence[str] | None = None) -> alt.Y:
    """What bars are about, down the vertical axis; in the order of the rows without another."""
    return alt.Y(
        f"{name}:N",
        title=None,
        sort=list(order) if order else alt.EncodingSortField(charts.PLACE, op="min"),
        axis=alt.Axis(labelLimit=150, ticks=False, domain=False, labelPadding=8),
    )


def lengths(column: Column, top: float | None = None, title: str = "") -> alt.X:
    """The length of bars, which leave room for numbers at the right edge."""
    end: dict[str, Any] = {} if top is None else {"domainMax": top}
    return alt.X(
        f"{column.name}:Q",
        title=title or charts.titled(column),
        scale=alt.Scale(rangeMax=alt.ExprRef(f"width - {_ROOM_FOR_LABELS}"), **end),
        axis=charts.value_axis(column.unit),
    )


def labels(base: Any) -> Any:
    """Numbers of bars at the right edge: the expression that is named `_label`."""
    return base.mark_text(align="right").encode(x=alt.value("width"), text="_label:N")


def number(column: Column) -> str:
    """Vega expression of a column's number."""
    form = {"share": ".1%", "currency": ".3s", "days": ".1f", "hours": ",.0f"}.get(
        column.unit, ",.0f"
    )
    if column.unit == "loops per case":
        form = ".2f"
    return f"format(datum.{column.name}, '{form}')"


def room(base: Any, field: str, times: float = 1.18) -> Any:
    """Unseen marks that leave room for numbers beside bars, so many times as long."""
    beyond = base.transform_calculate(beyond=f"datum.{field} * {times}")
    return beyond.mark_point(opacity=0).encode(alt.X("beyond:Q"))
