"""A site is put in place whole, or not at all."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from cxe.errors import CxeError
from cxe.home import Home
from cxe.report.site import write_report


@pytest.fixture
def home(sample_home: Path, tmp_path: Path) -> Home:
    shutil.copytree(sample_home / "published", tmp_path / "published", symlinks=True)
    shutil.copytree(sample_home / "reports", tmp_path / "reports", symlinks=True)
    shutil.copytree(sample_home / "work_lists", tmp_path / "work_lists", symlinks=True)
    return Home(tmp_path)


def test_a_site_takes_the_place_of_the_earlier_one_and_of_nothing_else(home: Home) -> None:
    index = home.reports / "current" / "index.html"
    index.write_text("of an earlier cxe", encoding="utf-8")
    gone = home.reports / "20200101T000000000Z"
    gone.mkdir()
    kept = home.reports / "board-pack"
    kept.mkdir()
    lists = home.work_lists / gone.name
    lists.mkdir()
    home.work_list.write_text("of an earlier cxe", encoding="utf-8")
    target = write_report(home)
    assert (home.reports / "current").resolve() == target.resolve()
    assert index.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert not gone.exists()
    assert home.work_lists.joinpath("current").readlink() == Path(target.name)
    assert home.work_list.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert not lists.exists()
    assert list(home.work_lists.glob(".*")) == []
    assert kept.exists()
    assert (home.reports / "model_card.md").exists()
    assert list(home.reports.glob(".*")) == []


def test_a_page_that_cannot_be_made_is_named_and_the_site_in_place_stays(home: Home) -> None:
    in_place = (home.report, home.work_list)
    before = [page.read_bytes() for page in in_place]
    with duckdb.connect(str(home.current / "cxe.duckdb")) as connection:
        connection.execute("drop table marts.fct_variability_signals")
    with pytest.raises(CxeError, match=r"The page \w+ cannot be made of this version"):
        write_report(home)
    assert [page.read_bytes() for page in in_place] == before
    assert [*home.reports.glob(".*"), *home.work_lists.glob(".*")] == []
