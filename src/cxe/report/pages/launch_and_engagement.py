"""Path to prescribe: how launches began, and what engagement they stand on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import altair as alt

from cxe.report import bars, charts, small_cells
from cxe.report.answers import HIDDEN, Column
from cxe.report.blocks import Block
from cxe.report.months import last_year
from cxe.report.pages.words import FUNCTIONS
from cxe.report.small_cells import small_steps

if TYPE_CHECKING:
    from cxe.report.answers import Answer
    from cxe.report.source import Source

_FUNCTIONS: dict[str | None, str] = {**FUNCTIONS, None: "Function not known"}
CHANNELS = {
    "chat_or_text": "chat or text",
    "email": "e-mail",
    "event": "event",
    "face_to_face": "face to face",
    "phone": "phone",
    "video": "video",
    "other": "other",
}
# Names may be missing, and two products may go by the same one.
_PRODUCT = """
    case
        when products.product_name is null then curve.product_id
        when (
            select count(*) from marts.dim_products as others
            where others.product_name = products.product_name
        ) > 1 then products.product_name || ' (' || curve.product_id || ')'
        else products.product_name
    end"""
_LAUNCHED = """
    from marts.fct_launch_curve as curve
    inner join marts.dim_products as products on curve.product_id = products.product_id
    order by product, week
"""
_IDS = (Column("product", "Product"), Column("week", "Weeks since the launch", "week"))
_TOLD = ("starts_per_prescriber", "unfulfilled_share", "median_days_to_therapy")


def blocks(source: Source) -> list[Block]:
    """Launch curves, interactions by function and channel.

    Args:
        source: the published version.
    """
    return [_breadth(source), _depth(source), _outbound(source), _functions(source)]


def _breadth(source: Source) -> Block:
    answer = source.read(
        f"""
        select {_PRODUCT} as product, curve.week, curve.week_ends_on, curve.prescribers
        {_LAUNCHED}
        """,
        [
            *_IDS,
            Column("week_ends_on", "Week ends on", "date"),
            Column("prescribers", "Prescribers so far", "customers"),
        ],
    )
    products = list(dict.fromkeys(row["product"] for row in answer.rows))
    summary = "No product was launched in the months of the extracts."
    if products:
        said = [
            f"{product}: {answer.text(row, 'prescribers')} by week {answer.text(row, 'week')}"
            for product, row in ((name, answer.where(product=name)[-1]) for name in products)
        ]
        summary = (
            "Customers with a case or a start since the launch, all territories, as of "
            f"{source.run['as_of_date']}. {'; '.join(said)}."
        )
    return Block(
        "launch-breadth",
        "Breadth of launches: prescribers by week since the launch",
        summary,
        answer,
        _curves(answer, "prescribers", products) if products else None,
    )


def _depth(source: Source) -> Block:
    counts = ("starts", "cases", "mature_cases", "unfulfilled_cases")
    answer = source.read(
        f"""
        select
            {_PRODUCT} as product,
            curve.week,
            curve.starts_per_prescriber,
            curve.unfulfilled_share,
            curve.median_days_to_therapy,
            {", ".join(f"curve.{name}" for name in counts)}
        {_LAUNCHED}
        """,
        [
            *_IDS,
            Column("starts_per_prescriber", "Starts per prescriber", "ratio"),
            Column("unfulfilled_share", "Unfulfilled share of cases", "share"),
            Column("median_days_to_therapy", "Median time to therapy", "days"),
            *(Column(name, "", "cases") for name in counts),
        ],
    )
    products = list(dict.fromkeys(row["product"] for row in answer.rows))
    answer = replace(answer, rows=[row for name in products for row in _safe(answer, name)]).only(
        *(column.name for column in _IDS), *_TOLD
    )
    told = answer.known(_TOLD[0])
    summary = "No launch has enough starts to tell of its depth."
    if not products:
        summary = "No product was launched in the months of the extracts."
    said = []
    for product in products:
        known = sorted(answer.known(_TOLD[0], product=product), key=_week)
        if known:
            said.append(
                f"{product}: {answer.text(known[-1], _TOLD[0])} by week "
                f"{answer.text(known[-1], 'week')}"
            )
    if said:
        summary = (
            "Starts of each prescriber since the launch, all territories, as of "
            f"{source.run['as_of_date']}. {'; '.join(said)}."
        )
    return Block(
        "launch-depth",
        "Depth of launches: starts per prescriber by week since the launch",
        summary,
        answer,
        _curves(answer, _TOLD[0], products) if told else None,
        note="The curve moves once more than 10 further starts were shipped. The table also has "
        "the first experience of a launch: the share of cases without a fill, and how long half "
        "of them waited.",
    )


def _week(row: dict[str, int]) -> int:
    return row["week"]


def _safe(answer: Answer, product: str) -> list[dict[str, object]]:
    """Weeks of a launch, without what few patients tell from the week before."""
    rows = answer.where(product=product)

    def steps(name: str) -> set[int]:
        return small_steps([row[name] for row in rows])

    few = {
        "starts_per_prescriber": steps("starts"),
        "unfulfilled_share": steps("mature_cases") | steps("unfulfilled_cases"),
        "median_days_to_therapy": {
            place
            for place, row in enumerate(rows)
            if row["cases"] <= small_cells.LARGEST_SMALL_CELL
        },
    }
    few["unfulfilled_share"] |= {
        place
        for place, row in enumerate(rows)
        if 0 < row["mature_cases"] - row["unfulfilled_cases"] <= small_cells.LARGEST_SMALL_CELL
    }
    return [
        {**row, **{name: HIDDEN for name, places in few.items() if place in places}}
        for place, row in enumerate(rows)
    ]


def _curves(answer: Answer, name: str, products: list[str]) -> dict[str, object]:
    shades = charts.SERIES[: len(products)]
    chart = (
        alt.Chart(charts.ROWS)
        .transform_filter(f"isValid(datum.{name})")
        .mark_line()
        .encode(
            alt.X(
                "week:Q",
                title="Weeks since the launch",
                axis=alt.Axis(tickMinStep=1, tickCount=8, grid=False),
            ),
            charts.values(answer[name], title=answer[name].label),
            alt.Color("product:N", **charts.colours(products, shades, columns=2)),
            tooltip=charts.tooltips(answer, "product", "week", name),
        )
    )
    return charts.spec(chart)


def _outbound(source: Source) -> Block:
    year = last_year(source)
    answer = source.ask(
        "two_way_share",
        "interactions",
        by=["function", "channel"],
        where=["direction = 'outbound'"],
        since=year.since,
        until=year.until,
        order=["-interactions"],
    )
    answer = answer.worded("function", _FUNCTIONS)
    answer = answer.worded("channel", CHANNELS)
    most = answer.rows[0] if answer.rows else None
    summary = f"Nobody touched a customer {year}."
    if most:
        summary = (
            f"The most used way is {most['function_name'].lower()} by {most['channel_name']}: "
            f"{answer.text(most, 'interactions')} touches {year}, "
            f"{answer.text(most, 'two_way_share')} of them answered."
        )
    base = (
        alt.Chart(charts.ROWS)
        .transform_calculate(
            _way="datum.function_name + ', ' + datum.channel_name",
            _label="format(datum.two_way_share, '.0%') + ' of ' + "
            "format(datum.interactions, '.3~s')",
        )
        .encode(
            bars.categories("_way"),
            tooltip=charts.tooltips(
                answer, "function_name", "channel_name", "two_way_share", "interactions"
            ),
        )
    )
    chart = alt.layer(
        base.mark_bar(color=charts.ACCENT, height=alt.RelativeBandSize(band=0.62)).encode(
            bars.lengths(answer["two_way_share"], title="Share that customers answered")
        ),
        bars.labels(base),
    )
    return Block(
        "outbound",
        "Outbound touches that customers answered, most used ways first",
        summary,
        answer,
        charts.spec(chart, len(answer.rows) * 26 + 48) if answer.rows else None,
        shown=["function_name", "channel_name", "two_way_share", "interactions"],
        note="Answered: a reaction to a message, a click, an attendance. Volume is context, never "
        "the headline: the flywheel page shows its diminishing returns.",
    )


def _functions(source: Source) -> Block:
    year = last_year(source)
    answer = source.ask(
        "interactions",
        "two_way_share",
        by=["function", "direction"],
        since=year.since,
        until=year.until,
    )
    answer = answer.worded("function", _FUNCTIONS)
    answer = answer.named("direction", {"outbound": "We began", "inbound": "The customer began"})
    most = answer.known("interactions")
    summary = f"No interaction {year}."
    if most:
        inbound = answer.known("interactions", direction="inbound")
        summary = (
            f"Most interactions are outbound ones of {most[0]['function_name'].lower()}: "
            f"{answer.text(most[0], 'interactions')} {year}."
            if most[0]["direction"] == "outbound"
            else f"Most interactions were begun by customers, with "
            f"{most[0]['function_name'].lower()}: "
            f"{answer.text(most[0], 'interactions')} {year}."
        )
        if inbound and inbound[0] is not most[0]:
            summary += (
                f" Customers themselves began most with {inbound[0]['function_name'].lower()}: "
                f"{answer.text(inbound[0], 'interactions')}."
            )
    order = ["We began", "The customer began"]
    chart = (
        alt.Chart(charts.ROWS)
        .mark_bar(height=alt.RelativeBandSize(band=0.62))
        .encode(
            bars.categories("function_name"),
            alt.X(
                "interactions:Q",
                title="Interactions",
                stack="zero",
                axis=alt.Axis(tickCount=4, format="~s"),
            ),
            alt.Color(
                "direction_name:N",
                **charts.colours(order, (charts.SERIES[0], charts.SERIES[4]), columns=2),
            ),
            tooltip=charts.tooltips(
                answer, "function_name", "direction_name", "interactions", "two_way_share"
            ),
        )
    )
    groups = len({row["function_name"] for row in answer.rows})
    return Block(
        "functions",
        "Who begins a conversation, by function",
        summary,
        answer,
        charts.spec(chart, bars.rows_height(groups) + 40) if groups else None,
        shown=["function_name", "direction_name", "interactions", "two_way_share"],
        note="What a customer begins counts as two-way. Cases that the hub receives stand under "
        "access.",
    )
