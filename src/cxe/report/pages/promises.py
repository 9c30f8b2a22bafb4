"""Promises: what customers may expect, what was delivered, and what came in between."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import altair as alt

from cxe.report import bars, charts
from cxe.report.answers import HIDDEN_TEXT, Column, is_known
from cxe.report.blocks import Block, Page, block_of
from cxe.report.joins import beside, joined, ordered
from cxe.report.months import Months, last_months
from cxe.report.pages.moments import barriers, feedback, moments
from cxe.report.pages.variability import (
    COUNTS,
    FUNNEL_COLUMNS,
    POSITIONS,
    VARIABILITY,
    funnel,
    of_cases,
)
from cxe.report.sentences import (
    is_hiding,
    leaders,
    least_and_most,
    of_shown,
    spread,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cxe.report.answers import Answer
    from cxe.report.source import Source

# Readers' words for the ids of the seeds; another id is shown as it is.
PROMISES = {
    "case_first_response": "First answer to a support case",
    "case_resolution": "Support case resolved",
    "ae_forwarded": "Adverse event passed on",
    "inquiry_response": "Medical inquiry answered",
    "optout_honoured": "Opt-out honoured",
    "enrollment_complete": "Enrolment completed",
    "benefits_verified": "Benefits verified",
    "pa_submitted": "Prior authorisation sent",
    "pa_decided": "Prior authorisation decided",
    "first_ship": "First shipment sent",
    "delivered": "First shipment delivered",
    "nurse_welcome": "Welcome by a nurse",
    "barrier_resolved": "Barrier removed",
    "detractor_follow_up": "Detractor called back",
}
ACCOUNTABLE = {
    "company": charts.ACCENT,
    "partner": charts.SERIES[5],
    "office": charts.NEUTRAL,
    "payer": charts.NEUTRAL,
}
NO_PROMISES = "No settled promises in the delivered extracts."


def page(source: Source) -> Page:
    """The page.

    Args:
        source: the published version.
    """
    year, recent = last_months(source, 12), last_months(source, 13)
    settled = _settled(source, recent)
    terms = source.read(
        """
        select promise_id as promise, touchpoint, function, accountable, clock,
            case
                when standard_hours_high = standard_hours_low then standard_hours_high || ' h'
                else standard_hours_high || ' / ' || standard_hours_medium || ' / '
                    || standard_hours_low || ' h'
            end as standard
        from marts.dim_promises order by promise_id
        """,
        [
            Column("promise", "Promise"),
            Column("touchpoint", "Touchpoint"),
            Column("function", "Function"),
            Column("accountable", "Who has to act"),
            Column("clock", "Clock"),
            Column("standard", "Standard"),
        ],
    )
    return Page(
        "promises.html",
        "Promises",
        "What customers may expect of us, whether we delivered, and where to begin.",
        [
            _headline(source, settled, recent),
            *_by_promise(source, year, terms),
            _by_month(settled, recent),
            _by_function(source),
            _overdue(source, terms),
            _by_principle(source, year),
            _by_territory(source, year),
            moments(source, year),
            *barriers(source, year),
            *feedback(source, year),
        ],
        "promises.html.jinja",
    )


# ---- promises


def _settled(source: Source, span: Months) -> Answer:
    return source.ask(
        "promise_kept_rate",
        "own_promise_kept_rate",
        "promises_settled",
        "promises_broken",
        "promise_ratio_median",
        "customer_clock_kept_rate",
        by=["month", "territory"],
        scopes=["territory", "month"],
        since=span.since,
        until=span.until,
    )


def _headline(source: Source, settled: Answer, span: Months) -> Block:
    overdue = source.ask(
        "overdue_promises",
        by=["month", "territory"],
        scopes=["territory", "month"],
        since=span.since,
        until=span.until,
    )

    def say(answer: Answer) -> str:
        row = Block("", "", "", answer).first_view[0]
        return (
            f"Of {answer.text(row, 'promises_settled')} promises that settled in "
            f"{answer.text(row, 'month')}, all territories, "
            f"{answer.text(row, 'promise_kept_rate')} were kept; of those that we and our partners "
            f"had to deliver, {answer.text(row, 'own_promise_kept_rate')}. "
            f"{answer.text(row, 'overdue_promises')} of ours were overdue at the end of the month."
        )

    return block_of(
        "headline",
        "Promises that settled in the month",
        beside(settled, overdue),
        say,
        nothing=NO_PROMISES,
        is_tiles=True,
    )


def _by_promise(source: Source, span: Months, terms: Answer) -> list[Block]:
    asked = source.ask(
        "promise_kept_rate",
        "promises_settled",
        "promises_broken",
        "promise_ratio_median",
        by=["territory", "promise"],
        scopes=["territory"],
        since=span.since,
        until=span.until,
    ).named("promise", PROMISES)
    # In the order of all territories everywhere: their own would tell of what is hidden.
    worst = sorted(asked.where(territory=None), key=lambda row: _known(row["promise_kept_rate"], 2))
    places = {row["promise"]: place for place, row in enumerate(worst)}
    rows = sorted(
        asked.rows, key=lambda row: (row["territory"] or "", places.get(row["promise"], 99))
    )
    answer = joined(replace(asked, rows=rows), terms)
    promises = len(places)

    def say(answer: Answer) -> str:
        told = least_and_most(
            answer, answer.where(territory=None), "promise_kept_rate", "promise_name", "kept"
        )
        if not told:
            return f"No promise was settled often enough to be shown, {span}."
        return f"{span}, all territories: {told}."

    def say_ratio(answer: Answer) -> str:
        rows = answer.where(territory=None)
        runs = spread(answer, rows, "promise_ratio_median", "promise_name")
        if not runs:
            return f"No promise was timed often enough to be shown, {span}."
        known = [row for row in rows if is_known(row["promise_ratio_median"])]
        late = [row for row in known if row["promise_ratio_median"] > 1]
        told = of_shown(
            f"the median share of the time allowed that a promise took runs {runs}.",
            is_hiding(rows, "promise_ratio_median"),
        )
        return (
            f"{span}, all territories: {told} Longer than allowed at the median: "
            f"{len(late) or 'none'} of {len(known)} promises."
        )

    def draw(answer: Answer) -> dict[str, Any]:
        return bars.labelled_bars(
            answer,
            name="promise_name",
            label="datum.promise_name + ' · ' + datum.accountable",
            value="promise_kept_rate",
            shown="isValid(datum.promise_kept_rate) ? format(datum.promise_kept_rate, '.1%') + "
            "' of ' + format(datum.promises_settled, ',') : '•'",
            order="isValid(datum.promise_kept_rate) ? datum.promise_kept_rate : 2",
            colour=_accountable(),
            tooltip=[
                "promise_name",
                "touchpoint",
                "function",
                "accountable",
                "clock",
                "standard",
                "promise_kept_rate",
                "promises_settled",
            ],
            rows=promises,
        )

    def draw_ratio(answer: Answer) -> dict[str, Any]:
        return bars.labelled_bars(
            answer,
            name="promise_name",
            label="datum.promise_name + ' · ' + datum.standard",
            value="promise_ratio_median",
            shown="isValid(datum.promise_ratio_median) ? "
            "format(datum.promise_ratio_median, '.2f') : ''",
            order="isValid(datum.promise_ratio_median) ? -datum.promise_ratio_median : 2",
            colour=_accountable(),
            tooltip=["promise_name", "standard", "clock", "promise_ratio_median"],
            rows=promises,
            domain=(),
            mark_at=1,
        )

    described = ["territory", "promise_name", "touchpoint", "function", "accountable"]
    return [
        block_of(
            "by-promise",
            f"Kept rate by promise and touchpoint, {span}",
            answer,
            say,
            draw,
            nothing=NO_PROMISES,
            shown=[
                *described,
                "clock",
                "standard",
                "promise_kept_rate",
                "promises_settled",
                "promises_broken",
            ],
            note=(
                "Behind each name stands who has to act. What an office or a payer has to do is "
                "shown, as the customer feels it, but weighs nothing in scores: we only know of it."
            ),
        ),
        block_of(
            "ratio",
            f"Time taken over time allowed, {span}",
            answer,
            say_ratio,
            draw_ratio,
            nothing=NO_PROMISES,
            shown=[*described, "clock", "standard", "promise_ratio_median"],
            note=(
                "Median promise ratio: at 1, the line, delivery takes all the time allowed; .5 is "
                "twice as fast as promised. The opt-out is kept by silence and has none."
            ),
        ),
    ]


def _accountable(*names: str) -> alt.Color:
    found = names or tuple(ACCOUNTABLE)
    shades = [ACCOUNTABLE[name] for name in found]
    return alt.Color("accountable:N", **charts.colours(found, shades, columnPadding=12))


def _by_month(settled: Answer, span: Months) -> Block:
    rates = ["promise_kept_rate", "own_promise_kept_rate", "customer_clock_kept_rate"]
    answer = replace(settled.only("territory", "month", *rates), scopes=("territory",))

    def say(answer: Answer) -> str:
        rows = answer.where(territory=None)
        first, last = rows[0], rows[-1]
        return (
            f"All territories: {answer.text(first, 'promise_kept_rate')} of all promises were kept "
            f"in {answer.text(first, 'month')}, {answer.text(last, 'promise_kept_rate')} in "
            f"{answer.text(last, 'month')}; on the customer's clock, which never stops, "
            f"{answer.text(last, 'customer_clock_kept_rate')}."
        )

    def draw(answer: Answer) -> dict[str, Any]:
        return charts.lines(
            answer, {name: answer[name].label for name in rates}, "Promises kept", from_zero=False
        )

    return block_of(
        "by-month", f"Kept rate by month, {span}", answer, say, draw, nothing=NO_PROMISES
    )


def _by_function(source: Source) -> Block:
    span = last_months(source, 24)
    answer = source.ask(
        "promise_kept_rate",
        "promises_settled",
        by=["month", "promise_instance__function"],
        since=span.since,
        until=span.until,
    )
    names = sorted({row["function"] for row in answer.rows})

    def say(answer: Answer) -> str:
        newest = max(row["month"] for row in answer.rows)
        rows = answer.where(month=newest)
        known = [row for row in rows if is_known(row["promise_kept_rate"])]
        told = ", ".join(
            f"{row['function']} {answer.text(row, 'promise_kept_rate')} of "
            f"{answer.text(row, 'promises_settled')}"
            for row in sorted(known, key=lambda row: row["promise_kept_rate"])
        )
        month = answer.text(rows[0], "month")
        return f"All territories, {month}: {told or 'too few to be shown'}."

    def draw(answer: Answer) -> dict[str, Any]:
        chart = (
            alt.Chart(charts.ROWS)
            .mark_line()
            .encode(
                charts.half_years(),
                _kept_axis("promise_kept_rate"),
                *charts.dashed("function", names, columns=3),
                tooltip=charts.tooltips(
                    answer, "month", "function", "promise_kept_rate", "promises_settled"
                ),
            )
        )
        return charts.spec(chart, 320)

    return block_of(
        "by-function",
        f"Kept rate by function, {span}",
        answer,
        say,
        draw,
        nothing=NO_PROMISES,
        note=(
            "A function with a handful of promises a month jumps by chance. The control charts "
            "on the page about relationship health say which month is out of the ordinary."
        ),
    )


def _kept_axis(name: str) -> alt.Y:
    return alt.Y(
        f"{name}:Q",
        title="Promises kept",
        scale=alt.Scale(zero=False),
        axis=charts.value_axis("share"),
    )


def _overdue(source: Source, terms: Answer) -> Block:
    half, last = last_months(source, 6), last_months(source, 1)
    ended = f"date '{last.until}' + interval 1 day"
    counted = (
        source.read(
            f"""
            select promise_id as promise, count(*) as overdue,
                count(*) filter (where due_at < {ended} - interval 30 day) as overdue_30
            from marts.fct_promises as promises
            left join marts.fct_fulfillment_journeys as cases using (case_id)
            where accountable in ('company', 'partner') and promise_id <> 'optout_honoured'
                and promises.customer_id is not null
                and due_at >= date '{half.since}' and due_at < {ended}
                and (delivered_at is null or delivered_at >= {ended})
                and (voided_at is null or voided_at >= {ended})
                and (closed_at is null or closed_at >= {ended})
            group by promise_id
            order by promise_id
            """,
            [
                Column("promise", "Promise"),
                Column("overdue", "Overdue", "promises"),
                Column("overdue_30", "For more than 30 days", "promises"),
            ],
            patients={"overdue": ["overdue"], "overdue_30": ["overdue_30"]},
        )
        .named("promise", PROMISES)
        .only("promise", "promise_name", "overdue", "overdue_30")
    )
    answer = joined(replace(counted, rows=ordered(counted.rows, ["-overdue", "promise"])), terms)

    def say(answer: Answer) -> str:
        most = leaders(answer, answer.rows, "overdue", "promise_name")
        if not most:
            return f"Too few promises are overdue at the end of {last} to be shown apart."
        late = most.texts("overdue_30")
        since = "" if HIDDEN_TEXT in late else f", {late} of them for more than 30 days"
        told = of_shown(
            f"most are of the kind: {most.names} ({most.text}){since}",
            most.hides,
        )
        return f"At the end of {last}, all territories: {told}."

    def draw(answer: Answer) -> dict[str, Any]:
        return bars.labelled_bars(
            answer,
            name="promise_name",
            label="datum.promise_name + ' · ' + datum.function",
            value="overdue",
            shown="isValid(datum.overdue) ? format(datum.overdue, ',') : '•'",
            order="isValid(datum.overdue) ? -datum.overdue : 0",
            colour=_accountable("company", "partner"),
            tooltip=["promise_name", "function", "accountable", "overdue", "overdue_30"],
            rows=len(answer.rows),
            domain=(),
        )

    return block_of(
        "overdue",
        f"Overdue at the end of {last}, by promise and function",
        answer,
        say,
        draw,
        nothing=f"Nothing of ours is overdue at the end of {last}.",
        shown=[
            "promise_name",
            "function",
            "touchpoint",
            "accountable",
            "standard",
            "overdue",
            "overdue_30",
        ],
        note=(
            "Promises of ours and our partners that fell due in the last six months, are still not "
            "delivered, and whose case is not closed: each is a customer who waits today."
        ),
    )


def _by_principle(source: Source, span: Months) -> Block:
    answer = source.ask(
        "promise_kept_rate",
        "own_promise_kept_rate",
        "promises_settled",
        by=["promise__principle"],
        order=["promise_kept_rate"],
        since=span.since,
        until=span.until,
    )

    def say(answer: Answer) -> str:
        told = least_and_most(answer, answer.rows, "promise_kept_rate", "principle", "kept")
        if not told:
            return f"No principle was at stake often enough to be shown, {span}."
        return f"{span}, all territories: {told}."

    def draw(answer: Answer) -> dict[str, Any]:
        return bars.labelled_bars(
            answer,
            name="principle",
            label="datum.principle",
            value="promise_kept_rate",
            shown="isValid(datum.promise_kept_rate) ? format(datum.promise_kept_rate, '.1%') + "
            "' of ' + format(datum.promises_settled, ',') : '•'",
            order="isValid(datum.promise_kept_rate) ? datum.promise_kept_rate : 2",
            colour=alt.value(charts.ACCENT),
            tooltip=["principle", "promise_kept_rate", "promises_settled"],
            rows=len(answer.rows),
        )

    return block_of(
        "by-principle",
        f"Kept rate by what we stand for, {span}",
        answer,
        say,
        draw,
        nothing=NO_PROMISES,
    )


def _by_territory(source: Source, span: Months) -> Block:
    rates = source.ask(
        "promise_kept_rate",
        "own_promise_kept_rate",
        "promises_settled",
        "promises_broken",
        by=["territory"],
        since=span.since,
        until=span.until,
    )
    numbers = [
        Column("n", "Promises", "promises"),
        *FUNNEL_COLUMNS,
        Column("distance", "Distance from the mean (standard errors)", "points"),
        Column("funnel_position", "Position"),
    ]
    limits = source.read(
        f"""
        with {of_cases(span.since)}, years as (
            select unit as territory, cast(sum(n) as bigint) as n,
                sum(kept) / sum(n) as kept_rate,
                sum(sum(kept)) over () / sum(sum(n)) over () as all_kept_rate,
                sum(kept_of_cases) as kept_of_cases, sum(settled_of_cases) as settled_of_cases
            from {VARIABILITY} left join of_cases using (unit_type, unit, month)
            where unit_type = 'territory' and month >= date '{span.since}'
            group by unit
        ), steps as (
            select *, sqrt(all_kept_rate * (1 - all_kept_rate) / n) as step from years
        )
        select territory, n, kept_rate, all_kept_rate,
            greatest(all_kept_rate - 3.09 * step, 0) as funnel_lower_998,
            greatest(all_kept_rate - 1.96 * step, 0) as funnel_lower,
            least(all_kept_rate + 1.96 * step, 1) as funnel_upper,
            least(all_kept_rate + 3.09 * step, 1) as funnel_upper_998,
            (kept_rate - all_kept_rate) / nullif(step, 0) as distance,
            case
                when kept_rate < funnel_lower_998 then 'below'
                when kept_rate < funnel_lower then 'low'
                when kept_rate > funnel_upper_998 then 'above'
                when kept_rate > funnel_upper then 'high' else 'within'
            end as funnel_position, {", ".join(COUNTS)}
        from steps order by territory
        """,
        [Column("territory", "Territory"), *numbers],
        patients={column.name: COUNTS for column in numbers if column.name != "all_kept_rate"},
    ).named("funnel_position", {**POSITIONS, None: "no territory"})
    both = joined(rates, limits)
    # The furthest below the mean first, by what chance would explain.
    far = sorted(both.rows, key=lambda row: _known(row["distance"], 0))
    answer = replace(both, rows=far)

    def say(answer: Answer) -> str:
        known = [row for row in answer.rows if is_known(row["funnel_position"])]
        if not known:
            return f"No promise to a customer with a territory settled, {span}."
        all_of_them = [row for row in answer.rows if row["funnel_position"] is not None]
        shown = f"{len(known)} territories"
        if known != all_of_them:
            shown = f"{len(known)} of {len(all_of_them)} territories, which can be shown"
        below = [row["territory"] for row in known if row["funnel_position"] == "below"]
        above = [row["territory"] for row in known if row["funnel_position"] == "above"]
        return (
            f"{span}: {answer.text(known[0], 'all_kept_rate')} of the promises of all "
            f"territories were kept. Of {shown}, below the 99.8% limits: {_listed(below)}; above "
            f"them: {_listed([*reversed(above)])}."
        )

    return block_of(
        "by-territory",
        f"Kept rate of territories against the number of their promises, {span}",
        answer,
        say,
        lambda answer: funnel(answer, "territory", "Promises settled in the year"),
        nothing=NO_PROMISES,
        shown=[
            "territory",
            "promises_settled",
            "promises_broken",
            "promise_kept_rate",
            "own_promise_kept_rate",
            "funnel_lower_998",
            "funnel_upper_998",
            "distance",
            "funnel_position_name",
        ],
        note=(
            "No ranking: territories with few promises lie far from the mean by chance. The limits "
            "take promises as independent of each other, which those of one case are not: what "
            "lies just outside may still be chance. The page about relationship health has the "
            "same by month."
        ),
    )


def _listed(names: Sequence[str]) -> str:
    if not names:
        return "none"
    first = ", the furthest first" if names[1:] else ""
    return f"{len(names)} ({', '.join(names[:4])}{' ...' if names[4:] else ''}{first})"


def _known(value: Any, otherwise: float) -> float:
    """A number to sort by, whether it is shown or not."""
    return float(value) if is_known(value) else otherwise
