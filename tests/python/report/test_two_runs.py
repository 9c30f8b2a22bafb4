"""Pages tell of the run that is published, whatever was run before it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from cxe.home import Home
from cxe.report.blocks import Page
from cxe.report.pages import PAGES, WORK_LIST, data_quality
from cxe.report.source import Source

# The page on data quality lists the runs.
OTHERS = [page for page in (*PAGES, WORK_LIST) if page is not data_quality.page]


@pytest.fixture(scope="module")
def two_runs(sample_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample world's published version with an earlier run on its record."""
    root = tmp_path_factory.mktemp("two-runs")
    current = (sample_home / "published" / "current").resolve()
    version = root / "published" / current.name
    shutil.copytree(current, version)
    (root / "published" / "current").symlink_to(os.path.relpath(version, root / "published"))
    with duckdb.connect(str(version / "cxe.duckdb")) as connection:
        connection.execute(
            "insert into ops.runs select * replace ('20200101T000000000Z' as run_id, "
            "as_of_date - 200 as as_of_date) from ops.runs"
        )
    return root


@pytest.mark.parametrize("page", OTHERS, ids=lambda page: page.__module__.rpartition(".")[2])
def test_an_earlier_run_changes_nothing(
    page: Callable[[Source], Page], sample_home: Path, two_runs: Path
) -> None:
    def told(root: Path) -> list[object]:
        source = Source(Home(root))
        try:
            return [
                (block.summary, [column.text(row) for row in answer.rows for column in columns])
                for block in page(source).blocks
                for answer in [block.answer]
                for columns in [answer.columns]
            ]
        finally:
            source.close()

    assert told(two_runs) == told(sample_home)
