"""Answers beside each other: columns of one group, wherever they come from."""

from __future__ import annotations

from dataclasses import replace
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from cxe.report.answers import HIDDEN, is_known
from cxe.report.small_cells import hide

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cxe.report.answers import Answer, Row


def joined(left: Answer, right: Answer) -> Answer:
    """One answer's columns beside those of another that is cut by the same, or by a part of it.

    Rows are those of the first; what the second does not know is None.
    """
    known = {column.name for column in right.columns}
    groups = [c.name for c in left.columns if c.metric is None and c.name in known]
    added = tuple(column for column in right.columns if column.name not in groups)
    found = {key(row, groups): row for row in right.rows}
    rows = []
    for row in left.rows:
        other = found.get(key(row, groups), {})
        rows.append({**row, **{column.name: other.get(column.name) for column in added}})
    return replace(
        left,
        columns=(*left.columns, *added),
        rows=rows,
        commands=(*left.commands, *right.commands),
    )


def beside(left: Answer, right: Answer) -> Answer:
    """Two answers that are cut by the same, with the rows of both.

    Rows that only the second has come last; what one of them does not know is None.
    """
    groups = [column.name for column in left.columns if column.metric is None]
    columns = (*left.columns, *(column for column in right.columns if column.name not in groups))
    nothing = {column.name: None for column in columns}
    rows = {key(row, groups): {**nothing, **row} for row in left.rows}
    for row in right.rows:
        rows[key(row, groups)] = {**nothing, **rows.get(key(row, groups), {}), **row}
    return replace(
        left,
        columns=columns,
        rows=list(rows.values()),
        commands=(*left.commands, *right.commands),
    )


def resting_on(answer: Answer, counts: Answer, behind: Mapping[str, Sequence[str]]) -> Answer:
    """The same without what stands on few cases, where no metric counts these.

    Twelve handoffs may be those of two patients.

    Args:
        answer: values of metrics.
        counts: of cases, read from a mart, cut by the same columns.
        behind: columns of `counts` on which columns of `answer` stand.
    """
    names = {name for columns in behind.values() for name in columns}
    groups = [column.name for column in counts.columns if column.name not in names]
    found = {key(row, groups): row for row in counts.rows}
    nothing = dict.fromkeys(names)
    rows = [
        {**row, **{count_of(name): found.get(key(row, groups), nothing)[name] for name in names}}
        for row in answer.rows
    ]
    patients = {shown: [count_of(name) for name in columns] for shown, columns in behind.items()}
    return replace(answer, rows=without_small(rows, groups, answer.scopes, patients))


def without_small(
    rows: Sequence[Row],
    groups: Sequence[str],
    scopes: Sequence[str],
    patients: Mapping[str, Sequence[str]],
    shown: Sequence[str] = (),
) -> list[Row]:
    """Rows without small cells.

    Args:
        rows: values by name, counts included.
        groups: columns that tell rows apart.
        scopes: those of them of which None is the total of the others.
        patients: counts of patients behind columns, by name.
        shown: columns that a reader sees.
    """
    counted = {count for counts in patients.values() for count in counts}
    seen = [name for name in shown if name in counted]
    # What is compared: counts of one column with each other, and all that are seen.
    kinds: list[set[str]] = []
    for counts in (seen, *patients.values()):
        touched = [kind for kind in kinds if kind & set(counts)]
        kinds = [kind for kind in kinds if kind not in touched]
        kinds.append(set(counts).union(*touched))
    units = {count: str(place) for place, kind in enumerate(kinds) for count in kind}
    return hide(rows, groups, patients, units, scopes=scopes, told=seen)


def ordered(rows: Sequence[Row], by: Iterable[str]) -> list[Row]:
    """Rows in an order of which hidden values say nothing: they come last, after unknown ones.

    Args:
        rows: some of whose values may be hidden.
        by: columns, the first one counts most, `-` in front for the largest first.
    """
    found = list(rows)
    for name in reversed([*by]):
        column = name.removeprefix("-")
        known = [row for row in found if is_known(row[column])]
        known.sort(key=itemgetter(column), reverse=name.startswith("-"))
        unknown = [row for row in found if row[column] is None]
        found = [*known, *unknown, *(row for row in found if row[column] is HIDDEN)]
    return found


def key(row: Row, groups: Sequence[str]) -> tuple[Any, ...]:
    """What tells a row from the others."""
    return tuple(row[name] for name in groups)


def count_of(name: str) -> str:
    """Where a row keeps the count of patients that goes by a metric's name."""
    return f"{name} of patients"
