"""Leadership questions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cxe.report.blocks import Page
from cxe.report.pages import scorecards

if TYPE_CHECKING:
    from cxe.report.source import Source


def page(source: Source) -> Page:
    """Eight questions for leaders, each with the lines that answer it.

    Args:
        source: the published version.
    """
    return Page(
        "leadership.html",
        "Leadership questions",
        "Eight questions for leaders, each answered by numbers with a target.",
        scorecards.blocks(source, "leadership_scorecard"),
        "scorecard.html.jinja",
    )
