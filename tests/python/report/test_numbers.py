"""Page = query: every number of every page is what its command answers."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from worlds import published

from cxe import metrics
from report.answers import Answer, Asks, asking, differences
from report.pages import (
    EVERY_PAGE,
    PAGES,
    UNKNOWN,
    Block,
    Page,
    is_hidden,
    page_file,
    raw,
    text,
)
from report.watching import Opens

MONTHS = date(2025, 11, 1), date(2025, 12, 1)


@pytest.fixture(scope="module")
def asks(sample_home: Path) -> Iterator[Asks]:
    with metrics.connect(sample_home) as layer, published(sample_home) as connection:
        connection.execute("set TimeZone = 'UTC'")
        yield asking(layer, connection)


@pytest.mark.parametrize("name", EVERY_PAGE)
def test_a_page_shows_what_its_commands_answer(name: str, sample_home: Path, asks: Asks) -> None:
    blocks = Page(page_file(sample_home, name)).blocks
    for block in blocks:
        assert block.rows, block.id
        assert differences(block, [asks(command) for command in block.asked])[:3] == []
    cells = [cell for block in blocks for row in block.rows for cell in row.values()]
    assert not cells or any(map(is_number, cells)), "no number is shown, so none was compared"


def is_number(cell: Any) -> bool:
    return isinstance(raw(cell), int | Decimal) and not isinstance(raw(cell), bool)


@pytest.mark.parametrize("name", EVERY_PAGE)
def test_what_a_reader_sees_is_the_number_behind_it(name: str, sample_home: Path) -> None:
    """No text tells another number: digits of the text are those of the value, rounded."""
    for block in Page(page_file(sample_home, name)).blocks:
        for row in block.rows:
            for cell in row.values():
                if is_number(cell):
                    assert rounds_to(raw(cell), text(cell)), (block.id, cell)


def rounds_to(value: int | Decimal, shown: str) -> bool:
    """Whether a text is a value with the digits it has room for."""
    number = Decimal(shown.removesuffix("%").replace(",", ""))
    exact = Decimal(value) * (100 if shown.endswith("%") else 1)
    last_digit = Decimal(1).scaleb(int(number.as_tuple().exponent))
    return abs(number - exact) <= last_digit / 2 + abs(exact) * Decimal("1e-12")


def block_of(*rows: list[Any]) -> Block:
    """Money and a share by month and territory; the territory is chosen by a filter."""
    names = ("month", "territory", "net_value", "kept_rate")
    data = {"columns": [{"name": name} for name in names], "rows": [*rows]}
    return Block(Path("index.html"), "money", (), {**data, "scopes": ["territory"]})


SHOWN = block_of(
    ["2025-11-01", None, [Decimal("10.10"), "10"], [Decimal("0.3333333333333333"), "33%"]],
    ["2025-12-01", None, [Decimal("20.20"), "20"], [None, UNKNOWN]],
    ["2025-12-01", "T001", [Decimal("20.20"), "20"], [None, "•"]],
)
ANSWERS = (
    Answer(
        ("month", "net_value", "kept_rate"),
        ((MONTHS[0], Decimal("10.10"), 1 / 3), (MONTHS[1], Decimal("20.20"), None)),
    ),
    Answer(
        ("month", "territory", "net_value", "kept_rate"),
        ((MONTHS[1], "T001", Decimal("20.20"), 0.5),),
    ),
)


def test_equal_rows_are_found_equal() -> None:
    assert differences(SHOWN, ANSWERS) == []


@pytest.mark.parametrize(
    ("place", "column", "cell"),
    [
        (0, 2, [Decimal("10.11"), "10"]),
        (0, 2, [None, UNKNOWN]),
        (0, 3, [Decimal("0.33333334"), "33%"]),
        (1, 3, [Decimal("0.5"), "50%"]),
        (1, 0, "2025-11-01"),
        (2, 1, "T002"),
        (2, 1, None),
    ],
)
def test_one_changed_cell_is_found(place: int, column: int, cell: Any) -> None:
    rows = copy.deepcopy(SHOWN.data["rows"])
    rows[place][column] = cell
    assert differences(block_of(*rows), ANSWERS)


def test_a_row_too_few_or_too_many_is_found() -> None:
    rows = SHOWN.data["rows"]
    assert differences(block_of(*rows[1:]), ANSWERS)
    assert differences(block_of(*rows, ["2026-01-01", None, [1, "1"], [1, "100%"]]), ANSWERS)
    assert differences(SHOWN, ANSWERS[:1])
    extra = Answer(("month", "territory", "net_value"), ((MONTHS[0], "T001", Decimal(1)),))
    assert differences(SHOWN, (*ANSWERS, extra))


def test_every_number_of_the_overview_is_compared(report_site: Path, asks: Asks) -> None:
    """Change each of its numbers in turn, by a little more than rounding could."""
    for block in Page(report_site / "index.html").blocks:
        answers = [asks(command) for command in block.asked]
        for column, name in enumerate(block.names):
            places = [at for at, row in enumerate(block.rows) if is_number(row[name])]
            for place in places[:1]:
                rows = copy.deepcopy(block.data["rows"])
                rows[place][column][0] += Decimal(abs(rows[place][column][0]) + 1) / 1000
                changed = replace(block, data={**block.data, "rows": rows})
                assert differences(changed, answers), (block.id, name)


def test_the_page_hides_what_it_must_not_tell(report_site: Path) -> None:
    cells = [
        cell
        for name in PAGES
        for block in Page(report_site / f"{name}.html").blocks
        for row in block.rows
        for cell in row.values()
    ]
    hidden = [cell for cell in cells if is_hidden(cell)]
    assert hidden
    assert [cell for cell in hidden if raw(cell) is not None] == []


def test_moments_that_are_not_shown_are_not_told_to_be_unseen(
    report_site: Path, opens: Opens
) -> None:
    page = Page(report_site / "promises.html")
    moments = next(block for block in page.blocks if block.id == "moments")
    rows = moments.chosen(page.first_choice)
    with opens(page.path) as watched:
        assert watched.undrawn() == []
        told = watched.page.locator("#moments .chart svg text").all_text_contents()
    assert told.count("all unseen") == sum(raw(row["moments_judged"]) == 0 for row in rows)
    hidden = [row for row in rows if is_hidden(row["moments_upheld_rate"])]
    assert hidden
    assert told.count("•") == len(hidden)


@pytest.mark.parametrize(
    ("value", "shown", "is_so"),
    [
        (Decimal("0.1234"), "12.3%", True),
        (Decimal("0.1234"), "12.4%", False),
        (Decimal("-1234567.5"), "-1,234,568", True),
        (Decimal("-1234567.5"), "-1,234,566", False),
        (12, "12", True),
        (Decimal("0.05"), "0.0", True),
        (Decimal("0.06"), "0.0", False),
    ],
)
def test_a_text_that_tells_another_number_is_found(
    value: int | Decimal, shown: str, is_so: bool
) -> None:
    assert rounds_to(value, shown) is is_so
