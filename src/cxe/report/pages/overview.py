"""Overview: where relationships and their value stand, what changed and where to act."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import altair as alt

from cxe.report import charts
from cxe.report.answers import NO_SCOPE, Column, is_known
from cxe.report.blocks import Block, Page
from cxe.report.formats import month_text, months_text
from cxe.report.months import span
from cxe.report.sentences import (
    leaders,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from cxe.report.answers import Answer, Row
    from cxe.report.source import Source

_NO_MONTH = "No month of the panel is over in the delivered extracts."
SCORECARD = (
    "net_value",
    "customer_value",
    "clv",
    "gross_cvar",
    "experience_cvar",
    "recoverable_cvar",
    "relationship_health",
    "promise_kept_rate",
)
# The four headings of the scorecard, by what they are made of.
HEADINGS = {
    "new_value": "Created: new",
    "reactivated_value": "Created: reactivated",
    "expansion_value": "Created: expansion",
    "contraction_value": "Diluted: contraction",
    "churned_value": "Lost: churned",
    "gross_cvar": "At risk: gross CVAR",
}
# What the legends of charts call their series.
_CVARS = {
    "gross_cvar": "Gross",
    "experience_cvar": "Experience",
    "recoverable_cvar": "Recoverable",
}
_BRIDGE = {
    "new_value": "New",
    "reactivated_value": "Reactivated",
    "expansion_value": "Expansion",
    "contraction_value": "Contraction",
    "churned_value": "Churned",
}
_BRIDGE_COLOURS = [charts.SERIES[place] for place in (0, 5, 2, 4, 1)]
_SIGNALS = {
    "below": "below its limits",
    "above": "above its limits",
    "run_below": "8 months or more below its mean",
    "run_above": "8 months or more above its mean",
    "none": "none",
}
_UNIT_TYPES = {"function": "function", "channel_group": "channels", "territory": "territory"}
# Of every territory and of all together, as a filter may ask for either.
_TOP_RELATIONSHIPS = """
    with relationships as (
        select coalesce(cvar.territory, '(none)') as home, cvar.customer_id, cvar.segment,
            cvar.specialty, cvar.recoverable_cvar, cvar.gross_cvar, health.band,
            health.weakest_component, health.overdue_promises > 0 as is_overdue
        from marts.fct_cvar as cvar
        left join marts.fct_relationship_health as health using (customer_id, month)
        where month = (select max(month) from marts.dim_months) and cvar.gross_cvar > 0
    )
    select null as territory, * from relationships
    qualify row_number() over (order by recoverable_cvar desc, gross_cvar desc, customer_id) <= 15
    union all
    select home as territory, * from relationships
    qualify row_number() over (
        partition by home order by recoverable_cvar desc, gross_cvar desc, customer_id
    ) <= 15
    order by territory nulls first, recoverable_cvar desc, gross_cvar desc, customer_id
"""
_SIGNALS_BY_MONTH = """
    select now.month, unit_type, unit, now.signal, coalesce(before.signal, 'none') as signal_before
    from marts.fct_variability_signals as now
    left join (
        select unit_type, unit, month + interval 1 month as month, signal
        from marts.fct_variability_signals
    ) as before using (unit_type, unit, month)
    where now.signal <> 'none'
        and now.month > (select max(month) - interval 13 month from marts.dim_months)
    order by now.month desc, now.signal like '%above', now.signal = signal_before, unit_type, unit
"""


def page(source: Source) -> Page:
    """The page.

    Args:
        source: the published version.
    """
    # Territories in every month of a long history would make the page too large to send.
    since, two_years = source.since(13), source.since(25)
    scorecard = source.ask(
        *SCORECARD, by=["month", "territory"], scopes=["territory", "month"], since=since
    )
    return Page(
        "index.html",
        "Overview",
        "Where relationships and their value stand, what changed and where to act.",
        [
            _headline(scorecard),
            _unfulfilled(source),
            _headings(source, since),
            _changes(scorecard),
            _cvar(source, two_years),
            _health(source, two_years),
            _top_relationships(source),
            _bridge(source),
            _movers(source, since),
            _signals(source),
            _territories(scorecard),
        ],
        "index.html.jinja",
    )


def _headline(scorecard: Answer) -> Block:
    now = next(iter(scorecard.where(territory=None)[-1:]), None)
    summary = _NO_MONTH
    if now:
        told = [
            f"customers are worth {scorecard.text(now, 'customer_value')}",
            _at_risk(scorecard, now),
        ]
        if is_known(now["relationship_health"]):
            told.append(
                f"relationship health is {scorecard.text(now, 'relationship_health')} of 100"
            )
        if is_known(now["promise_kept_rate"]):
            rate = scorecard.text(now, "promise_kept_rate")
            told.append(f"{rate} of the promises that settled were kept")
        summary = f"{month_text(now['month'])}, all territories: {'; '.join(told)}."
    return Block(
        "headline",
        "Value, risk and experience side by side",
        summary,
        scorecard,
        is_tiles=True,
        note="Net value and promises are those of the month, the others stand at its end. Customer"
        " value and CVAR look ahead; CLV comes from history alone and lags.",
    )


def _at_risk(scorecard: Answer, now: Row) -> str:
    if now["gross_cvar"] is None:
        return "how much of that is at risk is not known, as no model is calibrated yet"
    told = f"{scorecard.text(now, 'gross_cvar')} of the next year's value is expected to be lost"
    if not now["experience_cvar"]:
        return f"{told}, nothing of it associated with experience"
    return (
        f"{told}, of which {scorecard.text(now, 'experience_cvar')} is associated with experience"
        f" below the promise; {scorecard.text(now, 'recoverable_cvar')} is recoverable today"
    )


def _unfulfilled(source: Source) -> Block:
    # Later cases are too young to be judged: they are given 90 days for a start.
    window = source.months[-15:-3]
    since, until = (window[0], source.months[-3] - timedelta(days=1)) if window else (None, None)
    answer = source.ask(
        "unfulfilled_share",
        "unfulfilled_cases",
        "mature_start_cases",
        by=["territory"],
        scopes=["territory"],
        since=since,
        until=until,
    ).labelled(mature_start_cases="Cases judged")
    every = next(iter(answer.where(territory=None)), None)
    period = months_text(window) if window else "at any time"
    summary = "No hub case that is old enough to judge in the delivered extracts."
    if every and every["mature_start_cases"] and is_known(every["unfulfilled_share"]):
        summary = (
            f"{answer.text(every, 'unfulfilled_share')} of"
            f" {answer.text(every, 'mature_start_cases')} cases that the hub received {period} did"
            " not lead to a start; all territories."
        )
    return Block(
        "unfulfilled",
        "Cases without a start",
        summary,
        answer,
        is_tiles=True,
        note="A case is judged 90 days (by default) after the hub received it, so the newest months"
        " are left out and the month filter does not apply.",
    )


def _headings(source: Source, since: date | None) -> Block:
    answer = source.ask(
        *HEADINGS, by=["month", "territory"], scopes=["territory", "month"], since=since
    ).labelled(**HEADINGS)
    now = next(iter(answer.where(territory=None)[-1:]), None)
    summary = "No value in the delivered extracts."
    if now:
        summary = (
            f"Quarter to {month_text(now['month'])} against the quarter before, all territories:"
            f" existing customers grew by {answer.text(now, 'expansion_value')} and shrank by"
            f" {answer.text(now, 'contraction_value')}; {answer.text(now, 'new_value')} came from"
            f" new customers and {answer.text(now, 'churned_value')} went with those who left."
        )
    return Block(
        "headings",
        "Value created, diluted, lost and at risk",
        summary,
        answer,
        is_tiles=True,
        note="Created, diluted and lost look back over a quarter; at risk looks ahead over four.",
    )


def _changes(scorecard: Answer) -> Block:
    answer = replace(scorecard, rows=scorecard.rows[::-1], scopes=("territory",))
    rows = answer.where(territory=None)
    summary = _NO_MONTH
    if rows:
        told = "; ".join(
            f"{words} {_with_earlier(answer, rows, name)}"
            for words, name in (
                ("net value", "net_value"),
                ("gross CVAR", "gross_cvar"),
                ("relationship health", "relationship_health"),
                ("promises kept", "promise_kept_rate"),
            )
            if is_known(rows[0][name])
        )
        summary = f"{month_text(rows[0]['month'])}, all territories: {told}."
    return Block(
        "changes",
        "What changed: the last thirteen months, newest first",
        summary,
        answer,
        shown=["month", *SCORECARD],
        note="Set off are the newest month, three months and a year before. CLV needs a year of"
        " history before it counts what customers will still bring.",
    )


def _with_earlier(answer: Answer, rows: Sequence[Row], name: str) -> str:
    """A value and those of three months and a year before, of rows with the newest first."""
    earlier = ", ".join(
        f"{answer.text(row, name)} in {month_text(row['month'])}"
        for row in (*rows[3:4], *rows[12:13])
        if is_known(row[name])
    )
    return answer.text(rows[0], name) + (f" ({earlier})" if earlier else "")


def _cvar(source: Source, since: date | None) -> Block:
    answer = source.ask(*_CVARS, by=["month", "territory"], scopes=["territory"], since=since)
    known = [row for row in answer.where(territory=None) if row["gross_cvar"] is not None]
    summary = "No calibrated model, so no value at risk, in the delivered extracts."
    chart = None
    if known:
        now, first = known[-1], known[0]
        most = max(known, key=lambda row: row["gross_cvar"])
        summary = (
            f"All territories, {span([first, now])}: gross CVAR is"
            f" {answer.text(now, 'gross_cvar')}; it was highest in {month_text(most['month'])} with"
            f" {answer.text(most, 'gross_cvar')}."
        )
        if now["experience_cvar"]:
            summary += (
                f" {answer.text(now, 'experience_cvar')} is associated with experience below the"
                f" promise, {answer.text(now, 'recoverable_cvar')} is recoverable today."
            )
        labels = list(_CVARS.values())
        chart = charts.spec(
            alt.Chart(charts.ROWS)
            .transform_fold(list(_CVARS), as_=["metric", "value"])
            .transform_calculate(kind=f"{json.dumps(_CVARS)}[datum.metric]")
            .transform_filter("isValid(datum.value)")
            .mark_line(point=True)
            .encode(
                charts.months(labelFlush=True),
                charts.values(Column("value", "CVAR", "currency")),
                color=alt.Color("kind:N", **charts.colours(labels, charts.SERIES[:3], columns=3)),
                strokeDash=alt.StrokeDash("kind:N", sort=labels, legend=None),
                tooltip=charts.tooltips(answer, "month", *_CVARS),
            )
        )
    return Block(
        "cvar",
        "Customer value at risk by month",
        summary,
        answer,
        chart,
        note="Each month is scored by the model that was known then; the first fits had little"
        " history to learn from.",
    )


def _health(source: Source, since: date | None) -> Block:
    answer = source.ask(
        "relationship_health", by=["month", "territory"], scopes=["territory"], since=since
    )
    known = [row for row in answer.where(territory=None) if row["relationship_health"] is not None]
    summary = "No evidence about relationships in the delivered extracts."
    chart = None
    if known:
        now = known[-1]
        least = min(known, key=lambda row: row["relationship_health"])
        most = max(known, key=lambda row: row["relationship_health"])
        summary = (
            f"All territories, {span([known[0], now])}: health is"
            f" {answer.text(now, 'relationship_health')} of 100; it was lowest in"
            f" {month_text(least['month'])} with {answer.text(least, 'relationship_health')} and"
            f" highest in {month_text(most['month'])} with"
            f" {answer.text(most, 'relationship_health')}."
        )
        chart = charts.spec(
            alt.Chart(charts.ROWS)
            .transform_filter("isValid(datum.relationship_health)")
            .mark_line(point=True)
            .encode(
                charts.months(labelFlush=True),
                charts.values(
                    answer["relationship_health"], title="Health (0 to 100)", from_zero=False
                ),
                tooltip=charts.tooltips(answer, "month", "relationship_health"),
            )
        )
    return Block(
        "health",
        "Relationship health by month",
        summary,
        answer,
        chart,
        note="The axis does not begin at 0, so that small changes can be seen.",
    )


def _top_relationships(source: Source) -> Block:
    columns = [
        Column("territory", "Territory"),
        Column("customer_id", "Customer"),
        Column("home", "Territory"),
        Column("segment", "Segment"),
        Column("specialty", "Specialty"),
        source.column("recoverable_cvar"),
        source.column("gross_cvar"),
        Column("band", "Health"),
        Column("weakest_component", "Weakest part"),
        # Yes or no: how many are overdue of one customer is nearly always a number of few patients.
        Column("is_overdue", "Something overdue"),
    ]
    answer = source.read(_TOP_RELATIONSHIPS, columns, scopes=["territory"])
    rows = answer.where(territory=None)
    summary = "No value at risk in the delivered extracts: no model is calibrated yet."
    if rows:
        month = month_text(source.months[-1])
        first = rows[0]
        summary = (
            f"{month}, all territories: most can be won back with {first['customer_id']} in"
            f" {first['home']}, {answer.text(first, 'recoverable_cvar')} of the"
            f" {answer.text(first, 'gross_cvar')} at risk."
        )
        if not first["recoverable_cvar"]:
            summary = (
                f"{month}, all territories: the model measures nothing recoverable, so customers"
                f" are ordered by gross CVAR, which is highest with {first['customer_id']} in"
                f" {first['home']}, {answer.text(first, 'gross_cvar')}."
            )
    return Block(
        "top-relationships",
        "Relationships to act on first",
        summary,
        answer,
        shown=[column.name for column in columns[1:]],
        note="Recoverable is what broken trust and overdue promises put at risk where a case, a"
        " barrier or a promise is open today. Names stand in dim_customers. For leadership, not for"
        " the field: customers who opted out of prescriber data (PDRP) are among them.",
    )


def _bridge(source: Source) -> Block:
    # Quarters that do not overlap, with the same one a year before.
    months = source.months[::-1][:13:3][::-1]
    listed = ", ".join(f"'{month}'" for month in months)
    answer = source.ask(
        *_BRIDGE,
        by=["month", "territory"],
        where=[f"month in ({listed})"] if months else [],
        scopes=["territory"],
    ).labelled(month="Quarter to")
    rows = answer.where(territory=None)
    summary = "No value in the delivered extracts."
    chart = None
    if rows:
        now = rows[-1]
        parts = "; ".join(
            f"{words.lower()} {answer.text(now, name)}" for name, words in _BRIDGE.items()
        )
        summary = f"Quarter to {month_text(now['month'])}, all territories: {parts}."
        labels = list(_BRIDGE.values())
        chart = charts.spec(
            alt.Chart(charts.ROWS)
            .transform_fold(list(_BRIDGE), as_=["metric", "amount"])
            .transform_calculate(
                kind=f"{json.dumps(_BRIDGE)}[datum.metric]",
                place=f"indexof({json.dumps(list(_BRIDGE))}, datum.metric)",
            )
            .transform_calculate(value="datum.place < 3 ? datum.amount : -datum.amount")
            .mark_bar()
            .encode(
                alt.X(
                    "month:O",
                    timeUnit="utcyearmonth",
                    title="Quarter to",
                    axis=alt.Axis(format="%b %Y", labelAngle=0),
                ),
                charts.values(Column("value", "Value", "currency")),
                color=alt.Color("kind:N", **charts.colours(labels, _BRIDGE_COLOURS, columns=2)),
                order=alt.Order("place:Q"),
                tooltip=charts.tooltips(answer, "month", *_BRIDGE),
            )
        )
    return Block(
        "bridge",
        "Value created, diluted and lost by quarter",
        summary,
        answer,
        chart,
        note="Above the line value is created; below it contraction dilutes it and customers who"
        " churned take it along.",
    )


def _movers(source: Source, since: date | None) -> Block:
    answer = source.ask(
        "gross_cvar_change_mom",
        "gross_cvar",
        by=["month", "territory"],
        order=["-gross_cvar_change_mom"],
        scopes=["month"],
        since=since,
    )
    last = source.months[-1] if source.months else None
    moved = [
        row
        for row in answer.where(month=last)
        if row["gross_cvar_change_mom"] is not None and row["territory"] != NO_SCOPE
    ]
    summary = "No change of value at risk is known in the delivered extracts."
    chart = None
    if moved:
        change = answer["gross_cvar_change_mom"]
        furthest = sorted(moved, key=lambda row: abs(row[change.name]), reverse=True)[:2]
        told = [f"{answer.text(row, change.name)} in {row['territory']}" for row in furthest]
        territories = f"of {len(moved)} territories" if moved[1:] else "the only territory"
        summary = (
            f"{answer.text(furthest[0], 'month')} against the month before: gross CVAR moved"
            f" most by {' and by '.join(told)}, {territories}."
        )
        bars = (
            alt.Chart(charts.ROWS)
            .transform_filter(f"isValid(datum.{change.name})")
            .transform_calculate(size=f"abs(datum.{change.name})")
            .transform_window(place="row_number()", sort=[alt.SortField("size", "descending")])
            .transform_filter("datum.place <= 10")
            .mark_bar()
            .encode(
                alt.X(
                    f"{change.name}:Q",
                    title="Change of gross CVAR in a month (currency)",
                    axis=charts.value_axis(change.unit),
                ),
                alt.Y(
                    "territory:N",
                    title=None,
                    sort=alt.SortField(change.name, "descending"),
                ),
                color=alt.condition(
                    f"datum.{change.name} > 0", alt.value(charts.BAD), alt.value(charts.GOOD)
                ),
                tooltip=charts.tooltips(answer, "territory", change.name, "gross_cvar"),
            )
        )
        chart = charts.spec(bars)
    return Block(
        "movers",
        "Territories where value at risk moved most",
        summary,
        answer,
        chart,
        shown=["territory", "gross_cvar_change_mom", "gross_cvar"],
        note="To the right risk rose, to the left it fell; at most ten territories are drawn."
        " Customers who join or leave a territory take their risk along.",
    )


def _signals(source: Source) -> Block:
    answer = (
        source.read(
            _SIGNALS_BY_MONTH,
            [
                Column("month", "Month", "month"),
                Column("unit_type", "Kind"),
                Column("unit", "Unit"),
                Column("signal", "Signal"),
                Column("signal_before", "Signal in the month before"),
            ],
            scopes=["month"],
        )
        .named("unit_type", _UNIT_TYPES)
        .named("signal", _SIGNALS)
        .named("signal_before", _SIGNALS)
    )
    last = source.months[-1] if source.months else None
    rows = answer.where(month=last)
    fresh = [row["unit"] for row in rows if row["signal"] != row["signal_before"]]
    summary = "In the last month no kept rate is known to have moved by more than chance."
    if last is None:
        summary = "No promises in the delivered extracts."
    elif rows:
        new = f"new are {', '.join(fresh[:5])}" if fresh else "none of them is new"
        summary = (
            f"{month_text(last)}: functions, channels and territories with a signal:"
            f" {len(rows)}; {new}."
        )
    return Block(
        "signals",
        "Where the promise kept rate moved by more than chance",
        summary,
        answer,
        shown=["unit_type_name", "unit", "signal_name", "signal_before_name"],
        note="From a control chart of each unit's own months. A signal asks for a cause; movements"
        " without one are noise and need no explanation. The rates stand on the pages of promises"
        " and relationship health.",
    )


def _territories(scorecard: Answer) -> Block:
    answer = replace(
        scorecard,
        rows=sorted(
            (row for row in scorecard.rows if row["territory"] is not None),
            key=lambda row: (row["month"], -(row["recoverable_cvar"] or 0)),
        ),
        commands=scorecard.commands[1:],
        scopes=("month",),
    )
    last = max((row["month"] for row in answer.rows), default=None)
    rows = [row for row in answer.where(month=last) if row["territory"] != NO_SCOPE]
    summary = "No territory in the delivered extracts."
    if last and rows:
        name = "recoverable_cvar" if rows[0]["recoverable_cvar"] else "customer_value"
        most = leaders(answer, rows, name, "territory")
        summary = f"{month_text(last)}, {len(rows)} territories"
        if most:
            summary += (
                f": {answer[name].label} is highest in {most.names} with {most.text}"
                if most.others
                else f": {answer[name].label} is {most.text} in {most.names}"
            )
        summary += "."
    return Block(
        "territories",
        "Performance scorecard by territory",
        summary,
        answer,
        shown=["territory", *SCORECARD],
        note="Territories differ in size: a larger one has more value and more of it at risk. Small"
        " differences of kept rates are often chance; the signals above say which are not.",
    )
