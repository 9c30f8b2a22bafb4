"""Data Docs as plain pages: one per suite and run, and one that leads to them.

Great Expectations says what was found and where pages belong; the pages are our own, because the
library's load style sheets and scripts from the open internet, which a closed network does not let
through and a privacy officer should not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from cxe.guard.suites import LAYERS, SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from great_expectations.core import (
        ExpectationSuiteValidationResult,
        ExpectationValidationResult,
    )

SHOWN_ROWS = 20
_PAGES = Environment(
    loader=PackageLoader("cxe.guard", "pages"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


class SuitePageRenderer:
    """What a suite's page says."""

    def render(self, result: ExpectationSuiteValidationResult) -> dict[str, Any]:
        """Name, run and expectations of a result, what failed first."""
        layer, relation = result.suite_name.split(".", 1)
        found = [_expectation(result.suite_name, expectation) for expectation in result.results]
        run: Any = result.meta["run_id"]
        return {
            "page": "suite.html.jinja",
            "layer": layer,
            "relation": relation,
            "run": run["run_name"],
            "expectations": sorted(found, key=lambda one: ORDER[one["status"]]),
        }


class IndexPageRenderer:
    """What the first page says."""

    def render(self, index: Mapping[str, Any]) -> dict[str, Any]:
        """Suites by layer, those that were not met first."""
        links = index.get("validations_links", [])
        layers = {
            layer: sorted(
                (
                    {
                        "relation": link["expectation_suite_name"].split(".", 1)[1],
                        "href": link["filepath"],
                        "is_met": link["validation_success"],
                    }
                    for link in links
                    if link["expectation_suite_name"].startswith(f"{layer}.")
                ),
                key=lambda suite: (suite["is_met"], suite["relation"]),
            )
            for layer in LAYERS
        }
        run = links[0]["run_name"] if links else ""
        return {"page": "index.html.jinja", "run": run, "layers": layers}


class PageView:
    """Turns what a page says into HTML."""

    def __init__(self, **_: Any) -> None:
        """Directories of other templates are of no use here."""

    def render(self, page: dict[str, Any], **_: Any) -> str:
        """The page, without anything that lies outside of it."""
        return _PAGES.get_template(page["page"]).render(page)


ORDER = {"error": 0, "fail": 1, "accepted": 2, "warn": 3, "pass": 4}
# Names of what a person let pass in this run; the library makes the renderers and passes no more.
accepted: frozenset[str] = frozenset()


def _expectation(suite: str, found: ExpectationValidationResult) -> dict[str, Any]:
    config: Any = found.expectation_config
    result: dict[str, Any] = found.result
    rows = result.get("details", {}).get("unexpected_rows", [])
    if not result:
        status = "error"
    elif found.success:
        status = "pass"
    else:
        blocks = SEVERITIES[config.severity] == "error"
        is_accepted = f"{suite}.{config.meta['name']}" in accepted
        status = ("accepted" if is_accepted else "fail") if blocks else "warn"
    asked = {key: value for key, value in config.kwargs.items() if key != "batch_id"}
    return {
        "status": status,
        "name": config.meta["name"],
        "promise": config.description,
        "severity": "blocks" if SEVERITIES[config.severity] == "error" else "warns",
        "owner": config.meta["owner"],
        "remedy": config.meta["remedy"],
        "why": config.meta.get("why", ""),
        "observed": result.get("observed_value"),
        "rows": rows[:SHOWN_ROWS],
        "query": asked.pop("unexpected_rows_query", ""),
        "asked": {"type": config.type} | asked,
    }
