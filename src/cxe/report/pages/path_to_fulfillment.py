"""Path to fulfillment."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from cxe.report.answers import Column
from cxe.report.blocks import Block, Page
from cxe.report.joins import beside, resting_on
from cxe.report.months import mature_year
from cxe.report.pages import fulfillment_flow, fulfillment_friction, time_to_therapy
from cxe.report.sentences import (
    capitalised,
    is_hiding,
    of_shown,
    spread,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cxe.report.answers import Answer
    from cxe.report.months import Months
    from cxe.report.source import Source

_MEDIAN = "time_to_therapy_median_days"
_HANDOFFS = "high_risk_handoff_share"
_RECEIVED = (
    "received_start_cases",
    "delivered_cases",
    "unfulfilled_share",
    "pa_approval_rate",
    "pa_first_pass_rate",
    "rework_loops_per_case",
)
_TILES = (
    "received_start_cases",
    "delivered_cases",
    "unfulfilled_share",
    _MEDIAN,
    "pa_approval_rate",
    "pa_first_pass_rate",
    _HANDOFFS,
    "rework_loops_per_case",
)
# Cases on which metrics stand that no metric counts, and when a case is one.
_CASES = {
    "cases": "true",
    "decided": "pa_chains_final > 0",
    "approved": "pa_chains_approved > 0",
    "answered": "pa_first_responses > 0",
    "passed": "pa_first_passes > 0",
    "reworked": "rework_loops > 0",
}
_STANDING_ON = {
    "pa_approval_rate": ["approved", "decided"],
    "pa_first_pass_rate": ["passed", "answered"],
    "rework_loops_per_case": ["reworked", "cases"],
}
_NAMED = """
    select
        cases.*,
        coalesce(cases.territory, '(none)') as territory_name,
        coalesce(products.product_name, '(none)') as product
    from marts.fct_fulfillment_journeys as cases
    left join marts.dim_products as products on cases.product_id = products.product_id
"""


def page(source: Source) -> Page:
    """The page.

    Args:
        source: the published version.
    """
    year = mature_year(source)
    cases = _cases(source, year)
    return Page(
        "path-to-fulfillment.html",
        "Path to fulfillment",
        "From a case received by the hub to a patient who stays on therapy: where starts are "
        "lost, what patients wait for, and who has to act.",
        [
            _headline(source, year, cases),
            *fulfillment_flow.blocks(source, year),
            *time_to_therapy.blocks(source, year),
            *fulfillment_friction.blocks(source, year),
            _territories(source, year, cases),
        ],
        "path-to-fulfillment.html.jinja",
    )


def _headline(source: Source, year: Months, cases: tuple[Answer, Answer]) -> Block:
    cut = ["territory", "product__product_name"]
    answer = _asked(source, year, cut, cases)
    median = source.ask(_MEDIAN)
    everywhere = [dict.fromkeys(("territory", "product")) | row for row in median.rows]
    groups = ("territory", "product")
    answer = beside(answer, replace(median, rows=everywhere))
    answer = answer.only(*groups, *_TILES).labelled(**{_MEDIAN: "Median time to therapy"})
    total = next(iter(answer.where(territory=None, product=None)), None)
    summary = f"No case on its way to a start was received {year}."
    if total and total["received_start_cases"]:
        summary = (
            f"Of {answer.text(total, 'received_start_cases')} new and restarted cases received "
            f"{year}, {answer.text(total, 'unfulfilled_share')} still have no fill. These are the "
            "newest months of which every case is old enough to judge."
        )
    return Block(
        "headline",
        f"The path to fulfillment, {year}",
        summary,
        answer,
        is_tiles=True,
        note="Delivered cases are those whose first fill arrived in these months. The median time "
        "to therapy is of all cases ever received; it is not known by territory or product.",
    )


def _territories(source: Source, year: Months, cases: tuple[Answer, Answer]) -> Block:
    answer = _asked(source, year, ["territory"], cases)
    value = source.ask(
        "fulfillment_value_lost", by=["territory"], since=year.since, until=year.until
    )
    answer = beside(answer, value)
    told = answer.known("unfulfilled_share")
    rest = [row for row in answer.rows if row not in told]
    answer = replace(answer, rows=[*told, *rest])
    summary = f"No territory has enough cases received {year}."
    if told:
        runs = spread(answer, answer.rows, "unfulfilled_share", "territory")
        said = f"{runs} of cases received {year} have no fill."
        summary = capitalised(of_shown(said, is_hiding(answer.rows, "unfulfilled_share")))
    return Block(
        "territories",
        "Territories, most unfulfilled cases first",
        summary,
        answer,
        shown=[
            "territory",
            "received_start_cases",
            "delivered_cases",
            "unfulfilled_share",
            "fulfillment_value_lost",
            "pa_approval_rate",
            "pa_first_pass_rate",
            _HANDOFFS,
            "rework_loops_per_case",
        ],
        note="Of a territory with few cases, a difference may be chance.",
    )


def _cases(source: Source, year: Months) -> tuple[Answer, Answer]:
    """Cases received and cases handed over, by territory and product, to protect metrics with."""
    groups = [Column("territory", ""), Column("product", "")]
    conditions = ", ".join(f"count(*) filter (where {of}) as {name}" for name, of in _CASES.items())
    received = source.read(
        f"""
        select territory_name as territory, product, {conditions}
        from ({_NAMED} where {year.holds("cases.received_at")})
        group by cube (territory_name, product)
        """,
        [*groups, *(Column(name, "", "cases") for name in _CASES)],
    )
    handed_over = source.read(
        f"""
        select
            territory_name as territory,
            product,
            count(distinct case_id) as handed_over,
            count(distinct case_id) filter (where steps.is_high_risk_handoff) as risky
        from marts.fct_fulfillment_steps as steps
        inner join ({_NAMED}) as cases using (case_id)
        where steps.is_handoff and {year.holds("steps.entered_at")}
        group by cube (territory_name, product)
        """,
        [*groups, Column("handed_over", "", "cases"), Column("risky", "", "cases")],
    )
    return received, handed_over


def _asked(
    source: Source, year: Months, cut: Sequence[str], cases: tuple[Answer, Answer]
) -> Answer:
    """Metrics of cases and of their handoffs; with filters, where they are cut by product too."""
    received, handed_over = cases
    ask = partial(source.ask, since=year.since, until=year.until)
    of_cases = ask(*_RECEIVED, by=cut, scopes=cut[1:] and cut)
    of_steps = [f"hub_case__{name}" for name in cut]
    handoffs = ask(_HANDOFFS, by=of_steps, scopes=of_steps[1:] and of_steps)
    groups = [column.name for column in of_cases.columns if column.metric is None]
    return beside(
        resting_on(of_cases, _cut_by(received, groups), _STANDING_ON),
        resting_on(handoffs, _cut_by(handed_over, groups), {_HANDOFFS: ["risky", "handed_over"]}),
    )


def _cut_by(counts: Answer, groups: Sequence[str]) -> Answer:
    """Counts of all products together, where metrics are not cut by product."""
    if "product" in groups:
        return counts
    of_all = counts.filtered(lambda row: row["product"] is None)
    return of_all.only(*(column.name for column in counts.columns if column.name != "product"))
