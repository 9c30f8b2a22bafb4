"""What a reader could work out from written pages: no count of 1 to 10 patients."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from itertools import combinations
from pathlib import Path
from typing import Any

import duckdb
import pytest

from cxe import metrics
from cxe.metrics import Metrics
from cxe.report.small_cells import (
    LARGEST_SMALL_CELL,
    PATIENT_COUNTS,
    PATIENT_UNITS,
    is_partly_of_patients,
    patient_rows,
)
from report.answers import Asks, asking
from report.pages import Block, is_hidden, raw, read_pages

# Counts that a page reads from a mart, and that it protects as those of patients.
READ = PATIENT_UNITS | {"barriers"}
# None of these is a part of another one: their difference is nobody's.
APART = (
    {"pharmacy_transfers_in", "pharmacy_transfers_out"},
    {"organization_starts_moved", "organization_net_starts_lost"},
)
# By kind, of counts that can be told apart: counts of patients in one row.
Counts = dict[str, dict[str, int]]


@pytest.fixture(scope="module")
def layer(sample_home: Path) -> Iterator[Metrics]:
    with metrics.connect(sample_home) as found:
        yield found


@pytest.fixture(scope="module")
def asks(sample_home: Path, layer: Metrics) -> Asks:
    database = sample_home / "published" / "current" / "cxe.duckdb"
    return asking(layer, duckdb.connect(database, read_only=True))


def test_no_page_tells_of_few_patients(report_site: Path, layer: Metrics, asks: Asks) -> None:
    told, looked_at = [], 0
    for page in read_pages(report_site).values():
        for block in page.blocks:
            for counts in _wholly_of_patients(block, layer) + _partly_of_patients(
                block, layer, asks
            ):
                looked_at += sum(map(len, counts.values()))
                told += [f"{page.path.name}#{block.id}: {counts}"] * _tells(counts)
    assert told == []
    assert looked_at > 300


def _tells(counts: Counts) -> bool:
    """Whether one of the counts is small, or the difference of two that can be told apart."""
    return any(
        0 < number <= LARGEST_SMALL_CELL
        for found in counts.values()
        for number in (
            *found.values(),
            *(
                abs(found[one] - found[other])
                for one, other in combinations(found, 2)
                if {one, other} not in APART
            ),
        )
    )


def _wholly_of_patients(block: Block, layer: Metrics) -> list[Counts]:
    kinds = {}
    for column in block.data["columns"]:
        name, metric = column["name"], layer.catalog.get(column["metric"] or "")
        if metric and metric.name in PATIENT_COUNTS:
            # Relationships at one stage are no part of those at another one.
            kinds[name] = metric.name
        elif metric and metric.unit in PATIENT_UNITS:
            kinds[name] = f"{metric.unit} of {metric.models}"
        elif not metric and column["unit"] in READ:
            kinds[name] = column["unit"]
    found = []
    for row in block.rows:
        counts: defaultdict[str, dict[str, int]] = defaultdict(dict)
        for name, kind in kinds.items():
            if not is_hidden(row[name]) and raw(row[name]) is not None:
                counts[kind][name] = raw(row[name])
        found.append(dict(counts))
    return found


def _partly_of_patients(block: Block, layer: Metrics, asks: Asks) -> list[Counts]:
    """Of shown counts of which some rows are of patients, how many are."""
    found = []
    for command in block.asked:
        words = shlex.split(command)
        if words[:3] != ["cxe", "metrics", "query"]:
            continue
        end = next((place for place, word in enumerate(words) if word[:2] == "--"), len(words))
        by_rows: defaultdict[str, list[str]] = defaultdict(list)
        for name in words[3:end]:
            metric = layer.catalog[name]
            if is_partly_of_patients(metric) and name in block.names:
                by_rows[patient_rows(metric)].append(name)
        options = [word for word in words[end:] if not word.startswith("--order")]
        for condition, names in by_rows.items():
            answer = asks(shlex.join([*words[:3], *names, *options, "--where", condition]))
            for values in answer.rows:
                answered = dict(zip(answer.columns, values, strict=True))
                groups = {name: answered.get(name) for name in answer.columns if name not in names}
                groups = {**dict.fromkeys(block.scopes), **groups}
                for row in block.rows:
                    if all(raw(row[name]) == _plain(value) for name, value in groups.items()):
                        shown = [name for name in names if not is_hidden(row[name])]
                        found.append({condition: {name: answered[name] or 0 for name in shown}})
    return found


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
