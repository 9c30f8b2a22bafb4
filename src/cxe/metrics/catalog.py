"""What metrics there are: names, definitions and owners, read from the semantic manifest."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Metric:
    """A governed metric.

    Attributes:
        name: what it is asked for by.
        label: what a reader sees.
        description: definition, with the formula.
        type: simple, ratio, derived, cumulative or conversion.
        group: part of the business it belongs to.
        owner: who answers for it.
        tier: 1 for the board, 2 for teams, 3 exploratory.
        unit: what it counts.
        additivity: additive, semi_additive (a stock: not over time) or non_additive.
        better: higher, lower or none.
        section: of the definitions.
        concept: idea of customer excellence that it stands for.
        formula: aggregation and expression, or how it is made of other metrics.
        inputs: metrics it is made of.
        models: marts it stands on, inputs included.
        needs_month: whether it has to be asked by month, because it looks along the months.
        is_hidden: whether it is only a part of others.
    """

    name: str
    label: str
    description: str
    type: str
    group: str
    owner: str
    tier: int
    unit: str
    additivity: str
    better: str
    section: int
    concept: str
    formula: str
    inputs: tuple[str, ...]
    models: tuple[str, ...]
    needs_month: bool
    is_hidden: bool


def read_catalog(semantic_manifest: str) -> dict[str, Metric]:
    """Metrics by name, in alphabetical order, hidden ones too.

    Args:
        semantic_manifest: dbt's `semantic_manifest.json` as text.
    """
    found = {metric["name"]: metric for metric in json.loads(semantic_manifest)["metrics"]}
    return {name: _metric(name, found) for name in sorted(found)}


def saved_queries(semantic_manifest: str) -> dict[str, Any]:
    """Saved queries by name, as dbt writes them."""
    return {query["name"]: query for query in json.loads(semantic_manifest)["saved_queries"]}


def _metric(name: str, found: Mapping[str, Any]) -> Metric:
    metric = found[name]
    parameters = metric["type_params"]
    meta = (metric.get("config") or {}).get("meta") or {}
    inputs = _inputs(parameters)
    aggregation = parameters.get("metric_aggregation_params")
    models = {aggregation["semantic_model"]} if aggregation else set[str]()
    for item in inputs:
        models |= set(_metric(item["name"], found).models)
    return Metric(
        name=name,
        label=metric.get("label") or name,
        description=" ".join((metric.get("description") or "").split()),
        type=metric["type"],
        group=meta.get("group", ""),
        owner=meta.get("owner", ""),
        tier=int(meta.get("tier", 0)),
        unit=meta.get("unit", ""),
        additivity=meta.get("additivity", ""),
        better=meta.get("better", ""),
        section=int(meta.get("section", 0)),
        concept=meta.get("concept", ""),
        formula=_formula(parameters),
        inputs=tuple(dict.fromkeys(item["name"] for item in inputs)),
        models=tuple(sorted(models)),
        needs_month=_looks_along_time(parameters)
        or any(
            item.get("offset_window") or _metric(item["name"], found).needs_month for item in inputs
        ),
        is_hidden=bool(parameters.get("is_private")),
    )


def _inputs(parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
    conversion = parameters.get("conversion_type_params") or {}
    cumulative = parameters.get("cumulative_type_params") or {}
    return [
        item
        for item in (
            parameters.get("numerator"),
            parameters.get("denominator"),
            *(parameters.get("metrics") or ()),
            conversion.get("base_metric"),
            conversion.get("conversion_metric"),
            cumulative.get("metric"),
        )
        if item
    ]


def _looks_along_time(parameters: Mapping[str, Any]) -> bool:
    cumulative = parameters.get("cumulative_type_params") or {}
    return bool(cumulative.get("window") or cumulative.get("grain_to_date"))


def _formula(parameters: Mapping[str, Any]) -> str:
    if parameters.get("numerator"):
        return f"{parameters['numerator']['name']} / {parameters['denominator']['name']}"
    conversion = parameters.get("conversion_type_params")
    if conversion:
        window = conversion["window"]
        return (
            f"{conversion['conversion_metric']['name']} within {window['count']} "
            f"{window['granularity']}s of {conversion['base_metric']['name']}, "
            f"by {conversion['entity']} / {conversion['base_metric']['name']}"
        )
    cumulative = parameters.get("cumulative_type_params") or {}
    if cumulative.get("metric"):
        window = cumulative.get("window")
        over = (
            f"the trailing {window['count']} {window['granularity']}s"
            if window
            else f"the {cumulative['grain_to_date']} to date"
        )
        return f"{cumulative['metric']['name']} over {over}"
    expression = str(parameters.get("expr"))
    aggregation = parameters.get("metric_aggregation_params")
    if not aggregation:
        return expression
    share = (aggregation.get("agg_params") or {}).get("percentile")
    function = f"percentile {share:g}" if share else aggregation["agg"]
    stock = " at the end of the period" if aggregation.get("non_additive_dimension") else ""
    return f"{function} of {expression}{stock}"
