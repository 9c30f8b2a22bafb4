"""Single cases stand on the work list, in the order to take them up, and in no report."""

from __future__ import annotations

from pathlib import Path

import pytest
from worlds import published

from cxe.home import Home
from cxe.report.pages import work_list
from cxe.report.source import Source
from report.pages import WORK_LIST, Block, Page, page_file, raw


def blocks(home: Path) -> dict[str, Block]:
    return {block.id: block for block in Page(page_file(home, WORK_LIST)).blocks}


def test_every_open_case_is_listed_in_its_rank(sample_home: Path) -> None:
    with published(sample_home) as connection:
        ranked = connection.execute(
            "select case_id from marts.fct_open_cases order by work_rank"
        ).fetchall()
    listed = [(raw(row["case_id"]),) for row in blocks(sample_home)["cases"].rows]
    assert listed == ranked
    assert listed


def test_those_who_hold_cases_hold_all_of_them(sample_home: Path) -> None:
    found = blocks(sample_home)
    cases = found["cases"].rows
    held = {
        (raw(row["owner_org"]), raw(row["sub_status"])): tuple(
            raw(row[name]) for name in ("cases", "overdue", "unpromised")
        )
        for row in found["holders"].rows
    }
    assert held
    for place, counts in held.items():
        there = [row for row in cases if (raw(row["owner_org"]), raw(row["sub_status"])) == place]
        overdue = [row for row in there if raw(row["overdue_promises"])]
        settled = [row for row in there if row not in overdue and not raw(row["next_promise_id"])]
        assert counts == (len(there), len(overdue), len(settled))
    assert sum(count for count, _, _ in held.values()) == len(cases)
    assert all(sum(column) for column in zip(*held.values(), strict=True))


def test_only_approvals_without_a_renewal_are_listed(sample_home: Path) -> None:
    with published(sample_home) as connection:
        waiting = connection.execute(
            "select case_id from marts.fct_reauthorizations_due where renewal_started_at is null"
        ).fetchall()
    rows = blocks(sample_home)["approvals"].rows
    assert sorted((raw(row["case_id"]),) for row in rows) == sorted(waiting)
    assert waiting
    left = [raw(row["days_left"]) for row in rows]
    assert left == sorted(left)


def test_what_is_overdue_says_which_promise_and_whose(sample_home: Path) -> None:
    for row in blocks(sample_home)["cases"].rows:
        named = [row[name] for name in ("oldest_overdue_promise_id", "accountable")]
        assert all(map(raw, named)) is (raw(row["overdue_promises"]) > 0)


def test_a_list_that_is_cut_says_so(sample_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work_list, "MOST_ROWS", 2)
    source = Source(Home(sample_home))
    try:
        found = {block.id: block for block in work_list.page(source).blocks}
    finally:
        source.close()
    for id in ("cases", "approvals"):
        assert len(found[id].answer.rows) == 2
        assert "the first 2 of " in found[id].summary


def test_no_case_stands_in_a_report(sample_home: Path, report_site: Path) -> None:
    with published(sample_home) as connection:
        cases = connection.execute("select case_id from marts.fct_fulfillment_journeys").fetchall()
    pages = "\n".join(path.read_text(encoding="utf-8") for path in report_site.glob("*.html"))
    assert [case for (case,) in cases if case in pages] == []
    assert len(cases) > 100
