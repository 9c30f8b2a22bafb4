"""Operations: what is stuck today and with whom, and how week, payers and pharmacies are doing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import altair as alt

from cxe.report import bars, charts
from cxe.report.answers import HIDDEN, Column, is_known
from cxe.report.blocks import Block, Page, block_of
from cxe.report.joins import beside
from cxe.report.months import last_months, span
from cxe.report.pages.fulfillment_friction import OWNERS, STEPS
from cxe.report.pages.words import PAYERS
from cxe.report.sentences import capitalised, is_hiding, leaders, listed, of_shown, spread
from cxe.report.small_cells import LARGEST_SMALL_CELL, small_stages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cxe.report.answers import Answer
    from cxe.report.months import Months
    from cxe.report.source import Source

_OPEN = ("open_cases", "overdue_open_cases", "cases_with_open_barrier", "open_case_days_p90")
_RENEWALS = ("reauthorizations_due", "reauthorizations_started", "reauthorization_started_share")
HOLDERS = OWNERS | {None: "Nobody named"}
STATUSES: dict[Any, str] = {**STEPS, None: "No status"}
_REASONS = {
    "MISSING_INFO": "Information missing",
    "NON_FORMULARY": "Not on formulary",
    None: "No reason given",
}
_ASSISTED = {
    "assisted_persistence_rate": "With assistance",
    "unassisted_persistence_rate": "Without",
}
_ALL = "All products"
NO_CASES = "No open cases in the delivered extracts."
_NO_FILLS = "No fills in the delivered extracts."


def page(source: Source) -> Page:
    """The page.

    Args:
        source: the published version.
    """
    year = last_months(source, 12)
    return Page(
        "operations.html",
        "Operations",
        "What is stuck today and with whom, and how starts, payers, pharmacies and programmes do.",
        [
            _headline(source),
            _holders(source),
            _stuck(source),
            _payers(source, year),
            _denials(source, year),
            _starts(source, year),
            _persistence(source),
            _copay(source),
            _pharmacies(source, year),
            _reach(source, year),
            _frequency(source, year),
            _organizations(source, year),
        ],
        "operations.html.jinja",
    )


# ---- cases


def _headline(source: Source) -> Block:
    answer = beside(source.ask(*_OPEN), source.ask(*_RENEWALS))
    day = source.run["as_of_date"]
    row = next(iter(answer.rows), None)
    summary = NO_CASES
    if row and row["open_cases"]:
        summary = (
            f"At the end of {day}, all territories: {_told(answer, row, 'open_cases')} cases are "
            f"open without a fill, {_told(answer, row, 'overdue_open_cases')} of them with an "
            "overdue promise."
        )
        if is_known(row["open_case_days_p90"]):
            age = answer.text(row, "open_case_days_p90")
            summary += f" 9 of 10 were received at most {age} days ago."
    if row and row["reauthorizations_due"]:
        summary += (
            f" Approvals end soon for {_told(answer, row, 'reauthorizations_due')} patients on "
            f"therapy; for {_told(answer, row, 'reauthorizations_started')} of them a renewal has "
            "begun."
        )
    return Block(
        "headline",
        f"Open cases and approvals that end soon, {day}",
        summary,
        answer,
        is_tiles=True,
        note="Overdue: a promise to the case, whoever has to keep it, is past due and undelivered. "
        "Soon is within the reauthorization window, 120 days unless it was set otherwise. By "
        "territory there are mostly too few cases to be shown.",
    )


def _holders(source: Source) -> Block:
    answer = source.ask(
        *_OPEN, by=["open_case__owner_org"], order=["-overdue_open_cases", "-open_cases"]
    ).worded("owner_org", HOLDERS)
    answer = answer.labelled(owner_org_name="Who has to act")

    def say(answer: Answer) -> str:
        most = leaders(answer, answer.rows, "open_cases", "owner_org_name")
        if not most:
            return f"{_day(source)}: too few cases are open to be shown apart."
        told = most.says(f"most open cases are with: {most.names} ({most.text}).")
        return f"{_day(source)}, all territories. {told}"

    def draw(answer: Answer) -> dict[str, Any]:
        return bars.labelled_bars(
            answer,
            name="owner_org_name",
            label="datum.owner_org_name",
            value="open_cases",
            shown="(isValid(datum.overdue_open_cases) ? format(datum.overdue_open_cases, ',') : "
            "'•') + ' overdue of ' + (isValid(datum.open_cases) ? "
            "format(datum.open_cases, ',') : '•')",
            order="isValid(datum.open_cases) ? -datum.open_cases : 0",
            colour=alt.value("var(--band-0)"),
            tooltip=["owner_org_name", *_OPEN],
            rows=len(answer.rows),
            domain=(),
            within="overdue_open_cases",
        )

    drawn = _drawn(draw, "open_cases")
    return block_of(
        "holders",
        "Open cases by who has to act, and how many are overdue",
        answer,
        say,
        drawn,
        nothing=NO_CASES,
        shown=["owner_org_name", *_OPEN],
        note="The dark part is overdue." if answer.known("overdue_open_cases") else "",
    )


def _stuck(source: Source) -> Block:
    answer = source.ask(
        *_OPEN,
        by=["open_case__owner_org", "open_case__sub_status"],
        order=["-open_cases"],
    )
    answer = answer.worded("owner_org", HOLDERS).worded("sub_status", STATUSES)
    answer = answer.labelled(owner_org_name="Who has to act", sub_status_name="Where it stands")

    def say(answer: Answer) -> str:
        most = leaders(answer, answer.rows, "overdue_open_cases", "sub_status_name")
        if not most or not most.row["overdue_open_cases"]:
            return (
                f"{_day(source)}, all territories: in none of {len(answer.rows)} places are there "
                "enough overdue cases to be shown. The work list has them one by one."
            )
        places = listed(
            [
                f"{answer.text(row, 'owner_org_name')} (“{answer.text(row, 'sub_status_name')}”)"
                for row in most.rows
            ]
        )
        told = most.says(f"most overdue cases, {most.text}, are with: {places}.")
        return f"{_day(source)}, all territories. {told}"

    return block_of(
        "stuck",
        "Where cases are stuck today, and with whom",
        answer,
        say,
        nothing=NO_CASES,
        shown=["owner_org_name", "sub_status_name", *_OPEN],
        note="A row is a place in the process, never a case: a report shows no single patients.",
    )


def _day(source: Source) -> str:
    return f"End of {source.run['as_of_date']}"


# ---- payers


def _payers(source: Source, year: Months) -> Block:
    answer = source.ask(
        "pa_requests",
        "pa_denial_share",
        "pa_days_to_decision_median",
        by=["prior_auth__payer_type"],
        order=["-pa_denial_share"],
        since=year.since,
        until=year.until,
    ).worded("payer_type", PAYERS)

    def say(answer: Answer) -> str:
        runs = spread(answer, answer.rows, "pa_denial_share", "payer_type_name")
        days = spread(answer, answer.rows, "pa_days_to_decision_median", "payer_type_name")
        if not runs:
            return f"{year}, all territories: of no payer type enough were denied to be shown."
        said = of_shown(
            f"payers denied {runs} of what they decided.",
            is_hiding(answer.rows, "pa_denial_share"),
        )
        waited = f" Median days to a decision: {days}." if days else ""
        return f"{year}, all territories. {capitalised(said)}{waited}"

    def draw(answer: Answer) -> dict[str, Any]:
        return bars.bars(
            answer,
            "payer_type_name",
            "pa_denial_share",
            colour=charts.BAD,
            tooltips=[
                "payer_type_name",
                "pa_denial_share",
                "pa_requests",
                "pa_days_to_decision_median",
            ],
        )

    return block_of(
        "authorisations",
        f"Prior authorisations denied, by payer type, {year}",
        answer,
        say,
        _drawn(draw, "pa_denial_share"),
        nothing="No prior authorisations in the delivered extracts.",
        shown=["payer_type_name", "pa_requests", "pa_denial_share", "pa_days_to_decision_median"],
        note="Requests by the day they were sent; denials and days by the day of the answer, "
        "appeals included. What still waits for an answer is among the requests only.",
    )


def _denials(source: Source, year: Months) -> Block:
    answer = source.ask(
        "pa_denials",
        by=["prior_auth__denial_reason"],
        where=["final_result = 'denied'"],
        order=["-pa_denials"],
        since=year.since,
        until=year.until,
    )
    answer = answer.worded("denial_reason", _REASONS)

    def say(answer: Answer) -> str:
        most = leaders(answer, answer.rows, "pa_denials", "denial_reason_name")
        if not most:
            return f"{year}, all territories: too few were denied for one reason to be shown."
        told = most.says(f"the most frequent reason is: {most.names} ({most.text}).")
        return f"{year}, all territories. {told}"

    return block_of(
        "denials",
        f"Why payers denied, {year}",
        answer,
        say,
        _drawn(lambda answer: bars.bars(answer, "denial_reason_name", "pa_denials"), "pa_denials"),
        nothing=f"No prior authorisation was denied in the end, {year}.",
        shown=["denial_reason_name", "pa_denials"],
        note="Of those that ended in a denial, the reason of the latest one. Missing information "
        "is the office's and the hub's to mend; formulary and step therapy are the payer's rules.",
    )


# ---- starts and therapies


def _starts(source: Source, year: Months) -> Block:
    cut = ["month", "product__product_name"]
    answer = source.ask(
        "weekly_starts",
        "start_target",
        "start_attainment",
        by=cut,
        scopes=cut[1:],
        since=year.since,
        until=year.until,
    )

    def say(answer: Answer) -> str:
        rows = [row for row in answer.where(product=None) if is_known(row["weekly_starts"])]
        if not rows:
            return f"{year}, all territories: no month has enough starts to be shown."
        row = max(rows, key=lambda row: row["month"])
        aimed = ", and nobody set a target"
        if row["start_target"]:
            aimed = (
                f" against {answer.text(row, 'start_target')} aimed at "
                f"({answer.text(row, 'start_attainment')})"
            )
        return (
            f"All products, all territories: {answer.text(row, 'weekly_starts')} starts in the "
            f"full weeks that began in {answer.text(row, 'month')}{aimed}."
        )

    def draw(answer: Answer) -> dict[str, Any]:
        tips = charts.tooltips(answer, "month", "weekly_starts", "start_target", "start_attainment")
        across = charts.month_bands()
        base = alt.Chart(charts.ROWS).encode(across, tooltip=tips)
        up = alt.Y("weekly_starts:Q", title="Starts", axis=charts.value_axis("starts"))
        done = base.mark_bar(color=charts.ACCENT, width=alt.RelativeBandSize(band=0.62)).encode(up)
        aim = base.mark_tick(color=charts.INK, thickness=3, width=alt.RelativeBandSize(band=0.9))
        return charts.spec(done + aim.encode(alt.Y("start_target:Q")))

    return block_of(
        "starts",
        f"Starts against targets by month, {year}",
        answer,
        say,
        _drawn(draw, "weekly_starts"),
        nothing="No full week with starts in the delivered extracts.",
        note="Bars are starts, the line across a month is what was aimed at. A week belongs to the "
        "month of its Monday, so months have four weeks or five, and targets with them. The "
        "targets delivered with the warehouse are placeholders: put your own in the seed "
        "start_targets.",
    )


def _persistence(source: Source) -> Block:
    """Who stays by month on therapy, which moves only where more than 10 patients move it."""
    counts = ("so_far", "followed_on")
    found = source.read(
        f"""
        select
            case curve.product_id when 'all' then '{_ALL}' else
                coalesce(products.product_name, curve.product_id) end as therapy,
            month_on_therapy,
            survival,
            sum(stopped) over (partition by curve.product_id order by month_on_therapy) as so_far,
            at_risk - stopped - censored as followed_on
        from marts.fct_persistence as curve
        left join marts.dim_products as products on curve.product_id = products.product_id
        where cohort_month is null and at_risk > {LARGEST_SMALL_CELL}
        order by curve.product_id <> 'all', therapy, month_on_therapy
        """,
        [
            Column("therapy", "Product"),
            Column("month_on_therapy", "Months on therapy", "months"),
            Column("survival", "Still on therapy", "share"),
            *(Column(name, "", "cases") for name in counts),
        ],
    )
    names = list(dict.fromkeys(row["therapy"] for row in found.rows))
    last = max((row["month_on_therapy"] for row in found.rows), default=0)
    stops: dict[str | None, Sequence[int]] = {}
    for name in names:
        by_month = {row["month_on_therapy"]: row["so_far"] for row in found.where(therapy=name)}
        # A curve that ended stays where it is.
        held = [0]
        for month in range(1, last + 1):
            held.append(int(by_month.get(month, held[-1])))
        stops[None if name == _ALL else name] = held[1:]
    hidden = small_stages(stops)
    rows = []
    for row in found.rows:
        place = row["month_on_therapy"] - 1
        part = None if row["therapy"] == _ALL else row["therapy"]
        is_small = place in hidden[part] or row["followed_on"] <= LARGEST_SMALL_CELL
        rows.append({**row, "survival": HIDDEN if is_small else row["survival"]})
    answer = replace(found, rows=rows).only("therapy", "month_on_therapy", "survival")

    def say(answer: Answer) -> str:
        ends = [(name, answer.known("survival", therapy=name)) for name in names]
        said = [
            f"{name} {answer.text(points[-1], 'survival')} after "
            f"{answer.text(points[-1], 'month_on_therapy')} months"
            for name, points in ends
            if points
        ]
        return (
            "Still on therapy at the last month that can be shown: "
            f"{', '.join(said) or 'too few to tell'}. All therapies ever begun, all territories."
        )

    def draw(answer: Answer) -> dict[str, Any]:
        chart = (
            alt.Chart(charts.ROWS)
            .transform_filter("isValid(datum.survival)")
            .mark_line(point={"size": 30, "strokeDash": [1, 0]})
            .encode(
                alt.X(
                    "month_on_therapy:Q",
                    title="Months on therapy (30 days each)",
                    axis=alt.Axis(format="d", tickMinStep=1, tickCount=6),
                    scale=alt.Scale(domain=[0, last]),
                ),
                alt.Y(
                    "survival:Q",
                    title="Still on therapy",
                    scale=alt.Scale(domain=[0, 1]),
                    axis=charts.value_axis("share"),
                ),
                *charts.dashed("therapy", names[:7], columns=2),
                tooltip=charts.tooltips(answer, "therapy", "month_on_therapy", "survival"),
            )
        )
        return charts.spec(chart, 320)

    return block_of(
        "persistence",
        "How many patients stay on therapy, by month on it",
        answer,
        say,
        _drawn(draw, "survival"),
        nothing="No therapy has begun in the delivered extracts.",
        note="Kaplan-Meier estimate. A curve has a point where more than 10 further patients have "
        "stopped, and ends where 10 or fewer are followed. A stop shows when its gap has passed, "
        "so the newest patients look more persistent than they will be.",
    )


def _copay(source: Source) -> Block:
    followed = ["assisted_starts_followed", "unassisted_starts_followed"]
    answer = source.ask(*followed, *_ASSISTED, by=["copay_month__payer_type"])
    answer = answer.worded("payer_type", PAYERS)

    def say(answer: Answer) -> str:
        both = [
            row for row in answer.known("assisted_starts_followed") if _knows(row, [*_ASSISTED])
        ]
        if not both:
            return "In no payer type are both groups large enough to be compared."
        row = both[0]
        return (
            f"{answer.text(row, 'payer_type_name')}: of starts with copay assistance "
            f"{answer.text(row, 'assisted_persistence_rate')} stayed to day 90, of those without "
            f"{answer.text(row, 'unassisted_persistence_rate')}. All starts old enough to judge."
        )

    def draw(answer: Answer) -> dict[str, Any]:
        columns, words = list(_ASSISTED), list(_ASSISTED.values())
        chart = (
            alt.Chart(charts.ROWS)
            .transform_fold([*columns], as_=["code", "share"])
            .transform_filter("isValid(datum.share)")
            .transform_calculate(name=f"{words}[indexof({columns}, datum.code)]")
            .mark_point(size=120, filled=True, opacity=0.9)
            .encode(
                bars.categories("payer_type_name"),
                alt.X(
                    "share:Q",
                    title="On therapy at day 90",
                    scale=alt.Scale(domain=[0, 1]),
                    axis=charts.value_axis("share"),
                ),
                alt.Color("name:N", **charts.colours(words, charts.SERIES[:2])),
                alt.Shape(
                    "name:N",
                    scale=alt.Scale(domain=words, range=["circle", "diamond"]),
                    legend=alt.Legend(title=None),
                ),
                tooltip=[
                    *charts.tooltips(answer, "payer_type_name", *followed),
                    alt.Tooltip("name:N", title="Group"),
                    alt.Tooltip("share:Q", title="On therapy at day 90", format=".1%"),
                ],
            )
        )
        return charts.spec(chart, bars.rows_height(len(answer.rows)) + 20)

    return block_of(
        "copay",
        "Who stays to day 90, with copay assistance and without",
        answer,
        say,
        _drawn(draw, *_ASSISTED),
        nothing="No therapy began long enough ago to say who stays on it.",
        shown=["payer_type_name", *followed, *_ASSISTED],
        note="A question, not an effect: assistance is not given by lot, and who has a claim in "
        "the first weeks had to stay that long. Compare within a payer type.",
    )


# ---- pharmacies


def _pharmacies(source: Source, year: Months) -> Block:
    names = (
        "billed_fills",
        "pharmacy_reversal_rate",
        "pharmacy_transfers_in",
        "pharmacy_transfers_out",
    )
    answer = source.ask(*names, by=["pharmacy"], since=year.since, until=year.until)
    answer = answer.named("pharmacy", {None: "(no pharmacy)"})

    def say(answer: Answer) -> str:
        named = [row for row in answer.rows if row["pharmacy"] is not None]
        fills = spread(answer, named, "billed_fills", "pharmacy_name")
        if not fills:
            return f"{year}, all products: no pharmacy has enough fills to be shown."
        said = of_shown(
            f"pharmacies had {fills} fills that were paid.", is_hiding(named, "billed_fills")
        )
        rates = spread(answer, named, "pharmacy_reversal_rate", "pharmacy_name")
        back = of_shown(
            f"of these, the share taken back was {rates}."
            if rates
            else "too few were taken back to be shown.",
            bool(rates) and is_hiding(named, "pharmacy_reversal_rate"),
        )
        return f"{year}, all products. {capitalised(said)} {capitalised(back)}"

    return block_of(
        "pharmacies",
        f"Pharmacies: fills, reversals and transfers, {year}",
        answer,
        say,
        nothing=_NO_FILLS,
        shown=["pharmacy_name", *names],
        note="No ranking: differences of a few cases are chance. Cases lost after coverage stand "
        "in the marts only: beside those that no pharmacy billed, they would tell of few patients.",
    )


# ---- context


def _engagement(source: Source, year: Months, name: str) -> Answer:
    cut = ["month", "territory"]
    return source.ask(name, by=cut, scopes=cut[1:], since=year.since, until=year.until)


def _reach(source: Source, year: Months) -> Block:
    name = "engagement_reach"
    answer = _engagement(source, year, name)
    return block_of(
        "reach",
        f"Customers reached by month, {year}",
        answer,
        lambda answer: _first_and_last(answer, name, "of customers had an outbound touch"),
        _drawn(lambda answer: _by_month(answer, name), name),
        nothing="No customers in the delivered extracts.",
    )


def _frequency(source: Source, year: Months) -> Block:
    name = "engagement_frequency"
    answer = _engagement(source, year, name)
    return block_of(
        "frequency",
        f"Touches per customer reached by month, {year}",
        answer,
        lambda answer: _first_and_last(answer, name, "touches per customer reached"),
        _drawn(lambda answer: _by_month(answer, name), name),
        nothing="No customers in the delivered extracts.",
        note="More is no aim: whether further touches still pay stands on the page Flywheel.",
    )


def _first_and_last(answer: Answer, name: str, what: str) -> str:
    rows = [row for row in answer.where(territory=None) if is_known(row[name])]
    if not rows:
        return "Nobody was touched in these months."
    first, last = rows[0], rows[-1]
    return (
        f"All territories: {answer.text(last, name)} {what} in {answer.text(last, 'month')}, "
        f"{answer.text(first, name)} in {answer.text(first, 'month')}."
    )


def _by_month(answer: Answer, name: str) -> dict[str, Any]:
    chart = (
        alt.Chart(charts.ROWS)
        .mark_line(point={"size": 30})
        .encode(
            charts.months(),
            charts.values(answer[name], title=answer[name].label),
            tooltip=charts.tooltips(answer, "month", name),
        )
    )
    return charts.spec(chart, 240)


def _organizations(source: Source, year: Months) -> Block:
    names = ("organization_starts_moved", "organization_net_starts_lost")
    answer = source.ask(*names, by=["month"], since=year.since, until=year.until)

    def say(answer: Answer) -> str:
        told = []
        for name, what in zip(names, ("only moved to a colleague", "were lost"), strict=True):
            rows = [row for row in answer.rows if is_known(row[name])]
            if rows:
                newest = f"to {answer.text(rows[-1], 'month')}"
                told.append(f"{answer.text(rows[-1], name)} starts {what} in three months {newest}")
        if not told:
            return f"{span(answer.rows)}: too few starts moved or were lost to be shown."
        return f"All organisations, in the newest months that can be shown: {'; '.join(told)}."

    def draw(answer: Answer) -> dict[str, Any]:
        words = ["Moved to a colleague", "Lost to the organisation"]
        chart = (
            alt.Chart(charts.ROWS)
            .transform_fold([*names], as_=["code", "starts"])
            .transform_filter("isValid(datum.starts)")
            .transform_calculate(name=f"{words}[indexof({list(names)}, datum.code)]")
            .mark_bar()
            .encode(
                charts.month_bands(),
                alt.Y("starts:Q", title="Starts", axis=charts.value_axis("starts")),
                alt.Color(
                    "name:N", **charts.colours(words, [charts.NEUTRAL, charts.BAD], columns=2)
                ),
                alt.XOffset("name:N", sort=words),
                tooltip=[
                    *charts.tooltips(answer, "month"),
                    alt.Tooltip("name:N", title="What became of them"),
                    alt.Tooltip("starts:Q", title="Starts", format=","),
                ],
            )
        )
        return charts.spec(chart)

    return block_of(
        "organisations",
        f"Starts that moved to a colleague and starts that were lost, {year}",
        answer,
        say,
        _drawn(draw, *names),
        nothing="No organisations in the delivered extracts.",
        note="Each month compares the three months to its end with the three before: never add "
        "months up. What moved to a colleague is no loss, though it looks like one customer by "
        "customer. A bar that is missing may be a number that is not shown.",
    )


def _told(answer: Answer, row: dict[str, Any], name: str) -> str:
    """A number in a sentence, also where it cannot be shown."""
    return "a number that cannot be shown" if row[name] is HIDDEN else answer.text(row, name)


def _knows(row: dict[str, Any], names: Sequence[str]) -> bool:
    return all(is_known(row[name]) for name in names)


def _drawn(draw: Any, *names: str) -> Any:
    """A chart only where one of its numbers can be shown."""

    def drawn(answer: Answer) -> dict[str, Any] | None:
        known = any(is_known(row[name]) for row in answer.rows for name in names)
        return draw(answer) if known else None

    return drawn
