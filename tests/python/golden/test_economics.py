"""The economics as published equal what plain Python computes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from worlds import MID_MONTH, published

from golden.barrier_removal import Unit, median_days, units_without_value
from golden.barriers import Barrier
from golden.duplicate_touches import duplicate_touches_in
from golden.economics_marts import assert_same_economics
from golden.engagement import Effort, by_decile
from golden.interactions import Interaction


def test_sample_world_economics_equal_the_second_computation(
    sample_extracts: Path, sample_home: Path
) -> None:
    assert_same_economics(sample_home, sample_extracts)


def test_economics_of_customers_without_cases_equal_the_second_computation(
    shared_data: Path, synthea_home: Path
) -> None:
    assert_same_economics(synthea_home, shared_data / "synthea")


@pytest.mark.thorough
def test_economics_of_a_day_in_mid_month_equal_the_second_computation(
    sample_extracts: Path, mid_month_home: Path
) -> None:
    assert_same_economics(mid_month_home, sample_extracts, MID_MONTH)


def test_compared_home_holds_every_kind_of_row(sample_home: Path) -> None:
    with published(sample_home) as connection:
        causes = connection.execute("select distinct cause from marts.fct_hidden_tax").fetchall()
        some = connection.execute(
            "select count(*) filter (where kind = 'new'),"
            " count(*) filter (where kind = 'reactivated'),"
            " count(*) filter (where acquisition_cost > 0),"
            " count(*) filter (where is_broken_even),"
            " count(*) filter (where is_broken_even is null)"
            " from marts.fct_customers_won"
        ).fetchone()
        removals = connection.execute(
            "select count(*) filter (where median_days > 0),"
            " count(*) filter (where median_days is null),"
            " count(*) filter (where value_unblocked > 0),"
            " count(*) filter (where value_unblocked is null and unit_type = 'function'),"
            " count(*) filter (where value_unblocked is null and unit_type = 'person'),"
            " count(*) filter (where withdrawn > 0),"
            " count(*) filter (where removed_without_escalation between 1 and removed - 1)"
            " from marts.fct_barrier_removal"
        ).fetchone()
    assert {cause for (cause,) in causes} == {
        "reopened_case",
        "repeat_contact",
        "appeal",
        "missing_information",
        "duplicate_touch",
    }
    for counts in (some, removals):
        assert counts is not None
        assert all(counts), counts


def touch(record_id: str, hours: float, function: str | None, **other: str) -> Interaction:
    attributes = {"direction": "outbound", "customer_id": "A1", "product_id": "P1", **other}
    return Interaction(
        type="call",
        record_id=record_id,
        customer_id=attributes["customer_id"],
        organization_id=None,
        function=function,
        direction=attributes["direction"],
        is_two_way=False,
        product_id=attributes["product_id"],
        occurred_at=datetime(2025, 3, 1, tzinfo=UTC) + timedelta(hours=hours),
        touch_cost=None,
        customer_minutes=None,
    )


def test_a_touch_is_a_duplicate_on_the_heels_of_another_function() -> None:
    touches = [
        touch("a", 0, "sales"),
        touch("b", 0, "medical"),
        touch("c", 1, "medical", product_id="P2"),
        touch("d", 1, "medical", customer_id="A2"),
        touch("e", 1, "support", direction="inbound"),
        touch("f", 1, None),
        # Two days after b to the second, and h a little more after g.
        touch("g", 48, "sales"),
        touch("h", 96.001, "medical"),
        # Its own function between hides nothing from k.
        touch("i", 200, "access"),
        touch("j", 210, "sales"),
        touch("k", 220, "sales"),
    ]
    duplicates = {duplicate.record_id for duplicate in duplicate_touches_in(reversed(touches))}
    assert duplicates == {"b", "g", "j", "k"}


def test_customers_touched_equally_often_share_the_lowest_of_their_deciles() -> None:
    efforts = [Effort(touches, 0, 0) for touches in (0, 0, 0, 1, 2, 2, 3, 4, 5, 6)]
    assert {decile: len(own) for decile, own in by_decile(efforts).items()} == {
        1: 3,
        4: 1,
        5: 2,
        **dict.fromkeys((7, 8, 9, 10), 1),
    }


def test_median_days_count_who_is_censored_on_a_day_as_at_risk_on_it() -> None:
    # 4/5 x 3/4 = 3/5 on day 5; had those censored on it left before, it would be 2/5.
    assert median_days([(2, True), (5, True), (5, False), (5, False), (9, True)]) == 9
    assert median_days([(2, True), (5, True)]) == 2
    assert median_days([(2, True), (5, False), (9, False)]) is None


def barrier(staff_id: str | None, function: str | None) -> Barrier:
    return Barrier(
        barrier_id="B",
        customer_id="A1",
        organization_id=None,
        case_id=None,
        barrier_type=None,
        staff_id=staff_id,
        function=function,
        escalated_to=None,
        territory=None,
        identified_at=datetime(2025, 3, 1, tzinfo=UTC),
        escalated_at=None,
        resolved_at=None,
        resolution=None,
        started_after_removal=False,
        value_unblocked=Decimal(0),
    )


MEDICAL, ACCESS, SALES = barrier("m", "medical"), barrier("a", "access"), barrier("s", "sales")


def test_value_of_one_adviser_is_not_told_by_what_it_leaves_of_the_sum() -> None:
    medical, access, sales, support, unknown = (
        Unit("function", function)
        if function == "unknown"
        else Unit("function", function, function)
        for function in ("medical", "access", "sales", "support", "unknown")
    )
    # The other advisers first, however many barriers they have; else the fewest, else by name.
    of_access = [ACCESS, barrier("b", "access"), ACCESS]
    for others, also_hidden in (
        ({access: of_access, sales: [SALES]}, {access}),
        ({sales: [SALES, SALES], support: [barrier("t", "support")]}, {support}),
        ({support: [barrier("t", "support")], sales: [SALES]}, {sales}),
        ({unknown: [barrier(None, None)], sales: [SALES, SALES]}, {unknown}),
        # Of two that are hidden neither is what is left of the sum.
        ({access: [ACCESS], sales: [SALES]}, {access}),
        ({}, set()),
    ):
        assert units_without_value({medical: [MEDICAL], **others}) == {medical, *also_hidden}
    assert not units_without_value({access: of_access, sales: [SALES]})


def test_a_territory_of_one_adviser_hides_the_smallest_other_one() -> None:
    north, east, south = (Unit("territory", name) for name in ("north", "east", "south"))
    own = {north: [MEDICAL, MEDICAL], east: [SALES, MEDICAL], south: [SALES, SALES]}
    assert units_without_value(own) == {north, east}
    # Who works for nobody known is no adviser, and somebody.
    assert not units_without_value({north: [MEDICAL, barrier(None, None)], south: [SALES]})
    assert not units_without_value({north: [barrier(None, None)]})


def test_value_of_persons_is_not_told_where_one_adviser_is_what_they_leave() -> None:
    persons = {
        Unit("person", each.staff_id or "unknown", each.function): [each]
        for each in (MEDICAL, SALES, barrier(None, None))
    }
    company, sales = Unit("company", "all"), Unit("person", "s", "sales")
    barriers = [MEDICAL, MEDICAL, SALES, barrier(None, None)]
    assert units_without_value({company: barriers, **persons}) == persons.keys()
    shown = {company: [*barriers, ACCESS], **persons}
    assert units_without_value(shown) == persons.keys() - {sales}
