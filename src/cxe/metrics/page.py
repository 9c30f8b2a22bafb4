"""The catalogue of metrics as a page of the documentation."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cxe.metrics.catalog import Metric

# What the groups are about, in the order of the page.
GROUPS = {
    "value": "Value",
    "cvar": "Customer value at risk",
    "clv": "Customer lifetime value",
    "journey": "Journeys",
    "promise": "Promises and moments",
    "health": "Relationship health",
    "variability": "Experience variability",
}


def catalog_page(metrics: Iterable[Metric], saved_queries: Mapping[str, Any]) -> str:
    """Markdown: metrics by group, the most important first."""
    order = list(GROUPS)
    ranked = sorted(
        metrics, key=lambda metric: (order.index(metric.group), metric.tier, metric.name)
    )
    groups = {
        GROUPS[name]: list(members)
        for name, members in groupby(ranked, lambda metric: metric.group)
    }
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    template = environment.get_template("catalog.md.jinja")
    return template.render(groups=groups, saved_queries=saved_queries)
