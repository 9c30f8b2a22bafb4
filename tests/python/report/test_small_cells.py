"""Numbers of 10 patients or fewer are not shown, nor what would give them away."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cxe import metrics
from cxe.home import Home
from cxe.report.answers import HIDDEN, NO_SCOPE, Answer, Column
from cxe.report.joins import ordered, resting_on
from cxe.report.small_cells import counts_behind, hide, small_stages, small_steps
from cxe.report.source import Source


def shown(cells: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Counts by group after small ones were hidden."""
    rows = [{"group": group, "cases": count} for group, count in cells.items()]
    return {
        row["group"]: row["cases"]
        for row in hide(rows, ["group"], {"cases": ["cases"]}, {"cases": "cases"}, **more)
    }


def test_nothing_is_hidden_above_ten_and_at_zero() -> None:
    assert shown({"a": 11, "b": 0, "c": 500}) == {"a": 11, "b": 0, "c": 500}


def test_two_small_cells_hide_nothing_else_when_they_are_many_together() -> None:
    found = shown({"a": 10, "b": 9, "c": 500})
    assert found == {"a": HIDDEN, "b": HIDDEN, "c": 500}


def test_a_single_small_cell_takes_the_smallest_other_with_it() -> None:
    # The total less 500 less 40 would be the 7.
    assert shown({"a": 7, "b": 40, "c": 500}) == {"a": HIDDEN, "b": HIDDEN, "c": 500}


def test_small_cells_that_are_few_together_take_another_with_them() -> None:
    # Three and four hidden patients are seven: the total less 500 less 40 says so.
    found = shown({"a": 3, "b": 4, "c": 40, "d": 500})
    assert found == {"a": HIDDEN, "b": HIDDEN, "c": HIDDEN, "d": 500}


def test_a_share_is_hidden_with_its_parts_and_with_its_rest() -> None:
    rows = [
        {"group": "few lost", "lost": 4, "cases": 60, "share": 4 / 60},
        {"group": "few kept", "lost": 57, "cases": 60, "share": 57 / 60},
        {"group": "many", "lost": 30, "cases": 60, "share": 0.5},
        {"group": "all", "lost": 60, "cases": 60, "share": 1.0},
    ]
    found = hide(rows, ["group"], {"share": ["lost", "cases"]}, {"lost": "n", "cases": "n"})
    assert [row["share"] for row in found] == [HIDDEN, HIDDEN, 0.5, 1.0]


def test_a_share_beside_its_parts_tells_no_more_than_they_do() -> None:
    # The 4 take the 20 with them; the share of the 20, times its cases, would bring them back.
    rows = [
        {"owner": "payer", "risky": 90, "handoffs": 200, "share": 0.45},
        {"owner": "hub", "risky": 20, "handoffs": 300, "share": 20 / 300},
        {"owner": "patient", "risky": 4, "handoffs": 40, "share": 0.1},
    ]
    behind = {"risky": ["risky"], "share": ["risky", "handoffs"], "handoffs": ["handoffs"]}
    units = {"risky": "handoffs", "handoffs": "handoffs"}
    found = hide(rows, ["owner"], behind, units)
    assert [row["risky"] for row in found] == [90, HIDDEN, HIDDEN]
    assert [row["share"] for row in found] == [0.45, HIDDEN, HIDDEN]
    assert [row["handoffs"] for row in found] == [200, 300, 40]


def test_a_stage_that_few_left_before_is_hidden() -> None:
    # 500 less 495 are 5; 470 is told from the 500 that are shown, by 30.
    assert small_steps([500, 495, 470, 470, 7, 0]) == {1, 4}


def test_few_steps_add_up_until_they_are_many() -> None:
    # Delivered so far, by day: the 4, the 9 and the 12 that is 0 more than 12.
    assert small_steps([0, 4, 9, 12, 12, 20, 23]) == {1, 2, 5}


def test_a_stage_that_is_kept_hides_the_one_before() -> None:
    assert small_steps([500, 470, 464, 464]) == {2, 3}
    assert small_steps([500, 470, 464, 464], kept=(0, 2)) == {1}
    assert small_steps([500, 496, 400], kept=(0, 1)) == {1}


def test_stages_of_parts_do_not_tell_what_the_whole_or_another_part_hides() -> None:
    # B loses 5 on the way to the second stage: all less A would tell it, so A goes as well.
    counts = {None: [500, 440, 300], "A": [300, 245, 200], "B": [200, 195, 100]}
    assert small_stages(counts) == {None: set(), "A": {1}, "B": {1}}
    # All lose 8; parts that lose none of them but one have to leave one out.
    counts = {None: [500, 492, 300], "A": [300, 300, 200], "B": [200, 192, 100]}
    assert small_stages(counts) == {None: {1}, "A": set(), "B": {1}}
    # The whole left its second stage out for the third, the parts had no reason to.
    counts = {None: [500, 470, 460], "A": [300, 285, 270], "B": [200, 185, 190]}
    assert 1 in small_stages(counts, kept=(0, 2))["B"]


def test_parts_in_different_units_have_no_rest() -> None:
    rows = [{"group": "a", "loops": 55, "cases": 60, "loops_per_case": 55 / 60}]
    units = {"loops": "loops", "cases": "cases"}
    behind = {"loops_per_case": ["loops", "cases"]}
    assert hide(rows, ["group"], behind, units)[0]["loops_per_case"] == 55 / 60


def test_complements_are_hidden_along_every_cut() -> None:
    counts = {("x", 1): 5, ("x", 2): 20, ("y", 1): 30, ("y", 2): 40}
    rows = [{"unit": unit, "month": month, "cases": n} for (unit, month), n in counts.items()]
    found = hide(rows, ["unit", "month"], {"cases": ["cases"]}, {"cases": "cases"})
    # Row x shows its total, column 1 too, and with them 20 and 30 would tell the 5; then y, 2.
    assert all(row["cases"] is HIDDEN for row in found)


def counted(rows: list[dict[str, Any]], group: str, *names: str, **more: Any) -> list[list[Any]]:
    """What is left of columns that are counts of one unit."""
    behind = {name: [name] for name in names}
    found = hide(rows, [group], behind, dict.fromkeys(names, "cases"), **more)
    return [[row[name] for name in names] for row in found]


def test_of_two_counts_that_few_patients_tell_apart_the_smaller_one_is_hidden() -> None:
    # 1,276 moments less 1,275 judged are 1; 90 upheld are told from the 1,276 by 1,186.
    rows = [{"moment": "shipment", "over": 1276, "judged": 1275, "upheld": 90}]
    assert counted(rows, "moment", "over", "judged", "upheld") == [[1276, HIDDEN, 90]]
    # 100 less 95 are 5; 88 are 12 fewer than the 100, and of the 95 nothing is known.
    rows = [{"moment": "shipment", "over": 100, "judged": 95, "upheld": 88}]
    assert counted(rows, "moment", "over", "judged", "upheld") == [[100, HIDDEN, 88]]


def test_counts_of_different_units_are_not_told_apart() -> None:
    rows = [{"group": "a", "loops": 55, "cases": 60}]
    behind = {"loops": ["loops"], "cases": ["cases"]}
    found = hide(rows, ["group"], behind, {"loops": "loops", "cases": "cases"})
    assert (found[0]["loops"], found[0]["cases"]) == (55, 60)


def test_a_count_that_few_tell_from_another_takes_a_complement_with_it() -> None:
    # All less the 40 of b would bring the 95 of a back, and with them the 5 that are left.
    rows = [
        {"group": "a", "settled": 100, "kept": 95},
        {"group": "b", "settled": 80, "kept": 40},
        {"group": "c", "settled": 300, "kept": 200},
    ]
    assert counted(rows, "group", "settled", "kept") == [
        [100, HIDDEN],
        [80, HIDDEN],
        [300, 200],
    ]
    # Here b has no rest: 95 and 80 of 180 would say that 5 are left over in a.
    rows[1]["kept"] = 80
    assert counted(rows, "group", "settled", "kept")[2] == [300, HIDDEN]


def test_parts_of_a_whole_are_hidden_together() -> None:
    # The 4 broken ones of a take the 20 of b with them; 60 settled less 40 kept are these 20.
    rows = [
        {"group": "a", "settled": 34, "kept": 30, "broken": 4},
        {"group": "b", "settled": 60, "kept": 40, "broken": 20},
        {"group": "c", "settled": 90, "kept": 45, "broken": 45},
    ]
    assert counted(rows, "group", "settled", "kept", "broken") == [
        [34, HIDDEN, HIDDEN],
        [60, HIDDEN, HIDDEN],
        [90, 45, 45],
    ]


def test_many_promises_of_few_cases_are_hidden() -> None:
    # 25 promises of 7 cases; the 24 of c are told by all less the others, and go with them.
    rows = [
        {"group": "a", "settled": 60, "broken": 25, "cases": 7},
        {"group": "b", "settled": 90, "broken": 45, "cases": 30},
        {"group": "c", "settled": 70, "broken": 24, "cases": 18},
    ]
    found = hide(
        rows,
        ["group"],
        {
            "broken": ["broken", "cases"],
            "settled": ["settled"],
            "broken_share": ["broken", "settled"],
        },
        {"broken": "promises", "settled": "promises"},
        cases={"broken": "cases"},
    )
    assert [row["broken"] for row in found] == [HIDDEN, 45, HIDDEN]
    assert [row["settled"] for row in found] == [60, 90, 70]
    # What is not told of promises is not told by their share either.
    assert [row.get("broken_share") for row in found] == [HIDDEN, None, HIDDEN]


def test_a_share_tells_a_count_that_is_not_shown() -> None:
    # Half of 200 are 100, of which the 95 that were delivered leave 5.
    rows = [{"group": "a", "cases": 200, "started": 100, "share": 0.5, "delivered": 95}]
    behind = {"cases": ["cases"], "share": ["started", "cases"], "delivered": ["delivered"]}
    units = dict.fromkeys(("cases", "started", "delivered"), "cases")
    assert hide(rows, ["group"], behind, units)[0]["delivered"] is HIDDEN


def test_a_hidden_total_is_not_the_sum_of_what_is_shown() -> None:
    # All of unit x are hidden beside the 8 of y, so one of its products is as well.
    counts: dict[tuple[str | None, str | None], int] = {
        **{("x", None): 30, ("y", None): 8, ("z", None): 90, (None, "p"): 65, (None, "q"): 63},
        **{("x", "p"): 15, ("x", "q"): 15, ("y", "p"): 0, ("y", "q"): 8},
        **{("z", "p"): 50, ("z", "q"): 40, (None, None): 128},
    }
    rows = [{"unit": unit, "product": product, "n": n} for (unit, product), n in counts.items()]
    scopes = ["unit", "product"]
    found = hide(rows, scopes, {"n": ["n"]}, {"n": "cases"}, scopes=scopes)
    shown = {(row["unit"], row["product"]): row["n"] for row in found}
    assert shown["y", None] is shown["x", None] is HIDDEN
    assert HIDDEN in {shown["x", "p"], shown["x", "q"]}


def test_a_total_is_hidden_where_nothing_else_is_left_to_hide() -> None:
    # Of two units only one has any: what all have is what it has, told here by product.
    counts: dict[tuple[str | None, str | None], int] = {
        **{("x", None): 40, ("y", None): 0, (None, "p"): 5, (None, "q"): 35, (None, None): 40},
        **{("x", "p"): 5, ("x", "q"): 35, ("y", "p"): 0, ("y", "q"): 0},
    }
    rows = [{"unit": unit, "product": product, "n": n} for (unit, product), n in counts.items()]
    scopes = ["unit", "product"]
    found = hide(rows, scopes, {"n": ["n"]}, {"n": "cases"}, scopes=scopes)
    shown = {(row["unit"], row["product"]): row["n"] for row in found}
    # The 5 are hidden, their complement 35 too, and the 35 of all that would give it away.
    assert shown["x", "p"] is shown["x", "q"] is shown[None, "q"] is HIDDEN
    assert shown["x", None] == shown[None, None] == 40


def test_metrics_are_hidden_where_few_cases_stand_behind_them() -> None:
    columns = (Column("product", "Product"), Column("owner", "Owner"), Column("handoffs", ""))
    rows: list[dict[str, Any]] = [
        {"product": None, "owner": "HUB", "handoffs": 60},
        {"product": None, "owner": "HCP", "handoffs": 80},
        {"product": "P", "owner": "HUB", "handoffs": 12},
        {"product": "P", "owner": "HCP", "handoffs": 30},
        {"product": "Q", "owner": "HUB", "handoffs": 48},
        {"product": "Q", "owner": "HCP", "handoffs": 50},
    ]
    cases = [50, 60, 2, 25, 48, 35]
    behind = [{**row, "cases": count} for row, count in zip(rows, cases, strict=True)]
    found = resting_on(
        Answer(columns, rows, ("cxe metrics query handoffs",), ("product",)),
        Answer((*columns[:2], Column("cases", "")), behind, ("sql: select 1",)),
        {"handoffs": ["cases"]},
    )
    # Twelve handoffs of two cases; what all less the others would tell goes with them.
    assert [row["handoffs"] for row in found.rows] == [60, 80, HIDDEN, HIDDEN, HIDDEN, HIDDEN]
    assert found.commands == ("cxe metrics query handoffs",)


def test_hidden_values_stand_last_in_the_order_of_their_names() -> None:
    rows: list[dict[str, Any]] = [
        {"unit": "d", "cases": 40},
        {"unit": "c", "cases": HIDDEN},
        {"unit": "e", "cases": None},
        {"unit": "a", "cases": HIDDEN},
        {"unit": "b", "cases": 50},
        {"unit": "f", "cases": 40},
    ]
    found = ordered(rows, ["-cases", "unit"])
    assert [row["unit"] for row in found] == ["b", "d", "f", "e", "a", "c"]


def test_promises_and_fills_stand_on_cases_beside_themselves(sample_home: Path) -> None:
    catalog = metrics.connect(sample_home).catalog
    assert counts_behind("promises_broken", catalog) == ["promises_broken", "broken_promise_cases"]
    assert counts_behind("shipped_value", catalog) == ["fills", "shipped_cases"]
    assert set(counts_behind("promise_kept_rate", catalog)) == {
        *("promises_kept", "promises_broken", "promises_settled"),
        *("kept_promise_cases", "broken_promise_cases", "promised_cases"),
    }


@pytest.fixture(scope="module")
def source(sample_home: Path) -> Source:
    return Source(Home(sample_home))


def test_metrics_on_hub_cases_and_fills_say_how_many_patients_they_stand_on(
    sample_home: Path,
) -> None:
    marts = {"fct_fulfillment_journeys", "fct_fulfillment_steps", "fct_fills", "fct_promises"}
    catalog = metrics.connect(sample_home).catalog
    of_patients = [name for name, metric in catalog.items() if marts & set(metric.models)]
    assert len(of_patients) > 40
    assert [name for name in of_patients if not counts_behind(name, catalog)] == []


def test_no_small_count_of_cases_is_shown(source: Source) -> None:
    answer = source.ask("received_cases", "unfulfilled_share", by=["month", "territory"])
    asked = source.layer.query(
        "received_cases", "unfulfilled_cases", "mature_start_cases", by=["month", "territory"]
    ).to_pylist()
    assert len(asked) == len(answer.rows)
    hidden = 0
    for row, behind in zip(answer.rows, asked, strict=True):
        if 0 < behind["received_cases"] <= 10:
            assert row["received_cases"] is HIDDEN
            hidden += 1
        if 0 < (behind["unfulfilled_cases"] or 0) <= 10:
            assert row["unfulfilled_share"] is HIDDEN
    assert hidden > 10


def test_who_comes_to_a_pharmacy_is_none_of_those_who_leave_it(source: Source) -> None:
    names = ("pharmacy_transfers_in", "pharmacy_transfers_out")
    shown = source.ask(*names, by=["pharmacy"])
    asked = source.layer.query(*names, by=["pharmacy"]).to_pylist()
    alike = 0
    for row, behind in zip(shown.rows, asked, strict=True):
        values = [behind[name] for name in names]
        if min(values) > 10:
            assert [row[name] for name in names] == values
            alike += abs(values[0] - values[1]) <= 10
    assert alike


def test_the_order_of_rows_does_not_tell_of_hidden_values(source: Source) -> None:
    groups = ["territory", "outcome"]
    answer = source.ask("unfulfilled_cases", by=groups, order=["-unfulfilled_cases"])
    values = [row["unfulfilled_cases"] for row in answer.rows]
    first = values.index(HIDDEN)
    hidden = [(row["territory"], row["outcome"]) for row in answer.rows[first:]]
    assert set(values[first:]) == {HIDDEN}
    assert hidden == sorted(hidden)
    assert answer.commands[0].endswith("--order=-unfulfilled_cases,territory,outcome")
    some = source.ask("unfulfilled_cases", by=groups, order=["-unfulfilled_cases"], limit=first + 2)
    assert list(some.rows) == list(answer.rows)[: first + 2]


def test_no_promises_of_few_cases_are_shown(source: Source) -> None:
    answer = source.ask("promises_broken", by=["quarter", "territory"])
    behind = source.layer.query(
        "broken_promise_cases", by=["quarter", "territory"], where=["channel_group = 'access'"]
    ).to_pylist()
    few = {
        (row["metric_time__quarter"], row["territory"] or NO_SCOPE)
        for row in behind
        if 0 < (row["broken_promise_cases"] or 0) <= 10
    }
    assert few
    shown = [row for row in answer.rows if (row["quarter"], row["territory"]) in few]
    assert {row["promises_broken"] for row in shown} == {HIDDEN}


def test_overdue_promises_are_hidden_like_patients(source: Source) -> None:
    answer = source.ask("overdue_promises", by=["month", "territory"], scopes=["territory"])
    shown = [row["overdue_promises"] for row in answer.rows]
    assert HIDDEN in shown
    assert [count for count in shown if count is not HIDDEN and 0 < (count or 0) <= 10] == []


def test_relationships_with_a_patient_are_hidden_where_they_are_few(source: Source) -> None:
    names = ("reached_relationships", "prescribing_relationships", "started_relationships")
    answer = source.ask(*names, by=["month", "product_name"], scopes=["product_name"])
    for name in names[1:]:
        shown = [row[name] for row in answer.rows]
        assert HIDDEN in shown
        assert [count for count in shown if count is not HIDDEN and 0 < (count or 0) <= 10] == []
    reached = [row["reached_relationships"] for row in answer.rows]
    assert HIDDEN not in reached
    assert any(0 < (count or 0) <= 10 for count in reached)


def test_a_conversion_does_not_tell_few_converted(source: Source) -> None:
    rate = "prescription_conversion_rate_90d"
    answer = source.ask("reached_relationships", rate, by=["month"])
    asked = source.layer.query("reached_relationships", rate, by=["month"]).to_pylist()
    converted = [round((row[rate] or 0) * (row["reached_relationships"] or 0)) for row in asked]
    assert any(0 < count <= 10 for count in converted)
    for row, count in zip(answer.rows, converted, strict=True):
        assert row[rate] is HIDDEN or not 0 < count <= 10


def test_promises_that_are_not_about_a_patient_are_shown_however_few(source: Source) -> None:
    few = source.ask("promises_settled", by=["touchpoint", "month"])
    shown_small = [
        row
        for row in few.rows
        if row["promises_settled"] is not HIDDEN
        and row["promises_settled"]
        and row["promises_settled"] <= 10
    ]
    assert shown_small
    assert {row["touchpoint"] for row in shown_small}.isdisjoint(
        {"coverage", "delivery", "enrollment"}
    )


def test_a_scope_has_rows_for_all_of_it_that_are_no_sum_of_the_others(source: Source) -> None:
    answer = source.ask("relationship_health", by=["month", "territory"], scopes=["territory"])
    company = source.layer.query("relationship_health", by=["month"]).to_pylist()
    assert [row["relationship_health"] for row in answer.where(territory=None)] == [
        pytest.approx(row["relationship_health"], rel=1e-9) for row in company
    ]
    territories = {row["territory"] for row in answer.rows} - {None}
    assert len(territories) > 1
    assert NO_SCOPE not in territories
    assert len(answer.commands) == 2
