"""What a summary may say of rows: whose number stands first, ties and hidden rows in mind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cxe.report.answers import HIDDEN, is_known
from cxe.report.formats import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cxe.report.answers import Answer, Row

# Names of a tie that are told.
_NAMED = 4


@dataclass(frozen=True)
class Leaders:
    """Rows whose number nobody's exceeds, or none falls short of; several in a tie.

    Attributes:
        answer: whose rows they are.
        rows: of the tie, in their order.
        name: column of their names.
        value: column of their number.
        others: whether a number is known that differs.
        hides: whether one of the cut is hidden, which might stand before them.
    """

    answer: Answer
    rows: Sequence[Row]
    name: str
    value: str
    others: bool
    hides: bool

    @property
    def row(self) -> Row:
        """One of them, where what is said holds for each."""
        return self.rows[0]

    @property
    def text(self) -> str:
        """Their number, as a reader sees it."""
        return self.answer.text(self.row, self.value) + (" each" if self.rows[1:] else "")

    @property
    def names(self) -> str:
        """All of them."""
        return listed([self.answer.text(row, self.name) for row in self.rows])

    def texts(self, column: str) -> str:
        """Another of their numbers, in the order of their names."""
        return listed([self.answer.text(row, column) for row in self.rows])

    def says(self, sentence: str) -> str:
        """A sentence on them, which holds although others are hidden."""
        return capitalised(of_shown(sentence, self.hides))


def leaders(
    answer: Answer,
    rows: Sequence[Row],
    value: str,
    name: str,
    *,
    lowest: bool = False,
    either_way: bool = False,
) -> Leaders | None:
    """Who has the largest number among rows; nobody where none is known.

    Numbers that a reader cannot tell apart are a tie.

    Args:
        answer: whose rows they are.
        rows: of one cut, hidden ones included.
        value: column of the number.
        name: column of the names.
        lowest: look for the smallest number.
        either_way: look for the number furthest from zero.
    """
    known = [row for row in rows if is_known(row[value]) and answer.text(row, value) != UNKNOWN]
    if not known:
        return None

    def size(row: Row) -> Any:
        return abs(row[value]) if either_way else row[value]

    def told(row: Row) -> str:
        return answer.text(row, value).lstrip("-" if either_way else "")

    best = told(min(known, key=size) if lowest else max(known, key=size))
    tied = [row for row in known if told(row) == best]
    return Leaders(answer, tied, name, value, len(tied) < len(known), is_hiding(rows, value))


def spread(
    answer: Answer, rows: Sequence[Row], value: str, name: str, unit: str = ""
) -> str | None:
    """From whom to whom numbers run: `from 4 days (A) to 9 days (B)`, or `4 days (A)` alone.

    Args:
        answer: whose rows they are.
        rows: of one cut, hidden ones included.
        value: column of the number.
        name: column of the names.
        unit: word behind the numbers.
    """
    low = leaders(answer, rows, value, name, lowest=True)
    high = leaders(answer, rows, value, name)
    if not low or not high:
        return None

    def told(end: Leaders) -> str:
        return f"{answer.text(end.row, value)}{unit and ' '}{unit} ({end.names})"

    return f"from {told(low)} to {told(high)}" if high.others else told(low)


def least_and_most(
    answer: Answer, rows: Sequence[Row], rate: str, name: str, done: str
) -> str | None:
    """Who has the lowest and the highest rate: `least often kept is A (40%), most often B (90%)`.

    Args:
        answer: whose rows they are.
        rows: of one cut, hidden ones included.
        rate: column of the rate.
        name: column of the names.
        done: of what it is the rate.
    """
    low = leaders(answer, rows, rate, name, lowest=True)
    high = leaders(answer, rows, rate, name)
    if not low or not high:
        return None
    told = f"{done} of {low.names}: {low.text}"
    if high.others:
        told = (
            f"least often {done}: {low.names} ({low.text}), most often: {high.names} ({high.text})"
        )
    return of_shown(told, low.hides)


def is_hiding(rows: Sequence[Row], value: str) -> bool:
    """Whether one of the numbers is hidden."""
    return any(row[value] is HIDDEN for row in rows)


def of_shown(sentence: str, hides: bool) -> str:
    """A sentence on those that stand first, which is true of what can be shown."""
    return f"of what can be shown, {sentence}" if hides else sentence


def listed(names: Sequence[str], most: int = _NAMED) -> str:
    """Names in a sentence: all of a few, the first of many."""
    told = list(names[:most])
    more = len(names) - len(told)
    if more:
        return f"{', '.join(told)} and {more} more"
    return " and ".join([", ".join(told[:-1]), told[-1]] if told[1:] else told)


def capitalised(sentence: str) -> str:
    """A sentence with its first letter large, and the others as they are."""
    return sentence[:1].upper() + sentence[1:]
