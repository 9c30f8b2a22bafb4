"""Blocks of what value costs, what slows the wheel, and what is learnt from customers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import altair as alt

from cxe.report import bars, charts
from cxe.report.answers import HIDDEN, Column, is_known
from cxe.report.blocks import Block
from cxe.report.formats import month_text
from cxe.report.months import span, with_quarters
from cxe.report.pages.words import FUNCTIONS
from cxe.report.sentences import (
    Leaders,
    leaders,
)

if TYPE_CHECKING:
    from datetime import date

    from cxe.report.answers import Row
    from cxe.report.source import Source

CAUSES = {
    "appeal": "Appeal",
    "missing_information": "Missing information",
    "duplicate_touch": "Duplicate touch",
    "reopened_case": "Reopened case",
    "repeat_contact": "Repeat contact",
}
_FUNCTIONS = {"all": "All functions", **FUNCTIONS}
PROMISES = {"kept": "Call in time", "broken": "No call in time", None: "No promise"}
PLACEHOLDERS = "What an incident costs is a placeholder of the seed hidden_tax_costs."
UNFINISHED = "The newest quarter may hold fewer than three months."


def blocks(source: Source) -> list[Block]:
    """Economics, friction and feedback, in the order of the page.

    Args:
        source: the published version.
    """
    return [
        _winning(source),
        _break_even(source),
        _cost_to_serve(source),
        _touches(source),
        _tax_by_quarter(source),
        _tax_by_cause(source),
        _continuity(source),
        _launch_and_leave(source),
        _barriers(source),
        _gaps(source),
        _feedback(source),
        _followed(source),
    ]


# ---- economics


def _winning(source: Source) -> Block:
    answer = with_quarters(
        source.ask(
            "won_customers",
            "acquisition_spend",
            "cac",
            "break_even_rate",
            "reactivated_customers",
            "reacquisition_cost_per_customer",
            by=["quarter", "territory"],
            scopes=["territory"],
        )
    )
    block = Block(
        "winning",
        "What a customer costs to win, and to win back",
        "",
        answer,
        shown=["quarter_name", "territory", *answer.names("quarter", "quarter_name", "territory")],
    )
    known = [row for row in block.first_view if is_known(row["cac"])]
    if not known:
        return replace(block, summary="No customer was won within the delivered extracts.")
    first, last = known[0], known[-1]
    columns = ["cac", "reacquisition_cost_per_customer"]
    words = ["Won (CAC)", "Won back"]
    chart = (
        alt.Chart(charts.ROWS)
        .transform_fold([*columns], as_=["name", "cost"])
        .transform_filter("isValid(datum.cost)")
        .transform_calculate(kind=f"{words}[indexof({columns}, datum.name)]")
        .mark_bar()
        .encode(
            alt.X("quarter_name:O", title="Quarter", axis=alt.Axis(labelAngle=0)),
            alt.Y("cost:Q", title="Cost per customer (currency)", axis=alt.Axis(tickCount=5)),
            xOffset=alt.XOffset("kind:N", sort=words),
            color=alt.Color("kind:N", **charts.colours(words, charts.SERIES)),
            tooltip=charts.tooltips(
                answer, "quarter_name", "won_customers", "reactivated_customers", *columns
            ),
        )
    )
    return replace(
        block,
        summary=(
            f"All territories, {first['quarter_name']} to {last['quarter_name']}. In the latest "
            f"quarter {answer.text(last, 'won_customers')} customers were won at "
            f"{answer.text(last, 'cac')} each, after {answer.text(first, 'cac')} in the first."
        ),
        chart=charts.spec(chart),
        note=(
            "Outbound touches before the first fill, or since the last value, at the seed's cost. "
            "Touches of who never bought, salaries and rebates are in none of it. Look at the "
            f"number of customers first. {UNFINISHED}"
        ),
    )


def _break_even(source: Source) -> Block:
    answer = source.read(
        "select kind, month_number, count(*) as customers, "
        "count(*) filter (where months_to_break_even <= month_number) as broken_even, "
        "count(*) filter (where months_to_break_even <= month_number) / count(*) as share "
        "from marts.fct_customers_won cross join range(1, 13) as months(month_number) "
        "where is_break_even_decided group by kind, month_number order by kind, month_number",
        [
            Column("kind", "Won"),
            Column("month_number", "Month since", "months"),
            Column("customers", "Customers", "customers"),
            Column("broken_even", "Paid back", "customers"),
            Column("share", "Share paid back", "share"),
        ],
    ).named("kind", {"new": "New", "reactivated": "Won back"})
    block = Block(
        "break-even",
        "How soon margin pays back what winning cost",
        "",
        answer,
        shown=["kind_name", *answer.names("kind", "kind_name")],
    )
    new = answer.where(kind="new")
    if not new:
        return replace(block, summary="No customer was won twelve months ago or earlier.")
    words = ["New", "Won back"]
    chart = (
        alt.Chart(charts.ROWS)
        .mark_line(interpolate="step-after", point=True)
        .encode(
            alt.X(
                "month_number:Q",
                title="Months, that of winning being the first",
                axis=alt.Axis(tickMinStep=1, format="d", tickCount=12),
                scale=alt.Scale(domain=[1, 12]),
            ),
            alt.Y(
                "share:Q",
                title="Share of customers paid back",
                axis=charts.value_axis("share"),
                scale=alt.Scale(domain=[0, 1]),
            ),
            *charts.dashed("kind_name", words, columns=2),
            tooltip=charts.tooltips(answer, "kind_name", "month_number", "share", "customers"),
        )
    )
    return replace(
        block,
        summary=(
            f"Company, customers whose first twelve months are over. Of "
            f"{answer.text(new[0], 'customers')} new ones {answer.text(new[0], 'share')} had paid "
            f"back what winning them cost in the month of winning, {answer.text(new[-1], 'share')} "
            "within twelve."
        ),
        chart=charts.spec(chart),
        note=(
            "Only touches count as cost, so this looks early; what one costs stands in the seed "
            "touch_costs."
        ),
    )


def _since_full_year(source: Source) -> date | None:
    """First of two years of months that can look back over twelve."""
    return next(iter(source.months[11:][-24:]), None)


def _cost_to_serve(source: Source) -> Block:
    answer = source.ask(
        "cost_to_serve_rate",
        "cost_to_serve",
        by=["month", "territory"],
        since=_since_full_year(source),
        scopes=["territory"],
    )
    block = Block("cost-to-serve", "Cost to serve, as a share of value", "", answer)
    known = [row for row in block.first_view if is_known(row["cost_to_serve_rate"])]
    if not known:
        return replace(block, summary="Fewer than twelve months in the delivered extracts.")
    first, last = known[0], known[-1]
    chart = (
        alt.Chart(charts.ROWS)
        .mark_line(point=True)
        .encode(
            charts.months(title="Twelve months to the end of"),
            alt.Y(
                "cost_to_serve_rate:Q",
                title="Cost of touches / net value",
                axis=alt.Axis(format=".1%", tickCount=5),
            ),
            tooltip=charts.tooltips(answer, *answer.names("territory")),
        )
    )
    return replace(
        block,
        summary=(
            f"All territories: {answer.text(last, 'cost_to_serve_rate')} of value in the twelve "
            f"months to {answer.text(last, 'month')} ({answer.text(last, 'cost_to_serve')}), after "
            f"{answer.text(first, 'cost_to_serve_rate')} to {answer.text(first, 'month')}."
        ),
        chart=charts.spec(chart),
        note="Windows of neighbouring months overlap: never add them.",
    )


def _touches(source: Source) -> Block:
    begun = source.since(13)
    answer = source.read(
        "select month, decile, fewest_touches, most_touches, customers, starts, "
        "starts_per_100_customers from marts.fct_diminishing_returns "
        f"where month >= '{begun or '1970-01-01'}' order by month, decile",
        [
            Column("month", "Month", "month"),
            Column("decile", "Tenth"),
            Column("fewest_touches", "Touches from", "touches"),
            Column("most_touches", "Touches to", "touches"),
            source.column("decile_customers", "customers"),
            source.column("decile_starts", "starts"),
            source.column("starts_per_100_customers"),
        ],
        scopes=["month"],
        patients={"starts": ["starts"], "starts_per_100_customers": ["starts"]},
    )
    block = Block("touches", "Do more touches go with more starts?", "", answer)
    known = [row for row in block.first_view if is_known(row["starts_per_100_customers"])]
    if not known:
        return replace(
            block, summary="No customer was followed for twelve months, or too few starts."
        )
    low, high = (_touches_of(known[place]) for place in (0, -1))
    chart = (
        alt.Chart(charts.ROWS)
        .transform_calculate(
            touches="datum.fewest_touches == datum.most_touches ? '' + datum.most_touches"
            " : datum.fewest_touches + '-' + datum.most_touches"
        )
        .mark_bar()
        .encode(
            alt.X(
                "starts_per_100_customers:Q",
                title="Starts per 100 customers",
                axis=alt.Axis(tickCount=5),
            ),
            alt.Y(
                "touches:N",
                sort=alt.EncodingSortField("decile", op="min"),
                title="Touches per customer",
                axis=bars.NAMES,
            ),
            tooltip=charts.tooltips(answer, *answer.names("decile", "month")),
        )
    )
    return replace(
        block,
        summary=(
            f"Company, twelve months to {answer.text(known[0], 'month')}, tenths of customers by "
            f"outbound touches. Those with {low} touches had "
            f"{answer.text(known[0], 'starts_per_100_customers')} starts per hundred customers, "
            f"those with {high} had {answer.text(known[-1], 'starts_per_100_customers')}."
        ),
        chart=charts.spec(chart, height=300),
        note=(
            "Where it flattens, the most-called do not write more than the next. Where it rises, "
            "calls need not be why: who writes more is called on more. Tenths with few starts are "
            "not drawn."
        ),
    )


def _touches_of(row: Row) -> str:
    fewest, most = row["fewest_touches"], row["most_touches"]
    return f"{most}" if fewest == most else f"{fewest} to {most}"


# ---- hidden tax


def _tax_by_quarter(source: Source) -> Block:
    answer = with_quarters(
        source.ask("hidden_tax_cost", "hidden_tax_incidents", by=["quarter", "cause"])
    ).named("cause", CAUSES)
    # Beside a sum that is known, the causes that are left would tell of the hidden ones.
    hidden = {row["quarter"] for row in answer.rows if row["hidden_tax_cost"] is HIDDEN}
    gone = {"hidden_tax_cost": HIDDEN, "hidden_tax_incidents": HIDDEN}
    rows = [{**row, **gone} if row["quarter"] in hidden else row for row in answer.rows]
    answer = replace(answer, rows=rows)
    block = Block(
        "tax-by-quarter",
        "Hidden tax by quarter and cause",
        "",
        answer,
        shown=["quarter_name", "cause_name", "hidden_tax_cost", "hidden_tax_incidents"],
    )
    known = [row for row in answer.rows if is_known(row["hidden_tax_cost"])]
    if not known:
        return replace(block, summary="No quarter in which every cause can be shown.")
    first, last = known[0]["quarter_name"], known[-1]["quarter_name"]
    worst = leaders(answer, answer.where(quarter_name=last), "hidden_tax_cost", "cause_name")
    words = list(CAUSES.values())
    chart = (
        alt.Chart(charts.ROWS)
        .transform_calculate(place=f"indexof({words}, datum.cause_name)")
        .mark_bar()
        .encode(
            alt.X("quarter_name:O", title="Quarter", axis=alt.Axis(labelAngle=0)),
            alt.Y(
                "hidden_tax_cost:Q", stack="zero", title="Hidden tax (currency)", axis=bars.MONEY
            ),
            order=alt.Order("place:Q"),
            color=alt.Color("cause_name:N", **charts.colours(words, charts.SERIES, columns=2)),
            tooltip=charts.tooltips(
                answer, "quarter_name", "cause_name", "hidden_tax_cost", "hidden_tax_incidents"
            ),
        )
    )
    left_out = "Quarters in which a cause rests on 10 patients or fewer are not shown. "
    return replace(
        block,
        summary=f"Company, {last if first == last else f'{first} to {last}'}. Most in {last}: "
        + (
            f"{worst.names.lower()}, {worst.text} for {worst.texts('hidden_tax_incidents')} "
            f"incidents. {PLACEHOLDERS}"
            if worst
            else f"none that is known. {PLACEHOLDERS}"
        ),
        chart=charts.spec(chart),
        note=(left_out if hidden else "") + UNFINISHED,
    )


def _tax_by_cause(source: Source) -> Block:
    begun = source.since(12)
    answer = source.ask(
        "hidden_tax_cost",
        "hidden_tax_incidents",
        by=["cause", "territory"],
        since=begun,
        order=["-hidden_tax_cost"],
        scopes=["territory"],
    ).named("cause", CAUSES)
    block = Block(
        "tax-by-cause",
        "Where the hidden tax of twelve months comes from",
        "",
        answer,
        shown=["cause_name", "territory", "hidden_tax_cost", "hidden_tax_incidents"],
    )
    worst = leaders(answer, block.first_view, "hidden_tax_cost", "cause_name")
    if begun is None or worst is None:
        return replace(block, summary="No incident in the delivered extracts that can be shown.")
    base = alt.Chart(charts.ROWS).encode(
        alt.Y("cause_name:N", sort=list(CAUSES.values()), title=None, axis=bars.NAMES),
        alt.X(
            "hidden_tax_cost:Q",
            title="Hidden tax (currency)",
            axis=bars.MONEY,
        ),
        tooltip=charts.tooltips(answer, "cause_name", "hidden_tax_cost", "hidden_tax_incidents"),
    )
    counts = (
        base.transform_filter("isValid(datum.hidden_tax_incidents)")
        .mark_text(align="left", dx=5)
        .encode(text=alt.Text("hidden_tax_incidents:Q", format=","))
    )
    return replace(
        block,
        summary=f"All territories, since {month_text(begun)}. "
        + worst.says(
            f"most: {worst.names.lower()}, {worst.text} for "
            f"{worst.texts('hidden_tax_incidents')} incidents. {PLACEHOLDERS}"
        ),
        chart=charts.spec(
            base.mark_bar() + counts + bars.room(base, "hidden_tax_cost"), height=240
        ),
        note=(
            "Numbers beside the bars are incidents. An appeal may well have been worth its cost, "
            "and some duplicate touches are planned: it says how often, not that each was wrong."
        ),
    )


# ---- continuity


def _continuity(source: Source) -> Block:
    return _habit(
        source,
        "engagement_continuity",
        "continuity",
        "Continuity: in how many months of a year we speak with customers",
        "months of the year had a two-way interaction",
        "100% is a customer with whom we spoke in every month, 0% one with whom in none.",
    )


def _launch_and_leave(source: Source) -> Block:
    return _habit(
        source,
        "launch_and_leave_index",
        "launch-and-leave",
        "Launch and leave: how much of a year's marketing falls into three months",
        "marketing touches fell into each customer's busiest three months",
        "25% is marketing spread evenly over the year, 100% all of it in three months. Customers "
        "with only a few touches are left out.",
    )


def _habit(source: Source, metric: str, name: str, title: str, what: str, note: str) -> Block:
    """A share of twelve months, month by month."""
    answer = source.ask(
        metric,
        by=["month", "territory"],
        since=_since_full_year(source),
        scopes=["territory"],
    )
    block = Block(name, title, "", answer)
    known = [row for row in block.first_view if is_known(row[metric])]
    if not known:
        return replace(
            block, summary="No customer was followed for twelve months in the delivered extracts."
        )
    first, last = known[0], known[-1]
    chart = (
        alt.Chart(charts.ROWS)
        .mark_line(point=True)
        .encode(
            charts.months(title="Twelve months to the end of"),
            alt.Y(
                f"{metric}:Q",
                title=answer[metric].label,
                axis=alt.Axis(format=".1%", tickCount=5),
                scale=alt.Scale(zero=False),
            ),
            tooltip=charts.tooltips(answer, "month", metric),
        )
    )
    return replace(
        block,
        summary=(
            f"All territories: {answer.text(last, metric)} of {what}, in the twelve months to "
            f"{answer.text(last, 'month')}; {answer.text(first, metric)} in those to "
            f"{answer.text(first, 'month')}."
        ),
        chart=charts.spec(chart),
        note=f"{note} The axis does not begin at zero.",
    )


# ---- barriers and expectations


def _barriers(source: Source) -> Block:
    begun = source.since(13)
    counts = (
        "identified",
        "escalated",
        "removed",
        "removed_without_escalation",
        "withdrawn",
        "started_after_removal",
    )
    answer = source.read(
        f"select month, unit, {', '.join(counts)}, median_days, value_unblocked "
        "from marts.fct_barrier_removal where unit_type in ('company', 'function') "
        f"and month >= '{begun or '1970-01-01'}' order by month, unit_type, unit",
        [
            Column("month", "Month", "month"),
            Column("unit", "Function"),
            *(Column(name, name.replace("_", " ").capitalize(), "barriers") for name in counts),
            Column("median_days", "Median days to remove", "days"),
            Column("value_unblocked", "Value unblocked", "currency"),
        ],
        scopes=["month"],
        patients={
            **{name: [name] for name in counts},
            "median_days": ["identified"],
            "value_unblocked": ["started_after_removal"],
        },
    ).named("unit", {**_FUNCTIONS, "unknown": "Unknown"})
    block = Block(
        "barriers",
        "Barriers found and removed, by function",
        "",
        answer,
        shown=["month", "unit_name", *answer.names("month", "unit", "unit_name")],
    )
    company = [row for row in block.first_view if row["unit"] == "all"]
    if not company or not is_known(company[0]["identified"]):
        return replace(block, summary="No barrier of twelve months that can be shown.")
    row = company[0]
    base = alt.Chart(charts.ROWS).encode(
        alt.Y("unit_name:N", sort=list(_FUNCTIONS.values()), title=None, axis=bars.NAMES),
        tooltip=charts.tooltips(answer, "unit_name", "identified", "removed", "median_days"),
    )
    x = alt.X("identified:Q", title="Barriers of twelve months", axis=alt.Axis(tickCount=5))
    found = base.mark_bar(size=22, color="var(--line)").encode(x)
    removed = base.mark_bar(size=10).encode(alt.X("removed:Q"))
    texts = (
        base.transform_filter("isValid(datum.removed) && isValid(datum.identified)")
        .transform_calculate(told="datum.removed + ' of ' + datum.identified")
        .mark_text(align="left", dx=6)
        .encode(x, text="told:N")
    )
    return replace(
        block,
        summary=(
            f"Company, twelve months to {answer.text(row, 'month')}: {answer.text(row, 'removed')} "
            f"of {answer.text(row, 'identified')} barriers were removed. Median: "
            f"{answer.text(row, 'median_days')} days, those that still stand counted. "
            f"{answer.text(row, 'started_after_removal')} starts followed, worth "
            f"{answer.text(row, 'value_unblocked')} so far."
        ),
        chart=charts.spec(found + removed + texts + bars.room(base, "identified", 1.4), height=220),
        note=(
            "Thin bars are removed, wide ones found. The owner's function counts; nobody is "
            "measured alone. Value followed the removal, it need not come from it, and it is still "
            "growing in late months; it is not told where it would be one person's of medical or "
            "access."
        ),
    )


def _gaps(source: Source) -> Block:
    answer = source.read(
        "select month, function, gap, mean_q, bar, evidence, gap_slope_6m, is_improving_faster "
        "from marts.fct_expectation_gaps order by month, gap desc, function",
        [
            Column("month", "Month", "month"),
            Column("function", "Function"),
            source.column("expectation_gap", "gap"),
            Column("mean_q", "Mean experience", "share"),
            Column("bar", "Bar", "share"),
            Column("evidence", "Evidence", "weight"),
            source.column("expectation_gap_slope", "gap_slope_6m"),
            Column("is_improving_faster", "Gap closes"),
        ],
    ).named("function", _FUNCTIONS)
    block = Block(
        "gaps",
        "Expectation gap by function: how far below our own best",
        "",
        answer,
        shown=["month", "function_name", *answer.names("month", "function", "function_name")],
    )
    if not answer.rows:
        return replace(block, summary="No month with enough evidence of experience.")
    latest = answer.where(month=answer.rows[-1]["month"])
    functions = [row for row in latest if row["function"] != "all"] or latest
    widest = leaders(answer, functions, "gap", "function_name")
    closing = [row["function_name"] for row in functions if row["is_improving_faster"]]
    words = list(_FUNCTIONS.values())
    chart = (
        alt.Chart(charts.ROWS)
        .mark_line(point=True)
        .encode(
            charts.months(),
            alt.Y("gap:Q", title="Gap to the bar", axis=charts.value_axis("share")),
            *charts.dashed("function_name", words, 3, (charts.INK, *charts.SERIES)),
            tooltip=charts.tooltips(answer, "month", "function_name", "gap", "bar", "mean_q"),
        )
    )
    return replace(
        block,
        summary=(
            f"Company, {span(answer.rows)}. Widest in the latest month: {_far(widest)}. "
            f"Closing over six months: {', '.join(closing) or 'none that is known'}."
        ),
        chart=charts.spec(chart, height=320),
        note=(
            "The bar is what the best functions give customers, on a scale from 0 (bad) to 1 "
            "(good), in percent. A gap also closes when the best get worse: look at bar and mean. "
            "Functions stand at different touchpoints: a question to them, no rank."
        ),
    )


def _far(widest: Leaders | None) -> str:
    """How far below or above the bar the widest gap is."""
    if widest is None:
        return "none that is known"
    side = "above" if widest.row["gap"] < 0 else "below"
    return f"{widest.names}, {widest.text.removeprefix('-')} of the scale {side} the bar"


# ---- feedback


def _feedback(source: Source) -> Block:
    answer = with_quarters(
        source.ask(
            "detractors_answered_rate",
            "detractors_settled",
            "feedback_action_rate",
            "detractors_decided",
            by=["quarter"],
        )
    )
    block = Block(
        "feedback",
        "What becomes of a low recommendation",
        "",
        answer,
        shown=["quarter_name", *answer.names("quarter", "quarter_name")],
    )
    known = [row for row in answer.rows if row["detractors_settled"]]
    if not known:
        return replace(block, summary="No answer of a detractor in the delivered extracts.")
    first, last = known[0], known[-1]
    columns = ["detractors_answered_rate", "feedback_action_rate"]
    words = ["Answered in time", "Acted on within 14 days"]
    chart = (
        alt.Chart(charts.ROWS)
        .transform_fold([*columns], as_=["name", "share"])
        .transform_filter("isValid(datum.share)")
        .transform_calculate(kind=f"{words}[indexof({columns}, datum.name)]")
        .mark_line(point=True)
        .encode(
            alt.X("quarter_name:O", title="Quarter of the answer", axis=alt.Axis(labelAngle=0)),
            alt.Y("share:Q", title="Share of answers", axis=charts.value_axis("share")),
            *charts.dashed("kind", words, columns=2),
            tooltip=charts.tooltips(answer, "quarter_name", *columns, "detractors_settled"),
        )
    )
    return replace(
        block,
        summary=(
            f"Company, {first['quarter_name']} to {last['quarter_name']}. In the latest quarter a "
            f"call followed {answer.text(last, 'detractors_answered_rate')} of detractors' answers "
            "in time, and a barrier or case was opened after "
            f"{answer.text(last, 'feedback_action_rate')}."
        ),
        chart=charts.spec(chart),
        note=f"Detractors recommend us with 0 to 6. {UNFINISHED}",
    )


def _followed(source: Source) -> Block:
    begun = source.since(12)
    answer = (
        source.ask(
            "detractors_decided",
            "feedback_action_rate",
            "nps_change_after_feedback",
            by=["promise_status"],
            where=["promise_status is null or promise_status in ('kept', 'broken')"],
            since=begun,
            order=["-nps_change_after_feedback"],
        )
        .named("promise_status", PROMISES)
        .labelled(promise_status_name="What followed")
    )
    block = Block(
        "followed",
        "What customers say the next time",
        "",
        answer,
        shown=["promise_status_name", *answer.names("promise_status", "promise_status_name")],
    )
    if begun is None or not answer.rows:
        return replace(block, summary="No answer of a detractor in the last twelve months.")
    told = ", ".join(
        f"{row['promise_status_name'].lower()} {answer.text(row, 'nps_change_after_feedback')}"
        for row in answer.rows
    )
    return replace(
        block,
        summary=(
            f"Company, answers since {month_text(begun)}. Mean change from a low "
            f"recommendation to the next, in points: {told}."
        ),
        note=(
            "After a low score the next is higher by itself: compare with those who got no call in "
            "time, never with 0. Who answers again is not everybody."
        ),
    )
