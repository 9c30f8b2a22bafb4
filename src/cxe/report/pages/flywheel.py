"""Flywheel and economics: value won, grown, diluted and lost, and what that costs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import altair as alt

from cxe.report import bars, charts
from cxe.report.answers import Column, is_known
from cxe.report.blocks import Block, Page
from cxe.report.formats import month_text
from cxe.report.months import span
from cxe.report.pages import economics
from cxe.report.sentences import (
    leaders,
    listed,
)

if TYPE_CHECKING:
    from cxe.report.answers import Answer, Row
    from cxe.report.source import Source

# Steps of the value bridge: words, colour and which way they move it.
STEPS = {
    "new_value": ("New", charts.SERIES[5], 1),
    "reactivated_value": ("Won back", charts.SERIES[2], 1),
    "expansion_value": ("Expansion", charts.SERIES[0], 1),
    "contraction_value": ("Contraction", charts.SERIES[4], -1),
    "churned_value": ("Churned", charts.SERIES[1], -1),
}
BRIDGE = ("Opening", "New", "Won back", "Expansion", "Contraction", "Churned", "Closing")
# Last stages reached, of both journeys in their order.
STAGES = {
    "reached": "Reached",
    "engaged": "Engaged",
    "prescribed": "Prescribed",
    "received": "Received",
    "enrolled": "Enrolled",
    "benefits_verified": "Benefits verified",
    "pa_submitted": "PA submitted",
    "pa_decided": "PA decided",
    "coverage_ready": "Coverage ready",
}
NO_VALUE = "No value of two quarters in the delivered extracts."


def page(source: Source) -> Page:
    """The page.

    Args:
        source: the published version.
    """
    return Page(
        "flywheel.html",
        "Flywheel and economics",
        "What value was won, grown, diluted and lost, and what it costs.",
        [
            _headline(source),
            _bridge(source),
            _products(source),
            _moved(source),
            _retention(source),
            _difference(source),
            _links(source, "retention"),
            _links(source, "growth"),
            _lost(source, "fulfillment"),
            _lost(source, "prescribe"),
            *economics.blocks(source),
        ],
        "flywheel.html.jinja",
    )


# ---- value won and lost


def _headline(source: Source) -> Block:
    answer = source.ask(
        "net_revenue_retention",
        "gross_revenue_retention",
        "quick_ratio",
        "earned_growth_share",
        "cac",
        "cost_to_serve_rate",
        "hidden_tax_rate",
        by=["month", "territory"],
        since=source.since(13),
        scopes=["territory", "month"],
    )
    block = Block("headline", "Does the wheel gain or lose?", "", answer, is_tiles=True)
    row = next(iter(block.first_view), None)
    if row is None or not is_known(row["net_revenue_retention"]):
        return replace(block, summary=NO_VALUE)
    return replace(
        block,
        summary=(
            f"All territories, the quarter to {answer.text(row, 'month')} against the one before: "
            f"customers brought {answer.text(row, 'net_revenue_retention')} of their value then, "
            f"growth included. For each unit lost, {answer.text(row, 'quick_ratio')} were won; of "
            f"what was won, {answer.text(row, 'earned_growth_share')} came from customers we had."
        ),
        note=(
            "Retention, quick ratio and earned growth compare two quarters; cost to serve is over "
            "twelve months; CAC and hidden tax are of the month alone. In a single territory these "
            "two rest on few customers, and on patients often too few to be shown."
        ),
    )


def _bridge(source: Source) -> Block:
    answer = source.ask(
        "opening_value",
        *STEPS,
        "closing_value",
        by=["month", "territory"],
        since=source.since(13),
        scopes=["territory", "month"],
    )
    block = Block("bridge", "Value bridge from one quarter to the next", "", answer)
    row = next(iter(block.first_view), None)
    if row is None or not (row["opening_value"] or row["closing_value"]):
        return replace(block, summary=NO_VALUE)
    return replace(
        block,
        summary=(
            f"All territories: {answer.text(row, 'closing_value')} in the quarter to "
            f"{answer.text(row, 'month')}, {answer.text(row, 'opening_value')} in the one before. "
            f"Created: {answer.text(row, 'expansion_value')} by expansion, "
            f"{answer.text(row, 'new_value')} by new customers, "
            f"{answer.text(row, 'reactivated_value')} by those won back. Diluted: "
            f"{answer.text(row, 'contraction_value')}. Lost: {answer.text(row, 'churned_value')}."
        ),
        chart=_waterfall(),
        note=(
            "Opening and closing are marks on an axis that does not begin at zero; the lengths of "
            "the steps between them compare."
        ),
    )


def _waterfall() -> dict[str, Any]:
    names = ["opening_value", *STEPS, "closing_value"]
    signs = [1, *(sign for _, _, sign in STEPS.values()), 0]
    ways = ["brings value", "takes value away"]
    base = (
        alt.Chart(charts.ROWS)
        .transform_fold([*names], as_=["name", "amount"])
        .transform_calculate(place=f"indexof({names}, datum.name)")
        .transform_calculate(
            step=f"{list(BRIDGE)}[datum.place]",
            change=f"{signs}[datum.place] * datum.amount",
            is_level=f"datum.place % {len(names) - 1} == 0",
        )
        .transform_window(end="sum(change)", sort=[alt.SortField("place")])
        .transform_calculate(
            start="datum.is_level ? datum.end : datum.end - datum.change",
            told="(datum.is_level || !datum.change ? '' : datum.change < 0 ? '\u2212' : '+')"
            " + replace(format(datum.amount, '.3~s'), 'G', 'B')",
            way=f"{ways}[datum.change < 0 ? 1 : 0]",
        )
        .transform_calculate(far="max(datum.start, datum.end)")
    )
    along: dict[str, Any] = {"scale": alt.Scale(zero=False, padding=56), "axis": bars.MONEY}
    x = alt.X("start:Q", title="Value accrued in a quarter (currency)", **along)
    y = alt.Y("step:N", sort=list(BRIDGE), title=None, axis=bars.NAMES)
    tooltip = [
        alt.Tooltip("step:N", title="Step"),
        alt.Tooltip("amount:Q", title="Value", format=",.0f"),
    ]
    opening = base.transform_filter("datum.place == 0").mark_rule(strokeDash=[3, 3]).encode(x)
    steps = base.transform_filter("!datum.is_level").mark_bar(size=18)
    levels = base.transform_filter("datum.is_level").mark_tick(
        thickness=5, size=26, color=charts.INK
    )
    texts = base.mark_text(align="left", dx=7)
    return charts.spec(
        opening
        + steps.encode(
            x,
            y,
            alt.X2("end"),
            color=alt.Color("way:N", **charts.colours(ways, [charts.GOOD, charts.BAD])),
            tooltip=tooltip,
        )
        + levels.encode(x, y, tooltip=tooltip)
        + texts.encode(alt.X("far:Q", **along), y, text="told:N")
    )


def _products(source: Source) -> Block:
    answer = source.ask(
        "product_net_revenue_retention",
        "product_opening_value",
        *(f"product_{name}" for name in STEPS),
        "product_closing_value",
        by=["month", "product_name"],
        since=source.since(13),
        order=["month", "-product_closing_value"],
        scopes=["month"],
    )
    block = Block("products", "Where value moved, by product", "", answer)
    rows = [row for row in block.first_view if is_known(row["product_net_revenue_retention"])]
    if not rows:
        return replace(
            block, summary="No value of products in two quarters in the delivered extracts."
        )
    worst = min(rows, key=lambda row: row["product_net_revenue_retention"])
    chart = _moves("product_").encode(
        alt.Y(
            "product:N",
            title=None,
            sort=alt.EncodingSortField(charts.PLACE, op="min"),
            axis=bars.NAMES,
        ),
        alt.X("moved:Q", stack="zero", title="Value won and lost (currency)", axis=bars.MONEY),
    )
    return replace(
        block,
        summary=(
            f"All territories, the quarter to {answer.text(worst, 'month')} against the one "
            f"before. Lowest net revenue retention: {worst['product']}, "
            f"{answer.text(worst, 'product_net_revenue_retention')}."
        ),
        chart=charts.spec(chart + charts.zero("x")),
        note=(
            "Customers are judged with each product alone. Who leaves one for another is lost to "
            "the one and new to the other, so these steps do not add up to the bridge's."
        ),
    )


def _moved(source: Source) -> Block:
    # Earlier, whoever was a customer before the extracts begin looks new or growing.
    begun = source.months[6:][-24:][:1]
    answer = source.ask(
        *STEPS,
        by=["month", "territory"],
        since=begun[0] if begun else None,
        scopes=["territory"],
    )
    block = Block("moved", "Value created, diluted and lost, by month", "", answer)
    company = [row for row in block.first_view if any(row[name] for name in STEPS)]
    if not begun or not company:
        return replace(block, summary=f"{NO_VALUE} It begins with the seventh month of them.")
    last = company[-1]
    worst = max(company, key=lambda row: row["churned_value"])
    chart = _moves("").encode(
        charts.month_bands(title="Quarter to the end of"),
        alt.Y("moved:Q", stack="zero", title="Value won and lost (currency)", axis=bars.MONEY),
    )
    return replace(
        block,
        summary=(
            f"All territories, {span(company)}. In the latest quarter contraction took "
            f"{answer.text(last, 'contraction_value')} and churn "
            f"{answer.text(last, 'churned_value')}. Churn was highest in the quarter to "
            f"{answer.text(worst, 'month')}: {answer.text(worst, 'churned_value')}."
        ),
        chart=charts.spec(chart + charts.zero("y"), height=320),
        note=(
            "New, won back and expansion are created, contraction is diluted, churned is lost. "
            "Every month ends a quarter of its own, and neighbours share two months: never add "
            "bars up; for a year take every third. Gross CVAR, what is at risk of the next four "
            "quarters, looks ahead where these look back, and belongs in no sum with them. The "
            "first six months of the extracts are left out: who bought before them would look new."
        ),
    )


def _moves(prefix: str) -> Any:
    """Bars of the bridge's steps; what takes value away goes the other way."""
    names = [f"{prefix}{name}" for name in STEPS]
    labels, colours, signs = (list(part) for part in zip(*STEPS.values(), strict=True))
    return (
        alt.Chart(charts.ROWS)
        .transform_fold([*names], as_=["name", "amount"])
        .transform_calculate(place=f"indexof({names}, datum.name)")
        .transform_calculate(
            step=f"{labels}[datum.place]", moved=f"{signs}[datum.place] * datum.amount"
        )
        .mark_bar()
        .encode(
            order=alt.Order("place:Q"),
            color=alt.Color("step:N", **charts.colours(labels, colours, columns=3)),
            tooltip=[
                alt.Tooltip("step:N", title="Step"),
                alt.Tooltip("amount:Q", title="Value", format=",.0f"),
            ],
        )
    )


# ---- experience and retention


def _retention(source: Source) -> Block:
    answer = source.ask("well_served_retention", "less_served_retention", by=["month"])
    block = Block("retention", "What customers keep, by how well they are served", "", answer)
    known = [
        row
        for row in answer.rows
        if is_known(row["well_served_retention"]) and is_known(row["less_served_retention"])
    ]
    if not known:
        return replace(block, summary="No month with value of customers served well and less well.")
    last = known[-1]
    labels = {"well_served_retention": "Served well", "less_served_retention": "Served less well"}
    return replace(
        block,
        summary=(
            f"Company, {span(known)}. In the latest quarter, customers who were strong or "
            f"steady kept {answer.text(last, 'well_served_retention')} of the value of the one "
            f"before, fragile or critical ones {answer.text(last, 'less_served_retention')}."
        ),
        chart=charts.lines(answer, labels, "Share of a quarter's value kept"),
        note="The axis does not begin at zero. Growth is left out; who is unrated is in no group.",
    )


def _difference(source: Source) -> Block:
    answer = source.read(
        "select month, retention_difference, retention_difference_low, retention_difference_high, "
        "well_served_customers, less_served_customers "
        "from marts.fct_experience_retention order by month",
        [
            Column("month", "Month", "month"),
            source.column("experience_retention_difference", "retention_difference"),
            Column("retention_difference_low", "From", "share"),
            Column("retention_difference_high", "To", "share"),
            Column("well_served_customers", "Customers served well", "customers"),
            Column("less_served_customers", "Customers served less well", "customers"),
        ],
    )
    block = Block("difference", "Experience-driven retention, with 95% limits", "", answer)
    known = [row for row in answer.rows if is_known(row["retention_difference"])]
    if not known:
        return replace(block, summary="No month with value of customers served well and less well.")
    last = known[-1]
    low, high = last["retention_difference_low"], last["retention_difference_high"]
    if low is None:
        sure = "too few customers for limits"
    else:
        sure = (
            f"95% limits {answer.text(last, 'retention_difference_low')} to "
            f"{answer.text(last, 'retention_difference_high')}, which "
            + ("hold zero" if low <= 0 <= high else "leave out zero")
        )
    y = alt.Y("retention_difference:Q", axis=charts.value_axis("share"))
    base = alt.Chart(charts.ROWS).encode(
        charts.months(), tooltip=charts.tooltips(answer, *answer.names())
    )
    limits = base.mark_rule(strokeWidth=2).encode(
        alt.Y(
            "retention_difference_low:Q",
            axis=charts.value_axis("share"),
            title="Difference of the shares kept",
        ),
        alt.Y2("retention_difference_high"),
    )
    return replace(
        block,
        summary=(
            f"Company, {span(known)}. In the latest quarter the two shares kept differ by "
            f"{answer.text(last, 'retention_difference')} ({sure}). Customers: "
            f"{answer.text(last, 'well_served_customers')} served well, "
            f"{answer.text(last, 'less_served_customers')} less well."
        ),
        chart=charts.spec(charts.zero("y") + limits + base.mark_point(size=60).encode(y)),
        note=(
            "Retention goes with experience; that it comes from it is not shown. The groups also "
            "differ in size, specialty and tenure. Below, like is compared with like."
        ),
    )


def _links(source: Source, outcome: str) -> Block:
    answer = source.read(
        "select month, component, difference, difference_low, difference_high, is_distinct, "
        "low_quintile_customers, high_quintile_customers, "
        "count(difference) over links as months_compared, "
        "count(*) filter (where is_distinct and difference > 0) over links as months_better, "
        "count(*) filter (where is_distinct and difference < 0) over links as months_worse "
        f"from marts.fct_experience_value_links where outcome = '{outcome}' "
        "window links as (partition by component) "
        "qualify month = max(month) filter (where difference is not null) over () "
        "order by difference desc nulls last, component",
        [
            Column("month", "Month", "month"),
            Column("component", "Component"),
            Column("difference", "Best less worst fifth", "share"),
            Column("difference_low", "From", "share"),
            Column("difference_high", "To", "share"),
            Column("is_distinct", "Limits leave out zero"),
            Column("low_quintile_customers", "Customers, worst fifth", "customers"),
            Column("high_quintile_customers", "Customers, best fifth", "customers"),
            Column("months_compared", "Months compared", "months"),
            Column("months_better", "Distinctly better", "months"),
            Column("months_worse", "Distinctly worse", "months"),
        ],
    )
    words = {row["component"]: row["component"].capitalize() for row in answer.rows}
    answer = answer.named("component", {**words, "health": "Health (all of them)"})
    verb = "kept" if outcome == "retention" else "grew"
    block = Block(
        f"links-{outcome}", f"Experience, and how much customers {verb} after it", "", answer
    )
    known = [row for row in answer.rows if is_known(row["difference"])]
    if not known:
        return replace(
            block,
            summary="Too few customers of equal segment and tenure in the best and worst fifths.",
        )
    distinct = [row for row in known if row["is_distinct"]]
    is_growth = outcome == "growth"
    # Whoever is served best may also have kept less.
    far = leaders(answer, known, "difference", "component_name", either_way=True)
    furthest = listed([_which_way(answer, row, is_growth) for row in (far.rows if far else [])])
    scale = "Growth is a share of the mean of both quarters. " if is_growth else ""
    told = ["limits leave out zero", "limits hold zero"]
    axis = alt.Axis(format=".0%", tickCount=5)
    base = alt.Chart(charts.ROWS).encode(
        alt.Y("component_name:N", sort=None, title=None, axis=bars.NAMES),
        tooltip=charts.tooltips(
            answer, "component_name", "difference", "difference_low", "difference_high"
        ),
    )
    limits = base.mark_rule(strokeWidth=2).encode(
        alt.X(
            "difference_low:Q",
            axis=axis,
            title="Difference in growth" if is_growth else "Difference in value kept",
        ),
        alt.X2("difference_high"),
    )
    points = (
        base.transform_filter("isValid(datum.difference)")
        .transform_calculate(told=f"{told}[datum.is_distinct ? 0 : 1]")
        .mark_point(size=80, opacity=1)
        .encode(
            alt.X("difference:Q", axis=axis),
            shape=alt.Shape(
                "told:N",
                scale=alt.Scale(domain=told, range=["circle", "diamond"]),
                legend=alt.Legend(title=None, columns=1),
            ),
            color=alt.Color(
                "told:N",
                **charts.colours(told, [charts.ACCENT, charts.NEUTRAL], columns=1),
            ),
        )
    )
    return replace(
        block,
        summary=(
            f"Company, scores of {answer.text(known[0], 'month')} and the quarter after it. The "
            "best and the worst fifth of customers, of equal segment and tenure, differ most by "
            f"{furthest}. Limits leave out zero for {len(distinct)} of {len(known)} scores."
        ),
        chart=charts.spec(charts.zero("x") + limits + points, height=300),
        shown=["component_name", *answer.names("component_name", "component", "month")],
        note=(
            f"{scale}An association, not a cause. One row of twenty is distinct by luck: trust "
            "what stands in most months in one direction, as the numbers behind count."
        ),
    )


def _which_way(answer: Answer, row: Row, is_growth: bool) -> str:
    """By how much customers served best kept or grew more, or less, than those served worst."""
    points = answer.text(row, "difference").strip("-%")
    way = "less" if row["difference"] < 0 else "more"
    of = "growth" if is_growth else "value kept"
    return f"{row['component']} (the best fifth with {points} points {way} {of})"


# ---- energy lost


def _lost(source: Source, journey: str) -> Block:
    lost, value = f"{journey}_starts_lost", f"{journey}_value_lost"
    begun = source.since(12)
    answer = source.ask(
        lost,
        value,
        by=["stage"],
        where=[f"journey = '{journey}'", "stage <> 'started'"],
        since=begun,
    )
    order = list(STAGES)
    rows = sorted(answer.rows, key=lambda row: order.index(row["stage"]))
    answer = (
        replace(answer, rows=rows).named("stage", STAGES).labelled(stage_name="Last stage reached")
    )
    is_hub = journey == "fulfillment"
    block = Block(
        f"lost-{journey}",
        "Path to fulfillment: value of cases lost, by the last stage reached"
        if is_hub
        else "Path to prescribe: value lost before a start, by the last stage reached",
        "",
        answer,
        shown=["stage_name", lost, value],
    )
    worst = leaders(answer, answer.rows, value, "stage_name")
    if begun is None or worst is None:
        return replace(
            block, summary="No journey that is old enough to judge and that can be shown."
        )
    what = "cases" if is_hub else "customers with a product"
    base = alt.Chart(charts.ROWS).encode(
        alt.Y("stage_name:N", sort=list(STAGES.values()), title=None, axis=bars.NAMES),
        alt.X(f"{value}:Q", title="Value lost (currency)", axis=bars.MONEY),
        tooltip=charts.tooltips(answer, "stage_name", lost, value),
    )
    counts = (
        base.transform_filter(f"isValid(datum.{lost})")
        .mark_text(align="left", dx=5)
        .encode(text=alt.Text(f"{lost}:Q", format=","))
    )
    return replace(
        block,
        summary=f"Company, journeys begun since {month_text(begun)} that have had their time. "
        + worst.says(
            f"most value is lost after {worst.names}: {worst.text} with {worst.texts(lost)} {what}."
        ),
        chart=charts.spec(
            base.mark_bar() + counts + bars.room(base, value), height=60 + 32 * len(rows)
        ),
        note=f"Numbers beside the bars are {what}. "
        + (
            "A case that needed no prior authorization has passed those stages. "
            if is_hub
            else "Before a prescription this is no lost sale: many who are called on never have a "
            "patient for it. "
        )
        + "Never add the two journeys: a prescription that the hub lost is in both.",
    )
