"""Rows a run published against rows computed here: the same keys, and the same values in each."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from worlds import published

from golden.core import compute

if TYPE_CHECKING:
    from pathlib import Path

Rows = dict[Any, dict[str, Any]]

# One computation per world and session, however many tests look at it.
computed = cache(compute)


def rows(home: Path, table: str, key: str, columns: str) -> Rows:
    """Published rows by key; the key must be one."""
    with published(home) as connection:
        result = connection.execute(f"select {key}, {columns} from marts.{table}")
        names = [column[0] for column in result.description[len(key.split(",")) :]]
        width = len(key.split(","))
        found = [(row[:width], row[width:]) for row in result.fetchall()]
    by_key = {key: dict(zip(names, values, strict=True)) for key, values in found}
    assert len(by_key) == len(found), f"{table}: {key} is no key"
    return by_key


def same(published: Any, computed: Any, absolute: float = 0.0) -> bool:
    """Money, counts, dates and text exactly; what is computed as a float to 1e-9 relative.

    Differences of near equals have no relative precision: `absolute` is enough for them.
    """
    if isinstance(computed, float) and published is not None:
        return math.isclose(published, computed, rel_tol=1e-9, abs_tol=absolute)
    if isinstance(computed, datetime) and isinstance(published, datetime):
        return in_utc(published) == in_utc(computed)
    return bool(published == computed)


def in_utc(at: datetime) -> datetime:
    return at.replace(tzinfo=at.tzinfo or UTC)


def assert_same_rows(actual: Rows, expected: Rows, absolute: float = 0.0) -> None:
    """Fail with how many rows differ in what, and one example of each."""
    complaints = [
        f"{len(keys)} rows only {side}, such as {min(keys, key=str)}"
        for side, keys in (
            ("published", actual.keys() - expected.keys()),
            ("computed", expected.keys() - actual.keys()),
        )
        if keys
    ]
    differing: dict[str, list[Any]] = {}
    for key in actual.keys() & expected.keys():
        for column, value in actual[key].items():
            if value != expected[key][column] and not same(value, expected[key][column], absolute):
                differing.setdefault(column, []).append(key)
    for column, keys in sorted(differing.items()):
        key = min(keys, key=str)
        complaints.append(
            f"{column} differs in {len(keys)} rows, such as {key}:"
            f" published {actual[key][column]!r}, computed {expected[key][column]!r}"
        )
    assert not complaints, "\n".join(complaints)
