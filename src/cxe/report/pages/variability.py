"""Whether kept rates vary by more than chance: signals, control charts, funnel plots."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import altair as alt

from cxe.report import charts
from cxe.report.answers import HIDDEN, Column
from cxe.report.blocks import Block, block_of
from cxe.report.months import Months, last_months

if TYPE_CHECKING:
    from datetime import date

    from cxe.report.answers import Answer, Row
    from cxe.report.source import Source

UNIT_TYPES = {"function": "Function", "channel_group": "Channel group", "territory": "Territory"}
SIGNALS = {
    "below": "below the limits",
    "above": "above the limits",
    "run_below": "a run below the mean",
    "run_above": "a run above the mean",
}
# What a funnel plot draws.
FUNNEL_COLUMNS = (
    Column("kept_rate", "Kept rate", "share"),
    Column("all_kept_rate", "Kept rate of all", "share"),
    Column("funnel_lower_998", "Lower limit 99.8%", "share"),
    Column("funnel_lower", "Lower limit 95%", "share"),
    Column("funnel_upper", "Upper limit 95%", "share"),
    Column("funnel_upper_998", "Upper limit 99.8%", "share"),
)
# Units that it names.
_NAMED_UNITS = 8
# In a funnel plot, from worst to best.
POSITIONS = {
    "below": "below 99.8%",
    "low": "below 95%",
    "within": "within",
    "high": "above 95%",
    "above": "above 99.8%",
}
NO_PROMISES = "No settled promises in the delivered extracts."
VARIABILITY = "marts.fct_variability_signals"
# No share lies outside 0 and 1; without earlier months there are no limits.
LIMITS = """
    case when lower is not null then greatest(lower, 0) end as lower,
    case when upper is not null then least(upper, 1) end as upper
"""
COUNTS = ["kept_of_cases", "settled_of_cases"]


def of_cases(since: date) -> str:
    """SQL that counts, by unit and month, promises of patients' cases: few are not shown."""
    return f"""
        of_cases as (
            select unit_type, unit, cast(date_trunc('month', settled_at) as date) as month,
                count(*) as settled_of_cases,
                count(*) filter (where status = 'kept') as kept_of_cases
            from (
                select function, channel_group, territory, status, settled_at
                from marts.fct_promises
                where channel_group = 'access' and status in ('kept', 'broken')
                    and settled_at >= date '{since}'
            ) unpivot (unit for unit_type in (function, channel_group, territory))
            group by all
        )"""


def signals(source: Source) -> Block:
    """Units that moved by more than chance in the last three months."""
    span = last_months(source, 3)
    answer = (
        source.read(
            f"""
            with {of_cases(span.since)}
            select month, unit_type, unit, signal, n, kept_rate, mean, {LIMITS},
                {", ".join(COUNTS)}
            from {VARIABILITY} left join of_cases using (unit_type, unit, month)
            where signal <> 'none' and month >= date '{span.since}'
            order by month desc, unit_type, unit
            """,
            [
                Column("month", "Month", "month"),
                Column("unit_type", "Kind of unit"),
                Column("unit", "Unit"),
                Column("signal", "Signal"),
                Column("n", "Settled promises", "promises"),
                Column("kept_rate", "Kept rate", "share"),
                Column("mean", "Mean of earlier months", "share"),
                Column("lower", "Lower limit", "share"),
                Column("upper", "Upper limit", "share"),
            ],
            patients={"n": COUNTS, "kept_rate": COUNTS},
        )
        .named("unit_type", UNIT_TYPES)
        .named("signal", SIGNALS)
    )

    def say(answer: Answer) -> str:
        units = {(row["unit_type"], row["unit"]) for row in answer.rows}
        worse = {(row["unit_type"], row["unit"]) for row in answer.rows if "below" in row["signal"]}
        return (
            f"In {span}, {len(units)} {_plural(len(units), 'unit')} gave a signal, "
            f"{len(worse)} of them downwards. Ask what changed there; leave the others alone."
        )

    return block_of(
        "signals",
        f"Kept rates that moved by more than chance, {span}",
        answer,
        say,
        nothing=f"No function, channel group or territory gave a signal in {span}.",
        shown=[
            "month",
            "unit_type_name",
            "unit",
            "signal_name",
            "n",
            "kept_rate",
            "mean",
            "lower",
            "upper",
        ],
        note=(
            "A rate outside the limits, or eight months in a row on one side of the mean, is a "
            "signal. A unit that has kept nearly everything it promised gives an upward run as "
            "soon as it keeps all; with one or two promises in a month that is no news."
        ),
    )


def control_charts(source: Source) -> list[Block]:
    """A chart for each function and channel group."""
    span = last_months(source, 24)
    units = source.read(
        f"""
        select distinct unit_type, unit from {VARIABILITY}
        where unit_type <> 'territory' and month >= date '{span.since}'
        order by unit_type desc, unit
        """,
        [Column("unit_type", "Kind of unit"), Column("unit", "Unit")],
    )
    return [_control_chart(source, span, row["unit_type"], row["unit"]) for row in units.rows]


def _control_chart(source: Source, span: Months, unit_type: str, unit: str) -> Block:
    quoted = unit.replace("'", "''")
    answer = source.read(
        f"""
        with {of_cases(span.since)}
        select month, n, kept_rate, mean, {LIMITS}, signal, {", ".join(COUNTS)}
        from {VARIABILITY} left join of_cases using (unit_type, unit, month)
        where unit_type = '{unit_type}' and unit = '{quoted}' and month >= date '{span.since}'
        order by month
        """,
        [
            Column("month", "Month", "month"),
            Column("n", "Settled promises", "promises"),
            Column("kept_rate", "Kept rate", "share"),
            Column("mean", "Mean of earlier months", "share"),
            Column("lower", "Lower limit", "share"),
            Column("upper", "Upper limit", "share"),
            Column("signal", "Signal"),
        ],
        patients={"n": COUNTS, "kept_rate": COUNTS},
    ).named("signal", {**SIGNALS, "none": "none", None: "no limits yet"})

    def say(answer: Answer) -> str:
        last = answer.rows[-1]
        told = (
            f"{answer.text(last, 'kept_rate')} of {answer.text(last, 'n')} promises kept in "
            f"{answer.text(last, 'month')}"
        )
        if last["mean"] is None:
            return f"{told}; too few earlier months for limits."
        signals = [row for row in answer.rows[-3:] if row["signal"] not in {None, "none"}]
        state = signals[-1]["signal_name"] if signals else "no signal in the last three months"
        return f"{told}, mean before {answer.text(last, 'mean')}: {state}."

    return block_of(
        f"chart-{unit_type}-{unit}".replace("_", "-").replace(" ", "-"),
        f"{unit.capitalize()} ({UNIT_TYPES[unit_type].lower()})",
        answer,
        say,
        _draw_control_chart,
        nothing=NO_PROMISES,
        shown=["month", "n", "kept_rate", "mean", "lower", "upper", "signal_name"],
    )


def _draw_control_chart(answer: Answer) -> dict[str, Any]:
    base = alt.Chart(charts.ROWS).encode(charts.half_years())
    across = alt.Scale(zero=False, nice=False, padding=16)
    rate = alt.Y("kept_rate:Q", title="Kept rate", scale=across, axis=charts.value_axis("share"))
    limits = base.mark_area(color=charts.NEUTRAL, opacity=0.18, line=False).encode(
        alt.Y("lower:Q", scale=across), alt.Y2("upper")
    )
    mean = base.mark_line(color=charts.SOFT, strokeDash=[5, 4], strokeWidth=1.2).encode(y="mean:Q")
    tips = charts.tooltips(
        answer, "month", "kept_rate", "n", "mean", "lower", "upper", "signal_name"
    )
    line = base.mark_line(strokeWidth=1.6).encode(rate)
    points = base.mark_point(size=26).encode(rate, tooltip=tips)
    signals = base.transform_calculate(
        is_signal="datum.signal !== null && datum.signal !== 'none'",
        side="test(/below/, datum.signal) ? 'worse' : 'better'",
        kind="test(/run/, datum.signal) ? 'run' : 'limits'",
        signal_month="datum.is_signal ? toNumber(toDate(datum.month)) : 0",
    )
    side: dict[str, Any] = {"domain": ["worse", "better"]}
    marks = signals.mark_point(size=90, strokeWidth=1.5).encode(
        rate,
        opacity=alt.condition("datum.is_signal", alt.value(1), alt.value(0)),
        shape=alt.Shape(
            "side:N", legend=None, scale=alt.Scale(**side, range=["triangle-down", "triangle-up"])
        ),
        stroke=alt.Stroke(
            "side:N", legend=None, scale=alt.Scale(**side, range=[charts.BAD, charts.GOOD])
        ),
        # Hollow for a run: the month itself is within the limits.
        fill=alt.Fill(
            "side:N", legend=None, scale=alt.Scale(**side, range=[charts.BAD, charts.GOOD])
        ),
        fillOpacity=alt.condition("datum.kind === 'run'", alt.value(0), alt.value(1)),
        tooltip=tips,
    )
    labels = (
        signals.transform_joinaggregate(newest="max(signal_month)")
        .transform_calculate(
            told="datum.is_signal && datum.signal_month === datum.newest ? "
            "replace(datum.signal, '_', ' ') : ''"
        )
        .mark_text(fontSize=11, align="right", dx=4, dy=15)
        .encode(rate, text="told:N")
    )
    return charts.spec(limits + mean + line + points + marks + labels, 190)


def funnel(answer: Answer, unit: str, numbers: str) -> dict[str, Any]:
    """Kept rates against the number of promises, with limits drawn through the units' own ones.

    Args:
        answer: units with n, kept_rate, all_kept_rate, funnel limits and funnel_position, named.
        unit: column that names a unit.
        numbers: title of the axis.
    """
    base = alt.Chart(charts.ROWS).encode(
        alt.X(
            "n:Q",
            title=numbers,
            scale=alt.Scale(zero=False, nice=True),
            axis=charts.value_axis("promises"),
        )
    )
    rate = charts.values(answer["kept_rate"], from_zero=False)
    curve: dict[str, Any] = {"interpolate": "monotone", "color": charts.SOFT, "strokeWidth": 1.2}
    limits = [
        base.mark_line(strokeDash=dash, **curve).encode(
            alt.Y(f"{name}:Q", scale=alt.Scale(zero=False)), order="n:Q"
        )
        for dash, names in (
            ([5, 4], ["funnel_lower", "funnel_upper"]),
            ([1, 0], ["funnel_lower_998", "funnel_upper_998"]),
        )
        for name in names
    ]
    mean = base.mark_line(color=charts.SOFT, strokeWidth=1, strokeDash=[2, 3]).encode(
        y="all_kept_rate:Q", order="n:Q"
    )
    names = list(POSITIONS.values())
    points = base.mark_point(size=70, opacity=0.9).encode(
        rate,
        alt.Shape(
            "funnel_position_name:N",
            title=None,
            scale=alt.Scale(
                domain=names,
                range=["triangle-down", "triangle-down", "circle", "triangle-up", "triangle-up"],
            ),
        ),
        alt.Color(
            "funnel_position_name:N",
            **charts.colours(
                names,
                [charts.BAD, charts.SERIES[4], charts.NEUTRAL, charts.SERIES[5], charts.GOOD],
                columns=3,
                columnPadding=16,
            ),
        ),
        tooltip=charts.tooltips(
            answer, unit, "n", "kept_rate", "funnel_lower", "funnel_upper", "funnel_position_name"
        ),
    )
    labels = (
        base.transform_calculate(
            out="datum.funnel_position === 'within' ? 0 : 1",
            far="abs(datum.kept_rate - datum.all_kept_rate) * sqrt(datum.n)",
        )
        .transform_window(
            far_place="row_number()",
            sort=[alt.SortField("out", "descending"), alt.SortField("far", "descending")],
        )
        # Of many units only the furthest are named, or names would hide each other.
        .transform_calculate(
            told=f"datum.out && datum.far_place <= {_NAMED_UNITS} ? datum.{unit} : ''"
        )
        .mark_text(align="left", dx=8, fontSize=11)
        .encode(rate, text="told:N")
    )
    return charts.spec(alt.layer(*limits, mean, points, labels), 380)


def funnels(source: Source) -> list[Block]:
    """Territories against their number of promises, and all units outside the limits."""
    year, last = last_months(source, 13), last_months(source, 1)
    numbers = [
        Column("n", "Settled promises", "promises"),
        *FUNNEL_COLUMNS,
        Column("funnel_position", "Position"),
    ]
    columns = ", ".join(
        [*(column.name for column in numbers if column.name != "all_kept_rate"), *COUNTS]
    )
    patients = {column.name: COUNTS for column in numbers if column.name != "all_kept_rate"}
    pooled = (
        "sum(kept) over (partition by unit_type, month) / "
        "sum(n) over (partition by unit_type, month) as all_kept_rate"
    )
    territories = source.read(
        f"""
        with {of_cases(year.since)}
        select month, unit, {columns}, {pooled}
        from {VARIABILITY} left join of_cases using (unit_type, unit, month)
        where unit_type = 'territory' and month >= date '{year.since}'
        order by month, unit
        """,
        [Column("month", "Month", "month"), Column("unit", "Territory"), *numbers],
        scopes=["month"],
        patients=patients,
    ).named("funnel_position", POSITIONS)
    territories = replace(territories, rows=sorted(territories.rows, key=_worst_first))
    outside = (
        source.read(
            f"""
            with {of_cases(last.since)}
            select unit_type, unit, {columns}, {pooled}
            from {VARIABILITY} left join of_cases using (unit_type, unit, month)
            where month = date '{last.since}'
            qualify funnel_position <> 'within'
            order by unit_type, unit
            """,
            [Column("unit_type", "Kind of unit"), Column("unit", "Unit"), *numbers],
            patients=patients,
        )
        .named("unit_type", UNIT_TYPES)
        .named("funnel_position", POSITIONS)
        .filtered(lambda row: row["funnel_position"] is not HIDDEN)
    )
    outside = replace(outside, rows=sorted(outside.rows, key=_worst_first))

    def say(answer: Answer) -> str:
        rows = Block("", "", "", answer).first_view
        out = [row for row in rows if row["funnel_position"] in {"below", "above"}]
        edge = [row for row in rows if row["funnel_position"] in {"low", "high"}]
        named = f" ({', '.join(row['unit'] for row in out[:8])})" if out else ""
        few = sum(row["funnel_position"] is HIDDEN for row in rows)
        return (
            f"In {last}, {answer.text(rows[0], 'all_kept_rate')} of the promises of all "
            f"{len(rows)} territories were kept. Outside the 99.8% limits: "
            f"{len(out) or 'none'}{named}. Between these and the 95% limits, where a few always "
            f"lie by chance: {len(edge) or 'none'}."
            f"{f' With too few promises of patients to be shown: {few}.' if few else ''}"
        )

    def say_outside(answer: Answer) -> str:
        worse = [
            row["unit"]
            if row["unit_type"] == "territory"
            else f"{row['unit']} ({row['unit_type_name'].lower()})"
            for row in answer.rows
            if row["funnel_position"] in {"below", "low"}
        ]
        told = f"Units below the limits in {last}: {', '.join(worse[:8]) or 'none'}"
        return f"{told}{' and others' if worse[8:] else ''}. Kinds of unit are judged apart."

    shown = [column.name for column in numbers[:-1]]
    return [
        block_of(
            "funnel",
            "Kept rate of territories against the number of their promises",
            territories,
            say,
            lambda answer: funnel(answer, "unit", "Promises settled in the month"),
            nothing=NO_PROMISES,
            shown=["month", "unit", *shown, "funnel_position_name"],
            note=(
                "Territories are never ranked by the raw rate: with few promises a territory lands "
                "far from the mean by chance, and the limits say how far. Inside the funnel there "
                "is nothing to explain."
            ),
        ),
        block_of(
            "outside",
            f"Functions, channel groups and territories outside the funnel, {last}",
            outside,
            say_outside,
            nothing=f"No unit lies outside the 95% limits in {last}.",
            shown=["unit_type_name", "unit", "funnel_position_name", *shown],
            note=(
                "Functions and channel groups promise different things: one that lies below says "
                "what is hard to keep, not who is at fault."
            ),
        ),
    ]


def _worst_first(row: Row) -> tuple[Any, ...]:
    """Months in order; what is not shown comes last, or its place would tell of it."""
    place = {position: place for place, position in enumerate(POSITIONS)}
    return (row.get("month", ""), place.get(row["funnel_position"], len(place)), row["unit"])


def _plural(number: int, word: str) -> str:
    return word if number == 1 else f"{word}s"
