from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from cxe import metrics
from metrics.governance import faults

REPOSITORY = Path(__file__).resolve().parents[3]

SOUND: dict[str, Any] = {
    "models": [
        {
            "name": "fct_fills",
            "metrics": [
                {
                    "name": "fills",
                    "type": "simple",
                    "label": "Fills",
                    "description": "Fills shipped. Formula is the count of fills.",
                    "agg": "sum",
                    "expr": 1,
                    "config": {
                        "meta": {
                            "group": "value",
                            "tier": 2,
                            "unit": "fills",
                            "additivity": "additive",
                            "better": "higher",
                            "section": 3,
                            "concept": "Path to fulfillment",
                        }
                    },
                }
            ],
        }
    ]
}


def test_every_metric_of_the_project_is_governed() -> None:
    documents = {
        str(path.relative_to(REPOSITORY)): yaml.safe_load(path.read_text(encoding="utf-8"))
        for path in sorted((REPOSITORY / "models").rglob("*.yml"))
    }
    assert not faults(documents)


def test_every_metric_has_an_owner(sample_home: Path) -> None:
    with metrics.connect(sample_home) as layer:
        assert not [name for name, metric in layer.catalog.items() if not metric.owner]


def test_labels_name_one_metric_each(sample_home: Path) -> None:
    with metrics.connect(sample_home) as layer:
        labels = [metric.label for metric in layer.catalog.values()]
        assert len(labels) == len(set(labels))


def test_a_sound_metric_has_no_faults() -> None:
    assert not faults({"fct_fills.yml": SOUND})


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"name": "Fills"}, "snake case"),
        ({"label": ""}, "no label"),
        ({"description": "Fills shipped."}, "formula"),
        ({"config": {"meta": {}}}, "has tier None"),
        ({"config": {"meta": {}}}, "does not say its unit"),
        ({"fill_nulls_with": 0}, "dropped silently"),
        ({"agg": "percentile", "percentile_type": "continuous"}, "approximate"),
        ({"type": "ratio", "numerator": "fills", "denominator": "fills"}, "partial parsing"),
    ],
)
def test_a_fault_is_found(change: dict[str, Any], fault: str) -> None:
    document = deepcopy(SOUND)
    document["models"][0]["metrics"][0].update(change)
    assert any(fault in found for found in faults({"fct_fills.yml": document}))


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"calculation": None}, "no calculation"),
        ({"base_metric": {"name": "fills", "filter": "{{ Dimension('fill__x') }} = 1"}}, "filters"),
    ],
)
def test_a_trap_of_conversions_is_found(change: dict[str, Any], fault: str) -> None:
    conversion = {
        **SOUND["models"][0]["metrics"][0],
        "name": "conversion",
        "type": "conversion",
        "calculation": "conversion_rate",
        "base_metric": "fills",
        "conversion_metric": "fills",
    }
    assert not faults({"a.yml": SOUND, "b.yml": {"metrics": [conversion]}})
    broken = {"metrics": [{**conversion, **change}]}
    assert any(fault in found for found in faults({"a.yml": SOUND, "b.yml": broken}))


def test_a_filtered_metric_is_no_input_of_a_conversion() -> None:
    filtered = deepcopy(SOUND)
    filtered["models"][0]["metrics"][0]["filter"] = "{{ Dimension('fill__x') }} = 1"
    conversion = {
        **SOUND["models"][0]["metrics"][0],
        "name": "conversion",
        "type": "conversion",
        "calculation": "conversion_rate",
        "base_metric": "fills",
        "conversion_metric": {"name": "fills"},
    }
    found = faults({"a.yml": filtered, "b.yml": {"metrics": [conversion]}})
    assert sum("dropped silently" in fault for fault in found) == 2
