"""CVAR: how much future value is at risk, what moved it, and what goes with experience."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import altair as alt

from cxe.report import charts
from cxe.report.answers import NO_SCOPE, Column
from cxe.report.blocks import Block, Page
from cxe.report.formats import month_text, text
from cxe.report.joins import joined
from cxe.report.months import span
from cxe.report.pages import cvar_evidence
from cxe.report.sentences import (
    leaders,
    listed,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cxe.report.answers import Answer, Row
    from cxe.report.source import Source

# Months that a filter offers, and months of the curves.
_CHOSEN, _DRAWN = 13, 25
_MONEY = "Value (currency)"
_STATUSES = {
    "calibrated": "history and experience",
    "no_experience_effect": "history alone",
}
_MEASURES = {
    "gross_cvar": "Gross CVAR",
    "experience_cvar": "Experience CVAR",
    "recoverable_cvar": "Recoverable CVAR",
}
_DRIVERS = {
    "trust": "Trust",
    "ease": "Ease",
    "sentiment": "Sentiment",
    "reciprocity": "Reciprocity",
    "variability": "Variability",
    "overdue": "Overdue promises",
}
# Terms of the bridge in its order, and whether they are good news: a customer who left took the
# risk along, because the value is gone.
_BRIDGE = {
    "opening": ("Opening", "Level"),
    "cvar_entered": ("Newly active", "Neither"),
    "exposure_change": ("Exposure", "Neither"),
    "cvar_worsened": ("Higher rates", "Worse"),
    "cvar_improved": ("Lower rates", "Better"),
    "cvar_left": ("Left", "Worse"),
    "closing": ("Closing", "Level"),
}
_DOWNWARDS = ("cvar_improved", "cvar_left")
_NEWS = {
    "Level": charts.ACCENT,
    "Worse": charts.BAD,
    "Better": charts.GOOD,
    "Neither": charts.NEUTRAL,
}
_BOUNDS = f"""
    select month, case when grouping(territory) = 0 then coalesce(territory, '{NO_SCOPE}') end
            as territory,
        sum(gross_cvar_low) as gross_cvar_low, sum(gross_cvar_high) as gross_cvar_high,
        sum(experience_cvar_low) as experience_cvar_low,
        sum(experience_cvar_high) as experience_cvar_high,
        min(calibration_status) as calibration_status
    from marts.fct_cvar
    where month >= '{{since}}' and gross_cvar is not null
    group by grouping sets ((month), (month, territory))
    order by month, territory
"""
_MOVES = f"""
    select month, case when territory = 'unassigned' then '{NO_SCOPE}' else territory end
            as territory,
        sum(opening) as opening, sum(entered) as cvar_entered,
        sum(exposure_change) as exposure_change, sum(worsened) as cvar_worsened,
        sum(improved) as cvar_improved, sum(left_active) as cvar_left, sum(closing) as closing
    from marts.fct_cvar_bridge
    where month >= '{{since}}'
    group by grouping sets ((month), (month, territory))
    order by month, territory
"""
_BANDS = f"""
    select band, case when grouping(fct_cvar.territory) = 0
            then coalesce(fct_cvar.territory, '{NO_SCOPE}') end as territory,
        count(fct_cvar.cvar_rate) as active_customers,
        count(*) filter (where experience_cvar > 0) as customers_at_risk,
        sum(forward_value) as forward_value, sum(gross_cvar) as gross_cvar,
        sum(experience_cvar) as experience_cvar,
        sum(gross_cvar) / nullif(sum(forward_value), 0) as cvar_rate
    from marts.fct_cvar
    inner join marts.fct_customer_value using (customer_id, month)
    inner join marts.fct_relationship_health using (customer_id, month)
    where month = '{{month}}'
    group by grouping sets ((band), (band, fct_cvar.territory))
    having count(fct_cvar.cvar_rate) > 0
    order by list_position({list(charts.BANDS)}, band), territory
"""


def page(source: Source) -> Page:
    """The page.

    Args:
        source: the published version.
    """
    trend = _by_month(source)
    calibrated = bool(trend.rows)
    card = _card(source)
    company = trend.where(territory=None)
    status = company[-1]["calibration_status"] if company else "uncalibrated"
    blocks = [_headline(source, trend), _segments(source)]
    if calibrated:
        blocks += [_trend(trend), _bridge(source), _bands(source)]
        blocks += cvar_evidence.blocks(source, card)
    if status == "calibrated":
        blocks += [_drivers(source), cvar_evidence.effects(source, _DRIVERS)]
    return Page(
        "cvar.html",
        "CVAR",
        "How much future value is at risk, why, and how well that was foreseen.",
        blocks,
        "cvar.html.jinja",
        {
            "status": status,
            "card": card,
            "tests": _tests(card),
            "assumptions": _assumptions(card),
        },
    )


def _by_month(source: Source) -> Answer:
    """Value at risk with its bounds, from the first month with a fit on."""
    bounds = source.read(
        _BOUNDS.format(since=source.since(_DRAWN) or "1900-01-01"),
        [
            Column("month", "Month", "month"),
            Column("territory", "Territory"),
            Column("gross_cvar_low", "Gross, low", "currency"),
            Column("gross_cvar_high", "Gross, high", "currency"),
            Column("experience_cvar_low", "Experience, low", "currency"),
            Column("experience_cvar_high", "Experience, high", "currency"),
            Column("calibration_status", "Fitted to"),
        ],
    )
    if not bounds.rows:
        return bounds
    values = source.ask(
        *_MEASURES,
        "value_protected",
        by=["month", "territory"],
        since=bounds.rows[0]["month"],
        scopes=["territory"],
    )
    return joined(values, bounds).named("calibration_status", _STATUSES)


def _headline(source: Source, trend: Answer) -> Block:
    answer = source.ask(
        "forward_value",
        "gross_cvar",
        "cvar_rate",
        "experience_cvar",
        "value_protected",
        "recoverable_cvar",
        by=["month", "territory"],
        since=source.since(_CHOSEN),
        scopes=["territory", "month"],
    )
    found = answer.where(territory=None)
    if not found:
        summary = "No customer has any value in the delivered extracts."
    elif not trend.rows:
        forward = answer.text(found[-1], "forward_value")
        summary = (
            f"All territories, {month_text(found[-1]['month'])}: {forward} of forward value. How "
            "much of it is at risk is not known, because no model could be fitted yet."
        )
    else:
        row, bounds = found[-1], trend.where(territory=None)[-1]
        summary = (
            f"All territories, {month_text(row['month'])}: of {answer.text(row, 'forward_value')} "
            f"forward value, {answer.text(row, 'gross_cvar')} ({answer.text(row, 'cvar_rate')}) is "
            "expected to be lost within four quarters; 95 % bounds "
            f"{trend.text(bounds, 'gross_cvar_low')} to {trend.text(bounds, 'gross_cvar_high')}. "
            f"{_experience_said(answer, row, bounds)}"
        )
    return Block("headline", "Value at risk", summary, answer, is_tiles=True)


def _experience_said(answer: Answer, row: Row, bounds: Row) -> str:
    if bounds["calibration_status"] == "no_experience_effect":
        return "None of it is put down to experience: the fit found no measurable effect."
    return (
        f"Experience below what was promised goes with {answer.text(row, 'experience_cvar')} of "
        f"it; on {answer.text(row, 'recoverable_cvar')} somebody can act today."
    )


def _trend(answer: Answer) -> Block:
    whole = answer.where(territory=None)
    first, last = whole[0], whole[-1]
    alone = [row for row in whole if row["calibration_status"] == "no_experience_effect"]
    bands = [
        alt.Chart(charts.ROWS)
        .mark_area(opacity=0.15, color=colour)
        .encode(
            charts.months(labelOverlap="parity"),
            alt.Y(f"{name}_low:Q", title="CVAR (currency)"),
            alt.Y2(f"{name}_high:Q"),
        )
        for name, colour in (
            ("gross_cvar", charts.SERIES[0]),
            ("experience_cvar", charts.SERIES[1]),
        )
    ]
    labels = {name: label.removesuffix(" CVAR") for name, label in _MEASURES.items()}
    measure = alt.Color("label:N", **charts.colours(list(labels.values()), charts.SERIES[:3]))
    lines = (
        alt.Chart(charts.ROWS)
        .transform_fold(list(_MEASURES), as_=["measure", "amount"])
        .transform_calculate(label=_lookup(labels, "measure"))
        .mark_line(point=True)
        .encode(
            charts.months(labelOverlap="parity"),
            alt.Y("amount:Q", title="CVAR (currency)", axis=charts.value_axis("currency")),
            measure,
            alt.StrokeDash("measure:N", sort=list(_MEASURES), legend=None),
            tooltip=charts.tooltips(
                answer,
                "month",
                "gross_cvar",
                "gross_cvar_low",
                "gross_cvar_high",
                "experience_cvar",
                "recoverable_cvar",
                "calibration_status_name",
            ),
        )
    )
    named = ["gross_cvar"] + (["experience_cvar"] if len(alone) < len(whole) else [])
    moves = [
        f"{_MEASURES[name][:1].lower()}{_MEASURES[name][1:]} from {answer.text(first, name)} to "
        f"{answer.text(last, name)}"
        for name in named
    ]
    summary = f"All territories, {span(whole)}: {', '.join(moves)}."
    if alone:
        summary += (
            f" Experience CVAR is 0 in {span(alone)}: experience had not measurably improved the "
            "predictions by then."
        )
    return Block(
        "by-month",
        f"Value at risk by month, {span(whole)}",
        summary,
        answer,
        charts.spec(alt.layer(*bands, lines), height=300),
        shown=[
            "month",
            "gross_cvar_low",
            "gross_cvar",
            "gross_cvar_high",
            "experience_cvar_low",
            "experience_cvar",
            "experience_cvar_high",
            "value_protected",
            "recoverable_cvar",
            "calibration_status_name",
        ],
        note="Shaded: 95 % bounds from the uncertainty of the fit alone; those of all customers "
        "are added up, which makes them too wide rather than too narrow. Each month is scored "
        "with the fit that was known then, so a step may be a new fit and no new risk.",
    )


def _bridge(source: Source) -> Block:
    catalog = source.layer.catalog
    answer = source.read(
        _MOVES.format(since=source.since(_CHOSEN)),
        [
            Column("month", "Month", "month"),
            Column("territory", "Territory"),
            *(
                Column(name, label, "currency", catalog.get(name))
                for name, (label, _) in _BRIDGE.items()
            ),
        ],
        scopes=["territory", "month"],
    )
    whole = answer.where(territory=None)
    if not whole:
        return Block(
            "bridge",
            "What moved gross CVAR",
            "No bridge yet: it needs a fit in two months that follow each other.",
            answer,
        )
    row = whole[-1]
    said = {name: answer.text(row, name) for name in _BRIDGE}
    return Block(
        "bridge",
        "What moved gross CVAR from one month to the next",
        f"All territories, {month_text(row['month'])}: {said['opening']} became {said['closing']}. "
        f"Higher CVAR rates added {said['cvar_worsened']}, lower ones took {said['cvar_improved']} "
        f"off; exposure changed it by {said['exposure_change']}, newly active customers by "
        f"{said['cvar_entered']}; {said['cvar_left']} went with customers who left.",
        answer,
        _with_room(charts.spec(_waterfall(), height=260)),
        note="Exposure is more or less business at the same rate. What left is no relief: these "
        "customers stopped, and their value is lost or, rarely, paused. A newer fit shows as "
        "higher and lower rates. Customers stand in the territory of the month's last day.",
    )


def _waterfall() -> alt.LayerChart | alt.FacetChart:
    """Floating bars from the level before to the level after each term."""
    downwards = " || ".join(f"datum.term === '{name}'" for name in _DOWNWARDS)
    labels = {name: label for name, (label, _) in _BRIDGE.items()}
    steps = (
        alt.Chart(charts.ROWS)
        .transform_fold(list(_BRIDGE), as_=["term", "amount"])
        .transform_calculate(
            step=f"indexof({list(_BRIDGE)}, datum.term)",
            label=_lookup(labels, "term"),
            news=_lookup({name: news for name, (_, news) in _BRIDGE.items()}, "term"),
            move=f"datum.term === 'closing' ? 0 : ({downwards}) ? -datum.amount : datum.amount",
        )
        .transform_window(after="sum(move)", sort=[alt.SortField("step")])
        .transform_calculate(
            before="datum.news === 'Level' ? 0 : datum.after - datum.move",
            end="max(datum.before, datum.after)",
            shown="format(datum.news === 'Level' ? datum.after : datum.move,"
            " datum.news === 'Level' || datum.amount === 0 ? '.3~s' : '+.3~s')",
        )
    )
    place = alt.Y(
        "label:N", sort=list(labels.values()), title=None, axis=alt.Axis(domain=False, ticks=False)
    )
    bars = steps.mark_bar(size=22).encode(
        _money("before"),
        alt.X2("after:Q"),
        place,
        alt.Color("news:N", **charts.colours(list(_NEWS), list(_NEWS.values()))),
        tooltip=[
            alt.Tooltip("label:N", title="Term"),
            alt.Tooltip("move:Q", title="Change", format="+,.0f"),
            alt.Tooltip("after:Q", title="Level after it", format=",.0f"),
        ],
    )
    texts = steps.mark_text(align="left", dx=5).encode(_money("end"), place, alt.Text("shown:N"))
    return alt.layer(bars, texts)


def _drivers(source: Source) -> Block:
    answer = source.ask(
        "driver_contribution",
        by=["month", "driver", "territory"],
        since=source.since(_CHOSEN),
        order=["-driver_contribution"],
        scopes=["territory", "month"],
    ).named("driver", _DRIVERS)
    latest = answer.where(territory=None, month=source.months[-1])
    title = "What goes with which driver of experience"
    if not latest:
        return Block(
            "drivers",
            title,
            "No customer is active in the latest month: nothing is at risk.",
            answer,
        )
    order = alt.EncodingSortField("driver_contribution", op="max", order="descending")
    marks = (
        alt.Chart(charts.ROWS)
        .transform_calculate(
            side="datum.driver_contribution < 0 ? 'protected' : 'at risk'",
            end="max(datum.driver_contribution, 0)",
            shown="datum.driver_contribution === 0 ? '0'"
            " : format(datum.driver_contribution, '+.3~s')",
        )
        .encode(alt.Y("driver_name:N", sort=order, title=None))
    )
    chart = alt.layer(
        marks.mark_bar(size=22).encode(
            _money("driver_contribution", "Contribution (currency)"),
            alt.Color(
                "side:N",
                **charts.colours(["at risk", "protected"], [charts.BAD, charts.GOOD]),
            ),
            tooltip=charts.tooltips(answer, "driver_name", "driver_contribution"),
        ),
        marks.mark_text(align="left", dx=5).encode(
            _money("end", "Contribution (currency)"), alt.Text("shown:N")
        ),
    )
    return Block(
        "drivers",
        title,
        _drivers_said(answer, latest),
        answer,
        _with_room(charts.spec(chart, height=240)),
        shown=["driver_name", "territory", "month", "driver_contribution"],
        note="Right of zero: below its promise level, with which value at risk goes; left of it: "
        "above, with which value is protected. The parts add up to experience CVAR less value "
        "protected. Associated, not caused.",
    )


def _drivers_said(answer: Answer, latest: Sequence[Row]) -> str:
    ordered = sorted(latest, key=lambda row: row["driver_contribution"], reverse=True)
    risky = [
        f"{row['driver_name'].lower()} {answer.text(row, 'driver_contribution')}"
        for row in ordered
        if row["driver_contribution"] > 0
    ]
    nothing = [row["driver_name"].lower() for row in ordered if row["driver_contribution"] == 0]
    protecting = [
        f"{row['driver_name'].lower()} {answer.text(row, 'driver_contribution').lstrip('-')}"
        for row in ordered
        if row["driver_contribution"] < 0
    ]
    parts = [f"at risk with {', '.join(risky)}"] if risky else []
    parts += [f"protected with {', '.join(protecting)}"] if protecting else []
    parts += [f"nothing with {listed(nothing)}"] if nothing else []
    return f"All territories, {month_text(latest[0]['month'])}: {'; '.join(parts)}."


def _bands(source: Source) -> Block:
    names = (
        "active_customers",
        "customers_at_risk",
        "forward_value",
        "gross_cvar",
        "experience_cvar",
        "cvar_rate",
    )
    answer = source.read(
        _BANDS.format(month=source.months[-1]),
        [
            Column("band", "Health band"),
            Column("territory", "Territory"),
            *(source.column(name) for name in names),
        ],
        scopes=["territory"],
    )
    return _cut(
        source,
        answer,
        "bands",
        f"Value at risk by health band, {month_text(source.months[-1])}",
        "band",
        list(charts.BANDS),
        " What is unrated has too little evidence for a band: silence, not health.",
    )


def _segments(source: Source) -> Block:
    answer = source.ask(
        "active_customers",
        "customers_at_risk",
        "forward_value",
        "gross_cvar",
        "experience_cvar",
        "cvar_rate",
        by=["segment", "territory"],
        since=source.since(1),
        scopes=["territory"],
    ).named("segment", {None: "(none)"})
    when = f", {month_text(source.months[-1])}" if source.months else ""
    return _cut(
        source,
        answer,
        "segments",
        f"Value at risk by segment{when}",
        "segment_name",
        sorted({row["segment_name"] for row in answer.rows}),
        "",
    )


def _cut(
    source: Source,
    answer: Answer,
    name: str,
    title: str,
    group: str,
    order: Sequence[str],
    note: str,
) -> Block:
    """Gross CVAR and the part of experience by group, with the rate at the end of the bar."""
    whole = [row for row in answer.where(territory=None) if row["gross_cvar"] is not None]
    shown = [group, *(column.name for column in answer.columns if column.metric)]
    if not whole:
        summary = (
            "What is at risk is not known yet; forward value is."
            if answer.rows
            else "No customer has any value in the delivered extracts."
        )
        title = title.replace("Value at risk", "Forward value")
        return Block(
            name, title, summary, answer, shown=[group, "active_customers", "forward_value"]
        )
    place = alt.Y(f"{group}:N", sort=list(order), title=None)
    colour = alt.Color(
        "measure:N", **charts.colours(["Gross CVAR", "Experience CVAR"], charts.SERIES[:2])
    )
    bars = [
        alt.Chart(charts.ROWS)
        .transform_calculate(measure=f"'{_MEASURES[measure]}'")
        .mark_bar(size=size)
        .encode(
            _money(measure),
            place,
            colour,
            tooltip=charts.tooltips(answer, *shown),
        )
        for measure, size in (("gross_cvar", 26), ("experience_cvar", 12))
    ]
    rates = (
        alt.Chart(charts.ROWS)
        .transform_calculate(rate="format(datum.cvar_rate, '.1%')")
        .mark_text(align="left", dx=5)
        .encode(_money("gross_cvar"), place, alt.Text("rate:N"))
    )
    largest = leaders(answer, whole, "gross_cvar", group)
    highest = leaders(answer, whole, "cvar_rate", group)
    told = []
    if largest:
        told.append(
            f"most gross CVAR stands with {largest.names} ({largest.text} of "
            f"{largest.texts('active_customers')} active customers)"
        )
    if highest:
        told.append(f"the highest CVAR rate with {highest.names} ({highest.text})")
    summary = f"All territories, {month_text(source.months[-1])}: {', '.join(told)}."
    return Block(
        name,
        title,
        summary,
        answer,
        _with_room(charts.spec(alt.layer(*bars, rates), height=220)),
        shown=shown,
        note="Narrow: the part of experience. At the end of the bar: the CVAR rate." + note,
    )


def _card(source: Source) -> Mapping[str, Any]:
    """The model card of the published version; a copy of a version may lack it."""
    path = source.folder / "reports" / "model_card.json"
    if not path.exists():
        return {}
    card: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return card


def _tests(card: Mapping[str, Any]) -> list[dict[str, str]]:
    """Negative controls: what must not predict, and by how many standard errors it did."""
    questions = {
        "shuffled": "Experience shuffled among the customers of a month must add nothing.",
        "next_year": "Experience of a year later must not predict this year better than today's.",
    }
    if not any(origin["error"] for origin in card.get("origins", [])):
        return []  # no experience, so nothing to test
    found = []
    for name, question in questions.items():
        result = card.get("controls", {}).get(name)
        if result and result["z"] is not None:
            is_clean = result["z"] <= card["parameters"]["evidence_z"]
            found.append(
                {
                    "question": question,
                    "errors": text(float(result["z"]), "score"),
                    "fits": str(result["origins"]),
                    "verdict": "as it must be" if is_clean else "a warning",
                    "state": "good" if is_clean else "bad",
                }
            )
    return found


def _assumptions(card: Mapping[str, Any]) -> list[dict[str, str]]:
    """Experience CVAR under other assumptions than those that are set."""
    if card.get("status") != "calibrated":
        return []
    return [
        {
            "assumption": _assumed(row),
            "experience_cvar": text(row["experience_cvar"], "currency"),
            "value_protected": text(row["value_protected"], "currency"),
        }
        for row in card["sensitivity"]
    ]


def _assumed(row: Mapping[str, Any]) -> str:
    match row["assumption"]:
        case "promise level":
            return f"promise level {row['shift']:+.2f}".replace("-", "\N{MINUS SIGN}")
        case "horizon":
            return f"horizon of {row['quarters']} quarter{'s' if row['quarters'] > 1 else ''}"
        case "discount rate":
            return f"discount rate {row['discount_rate']:.0%}"
        case _:
            return "as set"


def _money(field: str, title: str = _MONEY) -> alt.X:
    """An amount along the horizontal axis."""
    return alt.X(f"{field}:Q", title=title, axis=charts.value_axis("currency"))


def _with_room(spec: dict[str, Any]) -> dict[str, Any]:
    """Leave room for the numbers at the ends of bars, which Vega does not count."""
    return {**spec, "padding": {"left": 5, "top": 5, "right": 50, "bottom": 5}}


def _lookup(names: Mapping[str, str], field: str) -> str:
    """Expression that gives a reader's word for a code."""
    return f"{json.dumps(dict(names))}[datum.{field}]"
