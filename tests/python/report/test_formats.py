"""Values look the same wherever they stand."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from cxe.report.answers import HIDDEN, cell_text
from cxe.report.formats import plain, text


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (Decimal("1234567.89"), "currency", "1,234,568"),
        (0.7349, "share", "73.5%"),
        (-0.0001, "share", "0.0%"),
        (-0.031, "share", "-3.1%"),
        (70.25, "score", "70.2"),
        (Decimal(12), "cases", "12"),
        (1.005, "ratio", "1.00"),
        (-0.2, "customers", "0"),
        (date(2025, 12, 1), "month", "Dec 2025"),
        (date(2025, 12, 31), "date", "2025-12-31"),
        (datetime(2025, 12, 31, 8, 5), "", "2025-12-31 08:05"),
        (True, "", "yes"),
        ("<b>", "", "<b>"),
        (None, "currency", "\N{EN DASH}"),
        (float("nan"), "share", "\N{EN DASH}"),
        (HIDDEN, "cases", "•"),
    ],
)
def test_a_value_is_shown_by_its_unit(value: Any, unit: str, expected: str) -> None:
    assert cell_text(value, unit) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Decimal("1234567.89"), 1234567.89),
        (Decimal("12.00"), 12),
        (float("inf"), None),
        (date(2025, 12, 1), "2025-12-01"),
        ("T001", "T001"),
    ],
)
def test_a_raw_value_is_what_json_knows(value: Any, expected: Any) -> None:
    assert plain(value) == expected


def test_text_is_never_a_number_with_a_lonely_minus() -> None:
    assert [text(value, "score") for value in (-0.04, -0.05, 0.0)] == ["0.0", "-0.1", "0.0"]
