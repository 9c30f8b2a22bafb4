"""The catalogue of metrics as a page of the documentation.

python -m cxe.metrics.page target/semantic_manifest.json > docs/reference/metrics.md
"""

from __future__ import annotations

import sys
from importlib import resources
from itertools import groupby
from pathlib import Path

import click
import jinja2

from cxe.metrics.catalog import read_catalog, saved_queries

# What the groups are about, in the order of the page.
GROUPS = {
    "value": "Value",
    "cvar": "Customer value at risk",
    "clv": "Customer lifetime value",
    "journey": "Journeys",
    "promise": "Promises and moments",
    "health": "Relationship health",
    "variability": "Experience variability",
    "flywheel": "Flywheel and economics",
    "operations": "Operations",
}


def catalog_page(semantic_manifest: str) -> str:
    """Markdown: metrics by group, the most important first.

    Args:
        semantic_manifest: dbt's `semantic_manifest.json` as text.
    """
    order = list(GROUPS)
    ranked = sorted(
        (metric for metric in read_catalog(semantic_manifest).values() if not metric.is_hidden),
        key=lambda metric: (order.index(metric.group), metric.tier, metric.name),
    )
    groups = {
        GROUPS[name]: list(members)
        for name, members in groupby(ranked, key=lambda metric: metric.group)
    }
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    template = resources.files("cxe.metrics").joinpath("catalog.md.jinja")
    return environment.from_string(template.read_text(encoding="utf-8")).render(
        groups=groups, saved_queries=saved_queries(semantic_manifest)
    )


if __name__ == "__main__":
    click.echo(catalog_page(Path(sys.argv[1]).read_text(encoding="utf-8")), nl=False)
