"""Path to prescribe."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cxe.report.blocks import Block, Page
from cxe.report.joins import beside
from cxe.report.months import months_back
from cxe.report.pages import launch_and_engagement, prescribe_stages
from cxe.report.pages.prescribe_stages import PRODUCT
from cxe.report.sentences import (
    leaders,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cxe.report.answers import Answer
    from cxe.report.source import Source

_RATE = "prescription_conversion_rate_90d"
_REACHED = (
    "reached_relationships",
    "prescribing_relationships",
    "started_relationships",
    "loyal_relationships",
    "lapsed_relationships",
)


def page(source: Source) -> Page:
    """The page.

    Args:
        source: the published version.
    """
    return Page(
        "path-to-prescribe.html",
        "Path to prescribe",
        "From the first touch to a loyal prescriber: how far customers came with each product, "
        "and who has stopped.",
        [
            _headline(source),
            *prescribe_stages.blocks(source),
            *launch_and_engagement.blocks(source),
            _territories(source),
        ],
        "path-to-prescribe.html.jinja",
    )


def _headline(source: Source) -> Block:
    answer = _asked(source, ["territory", PRODUCT], scopes=["territory", PRODUCT])
    total = next(iter(answer.where(territory=None, product=None)), None)
    summary = "No customer was reached, prescribed or started a patient."
    if total:
        summary = (
            f"{answer.text(total, _REACHED[0])} relationships had begun with a touch by "
            f"{source.run['as_of_date']}; {answer.text(total, _REACHED[1])} came to a prescription "
            f"and {answer.text(total, _REACHED[2])} to a start."
        )
    return Block(
        "headline",
        "The path to prescribe, all months of the extracts",
        summary,
        answer,
        is_tiles=True,
        note="A relationship is a customer with a product. A start may come without a prescription "
        "that the hub knows, so there can be more starts. The share within 90 days is of first "
        f"touches {months_back(source, 90)}, so that 90 days have passed.",
    )


def _territories(source: Source) -> Block:
    answer = _asked(source, ["territory"])
    value = source.ask("prescribe_value_lost", by=["territory"])
    answer = beside(answer, value)
    silent = "writer_silent_customers"
    answer = beside(answer, source.ask(silent, by=["territory"]))
    most = answer.known(silent)
    rest = [row for row in answer.rows if row not in most]
    answer = replace(answer, rows=[*most, *rest])
    summary = "No territory has silent writers."
    top = leaders(answer, most, silent, "territory")
    if top and top.row[silent]:
        summary = f"Most silent writers at the end of the last month: {top.names}, {top.text}."
    return Block(
        "territories",
        "Territories, most silent writers first",
        summary,
        answer,
        shown=[
            "territory",
            silent,
            *_REACHED,
            _RATE,
            "prescribe_value_lost",
        ],
        note="Territories as they are today. Large ones have more of everything.",
    )


def _asked(source: Source, cut: Sequence[str], scopes: Sequence[str] = ()) -> Answer:
    reached = source.ask(*_REACHED, by=cut, scopes=scopes)
    mature = months_back(source, 90)
    rate = source.ask(_RATE, by=cut, until=mature.until, scopes=scopes)
    return beside(reached, rate)
