"""Definitions of metrics, broken on purpose: does the golden value notice?"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

Manifest = dict[str, Any]

OTHER_AGGREGATION = {
    "sum": "max",
    "sum_boolean": "max",
    "count": "max",
    "count_distinct": "max",
    "average": "sum",
    "max": "min",
    "percentile": "average",
}


def mutations_of(manifest: str, name: str, newest_month: int) -> Iterator[tuple[str, str]]:
    """Three wrong definitions of a metric: what is wrong, and the semantic manifest with it.

    Args:
        manifest: the right one.
        name: the metric.
        newest_month: month of the year of the newest month; a wrong filter leaves out it and every
            second one before it.
    """
    wrongs: dict[str, Callable[[Manifest, Any], None]] = {
        "filter": lambda whole, metric: _narrow(whole, metric, newest_month),
        "aggregation": _aggregate_otherwise,
        "denominator": _divide_otherwise,
    }
    for wrong, mutate in wrongs.items():
        whole = deepcopy(json.loads(manifest))
        mutate(whole, _metric(whole, name))
        yield wrong, json.dumps(whole)


def _metric(whole: Manifest, name: str) -> Any:
    return next(metric for metric in whole["metrics"] if metric["name"] == name)


def _inputs(metric: Any) -> list[Any]:
    parameters = metric["type_params"]
    conversion = parameters.get("conversion_type_params") or {}
    cumulative = parameters.get("cumulative_type_params") or {}
    candidates = (
        parameters.get("numerator"),
        parameters.get("denominator"),
        *(parameters.get("metrics") or ()),
        conversion.get("base_metric"),
        conversion.get("conversion_metric"),
        cumulative.get("metric"),
    )
    return [candidate for candidate in candidates if candidate]


def _leaf(whole: Manifest, metric: Any, which: int) -> Any:
    """The simple metric at the first or last end of what a metric is made of."""
    inputs = _inputs(metric)
    return _leaf(whole, _metric(whole, inputs[which]["name"]), which) if inputs else metric


def _narrow(whole: Manifest, metric: Any, newest_month: int) -> None:
    """Leave out every second month of the year."""
    leaf = _leaf(whole, metric, 0)
    parameters = leaf["type_params"]
    aggregation = parameters["metric_aggregation_params"]
    model = next(
        model
        for model in whole["semantic_models"]
        if model["name"] == aggregation["semantic_model"]
    )
    time = aggregation["agg_time_dimension"] or model["defaults"]["agg_time_dimension"]
    dimension = next(item for item in model["dimensions"] if item["name"] == time)
    column = dimension["expr"] or time
    parameters["expr"] = (
        f"case when extract(month from {column}) % 2 <> {newest_month % 2} "
        f"then {parameters['expr'] or leaf['name']} end"
    )


def _aggregate_otherwise(whole: Manifest, metric: Any) -> None:
    parameters = _leaf(whole, metric, -1)["type_params"]
    aggregation = parameters["metric_aggregation_params"]
    right = aggregation["agg"]
    aggregation["agg"] = OTHER_AGGREGATION[right]
    aggregation["agg_params"] = None
    if right in {"sum_boolean", "count", "count_distinct"}:
        # As MetricFlow counts: what is true, what is not null.
        test = "" if right == "sum_boolean" else " is not null"
        parameters["expr"] = f"case when ({parameters['expr']}){test} then 1 else 0 end"
    elif right in {"sum", "max"} and _is_stock_of_values(parameters):
        # Of the one row that some marts have in a month, sum, least and greatest are the same.
        parameters["expr"] = f"case when ({parameters['expr']}) is not null then 1 end"
        aggregation["agg"] = "sum"


def _is_stock_of_values(parameters: Any) -> bool:
    is_stock = parameters["metric_aggregation_params"].get("non_additive_dimension")
    return bool(is_stock) and parameters["expr"] != "1"


def _divide_otherwise(whole: Manifest, metric: Any) -> None:
    """The wrong whole: another denominator, window, earlier month or period, or a wrong sum."""
    parameters = metric["type_params"]
    if parameters.get("numerator"):
        parameters["numerator"], parameters["denominator"] = (
            parameters["denominator"],
            parameters["numerator"],
        )
    elif parameters.get("conversion_type_params"):
        parameters["conversion_type_params"]["window"]["count"] //= 2
    elif (parameters.get("cumulative_type_params") or {}).get("window"):
        parameters["cumulative_type_params"]["window"]["count"] -= 1
    elif (parameters.get("cumulative_type_params") or {}).get("grain_to_date"):
        parameters["cumulative_type_params"]["grain_to_date"] = "quarter"
    elif parameters.get("metrics"):
        offset = next((i for i in parameters["metrics"] if i.get("offset_window")), None)
        if offset:
            offset["offset_window"]["count"] += 1
        else:
            parameters["expr"] = _other_divisor(parameters["expr"])
    else:
        stock = parameters["metric_aggregation_params"].get("non_additive_dimension")
        if stock:
            stock["window_choice"] = "min"
        else:
            parameters["expr"] = _other_value(parameters["metric_aggregation_params"], parameters)


def _other_divisor(expression: str) -> str:
    """The divisor without its last part, or what is added instead of taken off."""
    for pattern, replacement in (
        (r" [+-] \w+(, 0\))$", r"\1"),
        (r"nullif\((\w+), 0\)$", r"nullif(\1 + 1, 0)"),
        (r", 1000000\)", ", 7)"),
        (r"/ 60$", "/ 61"),
        (r" - (\w+)$", r" + \1"),
    ):
        changed, count = re.subn(pattern, replacement, expression)
        if count:
            return changed
    raise AssertionError(f"no mutation is known for {expression}")


def _other_value(aggregation: Any, parameters: Any) -> str:
    expression = parameters["expr"]
    if aggregation["agg"] == "sum_boolean":
        return f"not coalesce({expression}, false)"
    if aggregation["agg"] == "count":
        return "1"
    if aggregation["agg"] == "count_distinct":
        return f"length({expression})"
    return f"({expression}) + 1"
