"""Whether the metrics layer answers what the golden computations say."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import duckdb

from cxe.metrics import Metric, Metrics
from metrics.golden import Golden
from metrics.values_commercial import GOLDEN as COMMERCIAL
from metrics.values_experience import GOLDEN as EXPERIENCE
from metrics.values_flywheel import GOLDEN as FLYWHEEL
from metrics.values_operations import GOLDEN as OPERATIONS
from metrics.values_scorecards import GOLDEN as SCORECARDS

GOLDEN: Mapping[str, Golden] = {
    **COMMERCIAL,
    **EXPERIENCE,
    **FLYWHEEL,
    **OPERATIONS,
    **SCORECARDS,
}
RELATIVE = 1e-9

Rows = dict[tuple[object, ...], object]


def differences(
    layer: Metrics, warehouse: duckdb.DuckDBPyConnection, metric: Metric, golden: Golden
) -> list[str]:
    """What the layer and the golden computation say differently, in total and at the cut."""
    total = ("metric_time__month",) if metric.needs_month else ()
    found = []
    for by, query in ((total, golden.total), (golden.by, golden.cut)):
        table = layer.query(metric.name, by=by)
        columns = (column.to_pylist() for column in table.columns)
        answered = _rows(zip(*columns, strict=True), metric)
        expected = _rows(warehouse.execute(query).fetchall(), metric)
        found += [
            f"{metric.name} by {by or 'nothing'} at {key}: {answered.get(key)} is not {value}"
            for key, value in expected.items()
            if not _same(answered.get(key), value)
        ]
        found += [
            f"{metric.name} by {by or 'nothing'} at {key}: {answered[key]} is not expected"
            for key in answered.keys() - expected.keys()
        ]
    return found


def _rows(rows: Iterable[tuple[Any, ...]], metric: Metric) -> Rows:
    """Value by group. What is null, or adds nothing, is as good as not there."""
    nothing = (None, 0) if metric.additivity == "additive" else (None,)
    return {tuple(map(_key, group)): value for *group, value in rows if value not in nothing}


def _key(value: object) -> object:
    return value.date() if isinstance(value, datetime) else value


def _same(answered: object, expected: object) -> bool:
    if isinstance(expected, float) or isinstance(answered, float):
        return (
            isinstance(answered, int | float | Decimal)
            and isinstance(expected, int | float | Decimal)
            and math.isclose(answered, expected, rel_tol=RELATIVE, abs_tol=1e-12)
        )
    return answered == expected
