"""A newcomer adds a metric by the how-to alone."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import yaml

from metrics.comparison import differences
from metrics.golden import Golden
from metrics.governance import faults
from metrics.test_golden_values import DATABASE, Redefined

REPOSITORY = Path(__file__).resolve().parents[3]
HOW_TO = (REPOSITORY / "docs/how-to/add-a-metric.md").read_text(encoding="utf-8")
MOST_LINES = 10


def block(language: str) -> str:
    found = re.search(rf"^```{language}\n(.*?)^```$", HOW_TO, flags=re.MULTILINE | re.DOTALL)
    assert found
    return found.group(1)


def test_the_metric_of_the_how_to_is_governed_and_equals_its_golden_value(
    tmp_path: Path, sample_home: Path, parsed: Path
) -> None:
    added = block("yaml")
    assert len(added.splitlines()) < MOST_LINES
    for name in ("dbt_project.yml", "profiles.yml"):
        shutil.copy(REPOSITORY / name, tmp_path)
    for name in ("models", "macros", "seeds", "tests/dbt"):
        shutil.copytree(REPOSITORY / name, tmp_path / name)
    (path,) = re.findall(r"`(models/marts/\S+\.yml)`", HOW_TO)
    with (tmp_path / path).open("a", encoding="utf-8") as model:
        model.write(added)
    assert not faults({path: yaml.safe_load((tmp_path / path).read_text(encoding="utf-8"))})
    subprocess.run(
        [Path(sys.executable).with_name("dbt"), "--quiet", "parse"],
        cwd=tmp_path,
        env={**os.environ, "DBT_PARTIAL_PARSE_FILE_PATH": str(parsed)},
        check=True,
    )
    manifest = (tmp_path / "target" / "semantic_manifest.json").read_text(encoding="utf-8")
    golden = eval(f"{{{block('python')}}}", {"Golden": Golden})
    ((name, expected),) = golden.items()
    with (
        Redefined(sample_home, manifest) as layer,
        duckdb.connect(sample_home / DATABASE, read_only=True) as marts,
    ):
        metric = layer.catalog[name]
        assert metric.owner
        assert not differences(layer, marts, metric, expected)
