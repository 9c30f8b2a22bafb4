"""Names and conditions as people type them."""

from __future__ import annotations

import pytest

from cxe.errors import InputError
from cxe.metrics.asking import (
    checked_names,
    found_item,
    having_happened,
    spelled,
    spelled_filter,
    spelled_order,
)
from cxe.metrics.engine import GroupBy

ITEMS = [
    GroupBy("metric_time", "time", ("day", "month", "year")),
    GroupBy("territory", "entity"),
    GroupBy("customer__territory", "entity"),
    GroupBy("customer__segment", "entity"),
    GroupBy("customer__is_inferred", "dimension"),
    GroupBy("product__product_name", "dimension"),
    GroupBy("hub_case__product__product_name", "dimension"),
    GroupBy("fill__payer_type", "dimension"),
    GroupBy("hub_case__payer_type", "dimension"),
    GroupBy("customer__first_seen_on", "time", ("day", "month")),
]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("customer__segment", "customer__segment"),
        ("segment", "customer__segment"),
        ("territory", "territory"),
        ("product_name", "product__product_name"),
        ("month", "metric_time__month"),
        ("metric_time", "metric_time__day"),
        ("metric_time__year", "metric_time__year"),
        ("first_seen_on__month", "customer__first_seen_on__month"),
    ],
)
def test_a_short_name_finds_what_is_meant(typed: str, meant: str) -> None:
    assert spelled(typed, ITEMS) == meant


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("payer_type", "may mean several things. Possible: fill__payer_type, hub_case__payer_type"),
        ("colour", "is not possible here. Possible: metric_time, territory"),
        ("week", "metric_time has no grain week; it has day, month, year"),
    ],
)
def test_an_unclear_name_is_answered_with_what_is_possible(typed: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        found_item(typed, ITEMS)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("segment = 'A'", "{{ Entity('segment', entity_path=['customer']) }} = 'A'"),
        (
            "territory IN ('T1', 'month')",
            "{{ Entity('territory', entity_path=[]) }} IN ('T1', 'month')",
        ),
        (
            "not is_inferred and month >= '2025-01-01'",
            "NOT {{ Dimension('customer__is_inferred', entity_path=[]) }} "
            "AND {{ TimeDimension('metric_time', 'month', entity_path=[]) }} >= '2025-01-01'",
        ),
        (
            "hub_case__product__product_name is null",
            "{{ Dimension('product__product_name', entity_path=['hub_case']) }} IS NULL",
        ),
        ("{{ Dimension('x__y') }} = 1", "{{ Dimension('x__y') }} = 1"),
    ],
)
def test_names_in_a_condition_become_templates(typed: str, meant: str) -> None:
    assert spelled_filter(typed, ITEMS) == meant


@pytest.mark.parametrize("typed", ["segment =", "", "segment = 'A'; drop table x"])
def test_what_is_no_condition_is_refused(typed: str) -> None:
    with pytest.raises(InputError, match="is no condition"):
        spelled_filter(typed, ITEMS)


def test_a_condition_on_something_unknown_names_what_is_possible() -> None:
    with pytest.raises(InputError, match="colour is not possible here"):
        spelled_filter("colour = 'red'", ITEMS)


def test_an_unknown_metric_is_answered_with_the_nearest() -> None:
    with pytest.raises(InputError, match=r"no metric net_valu\. Nearest: net_value"):
        checked_names(["net_valu"], ["net_value", "clv"])
    assert checked_names(["clv", "clv"], ["net_value", "clv"]) == ["clv"]


def test_an_order_names_metrics_and_cuts() -> None:
    assert spelled_order("-clv", ["clv"], ITEMS) == "-clv"
    assert spelled_order("month", ["clv"], ITEMS) == "metric_time__month"


def test_only_tables_by_time_leave_out_what_has_none() -> None:
    assert having_happened(["territory", "customer__first_seen_on__month"]) == []
    assert having_happened(["metric_time__month"]) == [
        "{{ TimeDimension('metric_time', 'month') }} is not null"
    ]
