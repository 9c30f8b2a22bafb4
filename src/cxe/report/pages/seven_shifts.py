"""Seven shifts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cxe.report.blocks import Page
from cxe.report.pages import scorecards

if TYPE_CHECKING:
    from cxe.report.source import Source


def page(source: Source) -> Page:
    """Seven shifts, the question each puts to the data, and the lines that answer it.

    Args:
        source: the published version.
    """
    return Page(
        "seven-shifts.html",
        "Seven shifts",
        "Seven shifts to customer excellence: the question each puts to the data, and the answer.",
        scorecards.blocks(source, "seven_shifts_scorecard", _from_to),
        "scorecard.html.jinja",
    )


def _from_to(title: str) -> str:
    return title.replace(" to ", " \N{RIGHTWARDS ARROW} ")
