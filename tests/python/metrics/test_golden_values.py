"""Every metric answers what an independent computation says."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest
from worlds import Cxe

from cxe import metrics
from cxe.home import Home
from cxe.metrics import Metrics
from cxe.metrics.catalog import read_catalog
from cxe.metrics.layer import SEMANTIC_MANIFEST
from cxe.simulate import simulate
from metrics.comparison import GOLDEN, differences
from metrics.mutations import mutations_of

DATABASE = Path("published") / "current" / "cxe.duckdb"
# One in so many definitions is broken by `make test`, all of them by `make test-all`.
SHARE = 32


class Redefined(Metrics):
    """The metrics of a home under other definitions."""

    def __init__(self, home: Path, manifest: str) -> None:
        super().__init__(Home(home))
        self._manifest = manifest
        self.catalog = read_catalog(manifest)


def manifest_of(home: Path) -> str:
    folder = home / "published" / "current" / "metrics"
    return (folder / SEMANTIC_MANIFEST).read_text(encoding="utf-8")


def assert_golden(home: Path) -> None:
    with metrics.connect(home) as layer, duckdb.connect(home / DATABASE, read_only=True) as marts:
        assert not [
            difference
            for name, metric in layer.catalog.items()
            for difference in differences(layer, marts, metric, GOLDEN[name])
        ]


def test_every_metric_has_a_golden_value(sample_home: Path) -> None:
    with metrics.connect(sample_home) as layer:
        assert layer.catalog.keys() == GOLDEN.keys()


def test_metrics_of_the_sample_world_equal_their_golden_values(sample_home: Path) -> None:
    assert_golden(sample_home)


@pytest.mark.thorough
def test_metrics_of_another_seed_equal_their_golden_values(experience_home: Path) -> None:
    assert_golden(experience_home)


@pytest.mark.thorough
def test_metrics_of_fills_alone_equal_their_golden_values(synthea_home: Path) -> None:
    assert_golden(synthea_home)


def unnoticed(home: Path, names: list[str]) -> list[str]:
    manifest = manifest_of(home)
    found = []
    with metrics.connect(home) as right, duckdb.connect(home / DATABASE, read_only=True) as marts:
        (newest,) = marts.execute("select month(max(month)) from marts.dim_months").fetchone() or ()
        for name in names:
            for wrong, mutated in mutations_of(manifest, name, newest):
                assert json.loads(mutated) != json.loads(manifest)
                with Redefined(home, mutated) as layer:
                    if not differences(layer, marts, right.catalog[name], GOLDEN[name]):
                        found.append(f"{name}: wrong {wrong}")
    return found


def test_wrong_definitions_of_some_metrics_are_noticed(experience_home: Path) -> None:
    assert not unnoticed(experience_home, sorted(GOLDEN)[::SHARE])


@pytest.mark.thorough
def test_wrong_definitions_of_all_metrics_are_noticed(quick_cxe: Cxe, tmp_path: Path) -> None:
    # Large enough for rare events, such as customers who come back in several territories at once.
    simulate(tmp_path / "world", hcps=600, months=36, seed=3, experience_effect=3)
    quick_cxe("run", "--extracts", tmp_path / "world" / "extracts", "--home", tmp_path / "home")
    assert_golden(tmp_path / "home")
    assert not unnoticed(tmp_path / "home", sorted(GOLDEN))
