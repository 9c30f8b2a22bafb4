"""What the gates of a run leave behind, and how a person gets past them."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from worlds import ACCEPT_ALL, Cxe, published

from cxe.guard.suites import expectations, read_suites
from cxe.simulate import simulate
from guard.delivered import Records, file_of, read, write
from guard.faults import FAULTS
from guard.test_faults import split_last_delivery

ASKED = {one.name: one for suite in read_suites().values() for one in expectations(suite)}
PRICES = "raw.access__product_price.numbers_as_before"


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The deliveries of a small world, the last one apart and with prices times a hundred."""
    root = tmp_path_factory.mktemp("delivered")
    simulate(root / "world", hcps=30, months=8, seed=6)
    split_last_delivery(root / "world" / "extracts", root / "links")
    for part in ("early", "last"):
        shutil.copytree(root / "links" / part, root / part)
    FAULTS["prices_times_100"].plant(root / "last")
    return root


@pytest.fixture(scope="module")
def home(cxe: Cxe, delivered: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("gated")
    cxe("run", "--extracts", delivered / "early", "--home", home)
    return home


def test_every_expectation_of_a_run_leaves_a_row(home: Path) -> None:
    with published(home) as connection:
        rows = connection.execute(
            "select check_name, status, owner, query_path from ops.quality_results"
            " where owner is not null"
        ).fetchall()
        uncomputed = connection.execute(
            "select check_name from ops.quality_results where owner is not null"
            " and failures is null and status <> 'pass'"
        ).fetchall()
    assert uncomputed == []
    asked = {name for name, expectation in ASKED.items() if not expectation.compares}
    assert len(rows) == len(asked)
    assert {row[0] for row in rows} == asked
    assert {row[1] for row in rows} <= {"pass", "warn"}
    for *_, page in rows:
        assert (home / page).is_file()


def test_pages_lead_to_each_other_and_nowhere_else(home: Path) -> None:
    (index,) = home.glob("quality/*/data_docs/index.html")
    links = re.findall(r'href="([^"]+)"', index.read_text(encoding="utf-8"))
    assert len(links) > 50
    for link in links:
        page = index.parent / link
        text = page.read_text(encoding="utf-8")
        (back,) = re.findall(r'href="([^"]+)"', text)
        assert (page.parent / back).resolve() == index.resolve()
        assert not re.search(r"https?://|<script|url\(|@import", text)


def test_status_leads_to_what_the_gates_found(cxe: Cxe, home: Path) -> None:
    said = json.loads(cxe("status", "--home", home, "--json").stdout)
    assert Path(said["data_docs"]).is_file()


def test_a_wrong_price_list_is_stopped_in_one_sentence(
    cxe: Cxe, home: Path, delivered: Path, tmp_path: Path
) -> None:
    mine = tmp_path / "home"
    shutil.copytree(home, mine, symlinks=True)
    before = (mine / "published" / "current").readlink()
    stopped = cxe("run", "--extracts", delivered / "last", "--home", mine, code=3).stderr
    assert (mine / "published" / "current").readlink() == before
    (sentence,) = re.findall(r"Found: (.*)", stopped.partition(PRICES)[2])[:1]
    assert "product_price__" in sentence
    assert "net_unit_price averages" in sentence
    assert re.search(r"100\.0+ times what earlier deliveries had", sentence)


def test_what_was_blocked_is_judged_until_it_is_published(
    cxe: Cxe, home: Path, delivered: Path, tmp_path: Path
) -> None:
    mine, last = tmp_path / "home", tmp_path / "last"
    shutil.copytree(home, mine, symlinks=True)
    shutil.copytree(delivered / "early", last)
    spoiled = file_of(delivered / "last", "hub_status_history")
    place = spoiled.relative_to(delivered / "last")
    records = read(spoiled)
    write(
        last / place, Records(records.header, [], [row | {"status": "?"} for row in records.rows])
    )
    assert "?" not in cxe("run", "--extracts", last, "--home", mine, code=3).stderr
    # Nothing to complain about on the day after, and still nobody has looked at the day before.
    write(last / str(place).replace("2026-01-01", "2026-01-02"), Records(records.header, [], []))
    said = cxe("run", "--extracts", last, "--home", mine, code=3).stderr
    assert "codes_known" in said
    assert place.as_posix() in said


@pytest.mark.thorough
def test_what_a_person_accepts_is_published_and_recorded(
    cxe: Cxe, home: Path, delivered: Path, tmp_path: Path
) -> None:
    mine = tmp_path / "home"
    shutil.copytree(home, mine, symlinks=True)
    # Prices move values in all layers: a person who knows them to be true accepts all of it.
    again = cxe("run", "--extracts", delivered / "last", "--home", mine, *ACCEPT_ALL)
    assert f"accepted: {PRICES}" in again.stdout
    with published(mine) as connection:
        assert connection.execute(
            "select status from ops.quality_results where check_name = ?"
            " order by checked_at desc limit 1",
            [PRICES],
        ).fetchone() == ("accepted",)
    # It was said once, and is the past now.
    assert "accepted" not in cxe("run", "--extracts", delivered / "last", "--home", mine).stdout


def test_an_unknown_expectation_cannot_be_accepted(cxe: Cxe, home: Path) -> None:
    said = cxe("build", "--home", home, "--accept", "raw.product_price.levels", code=2).stderr
    assert "raw.access__product_price" in said


def test_a_layer_can_be_checked_by_hand(cxe: Cxe, home: Path, tmp_path: Path) -> None:
    mine = tmp_path / "home"
    shutil.copytree(home, mine, symlinks=True)
    said = cxe("guard", "--layer", "staging", "--home", mine, "--json")
    checks = json.loads(said.stdout)["checks"]
    assert {check["layer"] for check in checks} == {"staging"}
    assert {check["status"] for check in checks} <= {"pass", "warn"}
    # It is no build, so the one before can still not be published a second time.
    cxe("publish", "--home", mine, code=2)
    cxe("guard", "--layer", "marts", "--home", tmp_path / "nothing", code=2)
