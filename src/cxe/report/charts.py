"""Charts: Vega-Lite specifications without data and without colours of their own.

Rows are those of the block, named `rows`, so that a filter changes chart and table alike. Colours
are the custom properties of the style sheet, which knows light, dark and print.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cxe.report.answers import Answer, Column

ROWS = alt.NamedData(name="rows")
# Where a row stands among those that are drawn; the page's script adds it.
PLACE = "_row"
GOOD, BAD, NEUTRAL = "var(--good)", "var(--bad)", "var(--neutral)"
ACCENT, SOFT, INK = "var(--accent)", "var(--soft)", "var(--ink)"
# Okabe and Ito's colours, which colour-blind readers tell apart; the style sheet has them.
SERIES = tuple(f"var(--series-{place})" for place in range(1, 8))
# From worst to best.
BANDS = {
    "critical": "var(--band-1)",
    "fragile": "var(--band-2)",
    "steady": "var(--band-3)",
    "strong": "var(--band-4)",
    "unrated": "var(--band-0)",
}
# Lines are told apart by dashes as well.
_DASHES = ([1, 0], [7, 3], [2, 2], [8, 3, 2, 3], [4, 4], [12, 3], [1, 4])
_AXIS_FORMATS = {"share": ".0%", "share per month": ".1%", "currency": "~s"}
_TOOLTIP_FORMATS = {"share": ".1%", "share per month": ".2%", "score": ".1f", "ratio": ".2f"}
_TOOLTIP_DEFAULT = ",.1~f"

# That of the style sheet. Vega measures texts on a canvas, which does not know `inherit`: it took
# them for smaller than they are, and clipped them.
_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif"

# What all charts share; the page's script hands it to Vega.
CONFIG: dict[str, Any] = {
    "background": "transparent",
    "aria": False,
    "font": _FONT,
    "view": {"stroke": None},
    "axis": {
        "labelColor": SOFT,
        "titleColor": SOFT,
        "domainColor": "var(--line)",
        "tickColor": "var(--line)",
        "gridColor": "var(--line)",
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "titlePadding": 8,
        "labelLimit": 180,
    },
    "axisX": {"grid": False, "labelOverlap": "greedy", "labelSeparation": 12},
    "legend": {
        "labelColor": INK,
        "titleColor": SOFT,
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "orient": "top",
        "labelLimit": 240,
        "columns": 4,
    },
    "header": {"labelColor": INK, "titleColor": SOFT, "labelFontSize": 12},
    "range": {"category": list(SERIES)},
    "bar": {"color": ACCENT},
    "line": {"color": ACCENT, "strokeWidth": 2},
    "point": {"color": ACCENT, "filled": True, "size": 45},
    "area": {"color": ACCENT},
    "rule": {"color": SOFT},
    "text": {"color": INK, "fontSize": 12},
}


def spec(chart: Any, height: int | None = 280) -> dict[str, Any]:
    """A chart as the page's script draws it, as wide as its place.

    Args:
        chart: an Altair chart over `ROWS`.
        height: in pixels; None where the chart says itself.
    """
    sized = chart.properties(width="container")
    if height is not None:
        sized = sized.properties(height=height)
    found: dict[str, Any] = sized.to_dict()
    for key in ("$schema", "config"):
        found.pop(key, None)
    return {**found, "autosize": {"type": "fit", "contains": "padding"}}


def months(name: str = "month", title: str = "Month", **axis: Any) -> alt.X:
    """The months of a column along the horizontal axis, whatever the reader's time zone."""
    return alt.X(
        f"{name}:T",
        title=title,
        scale=alt.Scale(type="utc"),
        axis=alt.Axis(format="%b %Y", labelAngle=0, tickCount="month", **axis),
    )


def values(column: Column, *, title: str = "", from_zero: bool = True, **more: Any) -> alt.Y:
    """A number up the vertical axis, with its unit."""
    return alt.Y(
        f"{column.name}:Q",
        title=title or titled(column),
        scale=alt.Scale(zero=from_zero),
        axis=value_axis(column.unit),
        **more,
    )


def value_axis(unit: str) -> alt.Axis:
    """An axis with numbers of a unit."""
    found = alt.Axis(format=_AXIS_FORMATS.get(unit, ",~f"), tickCount=5)
    if unit == "currency":
        # All ticks have the prefix of the largest: nothing would be 0M.
        found.labelExpr = "datum.value === 0 ? '0' : datum.label"
    return found


def titled(column: Column) -> str:
    """What a column holds and in which unit, for an axis."""
    if column.unit in {"", "share", "month", "date", "number"}:
        return column.label
    # Settled promises (promises).
    if column.unit in column.label.lower():
        return column.label
    return f"{column.label} ({column.unit})"


def colours(names: Sequence[str], colours: Sequence[str], **legend: Any) -> dict[str, Any]:
    """Scale and legend that give every name its colour."""
    return {
        "scale": alt.Scale(domain=list(names), range=list(colours)),
        "legend": alt.Legend(title=None, **legend),
    }


def tooltips(answer: Answer, *names: str) -> list[alt.Tooltip]:
    """What is shown of a mark that is pointed at."""
    found = []
    for name in names:
        column = answer[name]
        if column.unit == "month":
            found.append(
                alt.Tooltip(
                    f"{name}:T", title=column.label, format="%b %Y", timeUnit="utcyearmonth"
                )
            )
        elif column.unit in {"", "date"}:
            found.append(alt.Tooltip(f"{name}:N", title=column.label))
        else:
            number = _TOOLTIP_FORMATS.get(column.unit, _TOOLTIP_DEFAULT)
            found.append(alt.Tooltip(f"{name}:Q", title=column.label, format=number))
    return found


def month_bands(name: str = "month", title: str = "Month") -> alt.X:
    """Months side by side, for bars."""
    return alt.X(
        f"utcyearmonth({name}):O",
        title=title,
        axis=alt.Axis(format="%b %Y", labelAngle=0, labelOverlap="greedy"),
    )


def half_years(name: str = "month") -> alt.X:
    """The months of two years or more, labelled twice a year, which a phone has room for."""
    return alt.X(
        f"{name}:T",
        title="Month",
        scale=alt.Scale(type="utc"),
        axis=alt.Axis(
            tickCount={"interval": "month", "step": 6},
            labelExpr="utcFormat(datum.value, utcmonth(datum.value) ? '%b' : '%Y')",
        ),
    )


def zero(channel: str) -> Any:
    """The line at nothing."""
    return alt.Chart(ROWS).mark_rule(color=NEUTRAL).encode(**{channel: alt.datum(0)})


def dashed(
    name: str, labels: Sequence[str], columns: int = 1, shades: Sequence[str] = SERIES
) -> list[Any]:
    """Lines told apart by colour and by dash, in one legend.

    Args:
        name: column that tells lines apart.
        labels: its values.
        columns: of the legend.
        shades: colours of the lines.
    """
    look: dict[str, Any] = {
        "symbolType": "stroke",
        "symbolStrokeWidth": 2.5,
        "symbolSize": 350,
        "columns": columns,
        "columnPadding": 14,
    }
    return [
        alt.Color(f"{name}:N", **colours(labels, shades[: len(labels)], **look)),
        alt.StrokeDash(
            f"{name}:N",
            scale=alt.Scale(domain=list(labels), range=_DASHES[: len(labels)]),
            legend=alt.Legend(title=None, **look),
        ),
    ]


def lines(
    answer: Answer, labels: Mapping[str, str], title: str, *, from_zero: bool = False
) -> dict[str, Any]:
    """Shares by month, a line for each.

    Args:
        answer: the rows.
        labels: of the lines, by column.
        title: of the vertical axis.
        from_zero: whether it begins at zero.
    """
    columns, words = list(labels), list(labels.values())
    chart = (
        alt.Chart(ROWS)
        .transform_fold([*columns], as_=["code", "share"])
        .transform_calculate(name=f"{words}[indexof({columns}, datum.code)]")
        .mark_line(point={"size": 30, "strokeDash": [1, 0]})
        .encode(
            months(),
            alt.Y(
                "share:Q",
                title=title,
                scale=alt.Scale(zero=from_zero),
                axis=value_axis("share"),
            ),
            *dashed("name", words),
            tooltip=[
                *tooltips(answer, "month"),
                alt.Tooltip("name:N", title="Rate"),
                alt.Tooltip("share:Q", title="Share", format=".1%"),
            ],
        )
    )
    return spec(chart, 320)
