"""What every definition of a metric has to say, and the silent traps it must not step into."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from cxe.metrics.page import GROUPS

Documents = Mapping[str, Any]

ALLOWED: Mapping[str, frozenset[Any]] = {
    "group": frozenset(GROUPS),
    "tier": frozenset({1, 2, 3}),
    "additivity": frozenset({"additive", "semi_additive", "non_additive"}),
    "better": frozenset({"higher", "lower", "none"}),
    "section": frozenset(range(1, 12)),
}
IN_WORDS = ("unit", "concept")
# dbt and MetricFlow take these without a word and do something else.
TRAPS = {
    "fill_nulls_with": "is dropped silently: use a derived metric with coalesce",
    "percentile_type": "makes the percentile an approximate one: leave it out",
}


def faults(documents: Documents) -> list[str]:
    """What is wrong with the metrics in YAML files, by path."""
    metrics = {metric["name"]: metric for _, metric, _ in _metrics(documents)}
    return [
        f"{path}: {metric['name']} {fault}"
        for path, metric, is_in_model in _metrics(documents)
        for fault in (
            *_missing(metric),
            *_trapped(metric),
            *_misplaced(metric, is_in_model),
            *_badly_converted(metric, metrics),
        )
    ]


def _metrics(documents: Documents) -> Iterator[tuple[str, dict[str, Any], bool]]:
    for path, document in documents.items():
        for model in document.get("models") or ():
            for metric in model.get("metrics") or ():
                yield path, metric, True
        for metric in document.get("metrics") or ():
            yield path, metric, False


def _missing(metric: Mapping[str, Any]) -> Iterator[str]:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", metric["name"]):
        yield "is not in snake case"
    if not metric.get("label"):
        yield "has no label"
    if not metric.get("hidden") and "Formula is" not in metric.get("description", ""):
        yield "does not say its formula (`Formula is ...`)"
    meta = metric.get("config", {}).get("meta", {})
    for key, allowed in ALLOWED.items():
        if meta.get(key) not in allowed:
            yield f"has {key} {meta.get(key)}, not one of {', '.join(map(str, sorted(allowed)))}"
    for key in IN_WORDS:
        if not meta.get(key):
            yield f"does not say its {key}"


def _trapped(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in TRAPS:
                yield f"has {key}, which {TRAPS[key]}"
            yield from _trapped(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _trapped(inner)


def _misplaced(metric: Mapping[str, Any], is_in_model: bool) -> Iterator[str]:
    is_simple = metric.get("type", "simple") == "simple"
    if is_in_model and not is_simple:
        yield "breaks partial parsing inside a model: move it to models/metrics"


def _badly_converted(metric: Mapping[str, Any], metrics: Mapping[str, Any]) -> Iterator[str]:
    if metric.get("type") != "conversion":
        return
    if not metric.get("calculation"):
        yield "has no calculation, which has to be written"
    for role in ("base_metric", "conversion_metric"):
        given = metric.get(role)
        name = str(given["name"] if isinstance(given, dict) else given)
        is_filtered = isinstance(given, dict) and given.get("filter")
        if is_filtered or metrics.get(name, {}).get("filter"):
            yield f"filters its {role}, which is dropped silently: put it into the expression"
