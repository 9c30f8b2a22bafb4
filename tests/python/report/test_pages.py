"""Pages stand whatever the numbers are: much of them hidden, or none there at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from altair.utils import schemapi

from cxe.home import Home
from cxe.report import small_cells
from cxe.report.answers import HIDDEN
from cxe.report.pages import PAGES
from cxe.report.source import Source


@pytest.fixture(scope="module")
def source(sample_home: Path) -> Iterator[Source]:
    found = Source(Home(sample_home))
    yield found
    found.close()


@pytest.mark.parametrize(
    "limit",
    [
        100,
        pytest.param(1_000, marks=pytest.mark.thorough),
        10**9,
    ],
)
def test_pages_stand_however_much_of_them_is_hidden(
    source: Source, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(small_cells, "LARGEST_SMALL_CELL", limit)
    hidden = 0
    for page in PAGES:
        # Charts are checked where they are drawn, in the tests of the browser.
        with schemapi.debug_mode(False):
            blocks = page(source).blocks
        for block in blocks:
            assert block.summary, block.id
            assert len(block.data["rows"]) == len(block.answer.rows)
            hidden += sum(value is HIDDEN for row in block.answer.rows for value in row.values())
    assert hidden
