"""What summaries say of rows is true with ties, hidden rows, one row and none."""

from __future__ import annotations

from typing import Any

import pytest

from cxe.report.answers import HIDDEN, Answer, Column
from cxe.report.sentences import Leaders, leaders, least_and_most, listed, spread


def answer_of(*rates: Any) -> Answer:
    """Rates of A, B, C and so on, and how many cases they are of."""
    columns = (Column("name", "Name"), Column("rate", "Rate", "share"), Column("n", "", "cases"))
    rows = [
        {"name": name, "rate": rate, "n": 10 * place}
        for place, (name, rate) in enumerate(zip("ABCDEFG", rates, strict=False), start=1)
    ]
    return Answer(columns, rows, ())


def led(*rates: Any, **more: Any) -> Leaders:
    answer = answer_of(*rates)
    found = leaders(answer, answer.rows, "rate", "name", **more)
    assert found
    return found


def test_the_largest_leads_and_the_smallest_on_request() -> None:
    assert (led(0.2, 0.5).names, led(0.2, 0.5).text) == ("B", "50.0%")
    assert led(0.2, 0.5, lowest=True).names == "A"


def test_a_tie_is_named_with_all_who_are_in_it() -> None:
    tie = led(0.5, 0.2, 0.5, None)
    assert (tie.names, tie.text, tie.texts("n")) == ("A and C", "50.0% each", "10 and 30")


def test_what_a_reader_cannot_tell_apart_is_a_tie() -> None:
    assert led(0.50001, 0.50002).names == "A and B"


def test_beside_a_hidden_row_only_what_is_shown_is_claimed() -> None:
    assert led(0.2, HIDDEN).says("most is A.") == "Of what can be shown, most is A."
    assert led(0.2, 0.1).says("most is A.") == "Most is A."
    assert led(0.2, None).says("most is A.") == "Most is A."


def test_the_furthest_from_zero_leads_either_way() -> None:
    assert led(0.1, -0.3, 0.2, either_way=True).names == "B"
    assert led(0.3, -0.3, either_way=True).names == "A and B"


@pytest.mark.parametrize("rates", [(), (None,), (HIDDEN, None), (float("nan"),)])
def test_nobody_leads_where_nothing_is_known(rates: tuple[Any, ...]) -> None:
    answer = answer_of(*rates)
    assert leaders(answer, answer.rows, "rate", "name") is None
    assert spread(answer, answer.rows, "rate", "name") is None
    assert least_and_most(answer, answer.rows, "rate", "name", "kept") is None


@pytest.mark.parametrize(
    ("rates", "runs", "kept"),
    [
        ((0.2,), "20.0% (A)", "kept of A: 20.0%"),
        ((0.2, 0.2), "20.0% (A and B)", "kept of A and B: 20.0% each"),
        (
            (0.5, 0.2, 0.2),
            "from 20.0% (B and C) to 50.0% (A)",
            "least often kept: B and C (20.0% each), most often: A (50.0%)",
        ),
        (
            (0.5, HIDDEN, 0.2),
            "from 20.0% (C) to 50.0% (A)",
            "of what can be shown, least often kept: C (20.0%), most often: A (50.0%)",
        ),
    ],
)
def test_rates_run_from_whom_to_whom(rates: tuple[Any, ...], runs: str, kept: str) -> None:
    answer = answer_of(*rates)
    assert spread(answer, answer.rows, "rate", "name") == runs
    assert least_and_most(answer, answer.rows, "rate", "name", "kept") == kept


def test_a_long_list_is_cut_and_says_so() -> None:
    assert listed(["A"]) == "A"
    assert listed(["A", "B", "C"]) == "A, B and C"
    assert listed([*"ABCDEF"]) == "A, B, C, D and 2 more"
