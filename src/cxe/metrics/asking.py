"""From what people type to MetricFlow's spelling: short names, filters, and help when they miss."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

import sqlglot
import sqlglot.errors
from sqlglot import exp

from cxe.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cxe.metrics.engine import GroupBy

GRAINS = ("day", "week", "month", "quarter", "year")


def checked_names(names: Sequence[str], known: Iterable[str]) -> list[str]:
    """The names, each once, in the order given.

    Raises:
        InputError: one is no metric; the message has the nearest names.
    """
    everything = list(known)
    for name in names:
        if name not in everything:
            near = difflib.get_close_matches(name, everything, n=5, cutoff=0.4)
            parts = [other for other in everything if name in other and other not in near][:5]
            nearest = ", ".join([*near, *parts]) or "none"
            raise InputError(
                f"There is no metric {name}. Nearest: {nearest}. `cxe metrics list` shows all."
            )
    return list(dict.fromkeys(names))


def found_item(name: str, items: Sequence[GroupBy]) -> tuple[GroupBy, str | None]:
    """The group-by meant by a name, and its grain if it is a time.

    Said in full (`customer__segment`), by its last part (`segment`), with a grain
    (`metric_time__month`) or as a grain of the metric's own time (`month`).

    Raises:
        InputError: nothing or more than one thing is meant; the message has what is possible.
    """
    wanted, grain = name, None
    if name in GRAINS:
        wanted, grain = "metric_time", name
    elif name.rpartition("__")[2] in GRAINS:
        wanted, _, grain = name.rpartition("__")
    exact = [item for item in items if item.name == wanted]
    ending = [item for item in items if item.name.endswith(f"__{wanted}")]
    nearest = [item for item in ending if item.links == min(item.links for item in ending)]
    fitting = exact or nearest
    if len(fitting) != 1:
        trouble = "may mean several things" if fitting else "is not possible here"
        # What lies two joins away is listed by `cxe metrics show`.
        near = fitting or [item for item in items if item.links <= 1 and not item.is_alias]
        possible = ", ".join(item.name for item in near)
        raise InputError(f"Cutting by {name} {trouble}. Possible: {possible or 'nothing'}.")
    item = fitting[0]
    if item.kind != "time":
        return item, None
    if grain and grain not in item.grains:
        raise InputError(f"{item.name} has no grain {grain}; it has {', '.join(item.grains)}.")
    return item, grain or item.grains[0]


def spelled(name: str, items: Sequence[GroupBy]) -> str:
    """A group-by in MetricFlow's spelling."""
    item, grain = found_item(name, items)
    return f"{item.name}__{grain}" if grain else item.name


def spelled_filter(condition: str, items: Sequence[GroupBy]) -> str:
    """A condition in SQL, its names replaced by MetricFlow's templates.

    A condition that already holds templates is taken as it is.

    Raises:
        InputError: it is no condition, or a name in it is nothing to filter by.
    """
    if "{{" in condition:
        return condition
    try:
        parsed = sqlglot.parse_one(condition, dialect="duckdb", into=exp.Condition)
    except sqlglot.errors.ParseError as error:
        raise InputError(
            f"{condition!r} is no condition. Write SQL such as \"segment = 'A'\" or "
            "\"territory in ('T001', 'T002')\"."
        ) from error
    templates: dict[str, str] = {}
    for column in list(parsed.find_all(exp.Column)):
        item, grain = found_item(column.name, items)
        # Templates are no SQL: they are put in once the condition has been written out.
        placeholder = f"__item_{len(templates)}"
        templates[placeholder] = item.in_filter(grain)
        column.replace(exp.to_identifier(placeholder))
    text = str(parsed.sql(dialect="duckdb"))
    for placeholder, template in templates.items():
        text = text.replace(placeholder, template)
    return text


def having_happened(groups: Sequence[str]) -> list[str]:
    """Filters that leave out of a table by month what has no month, such as an open promise."""
    return [
        f"{{{{ TimeDimension('metric_time', '{grain}') }}}} is not null"
        for name, _, grain in (group.rpartition("__") for group in groups)
        if name == "metric_time"
    ]


def spelled_order(name: str, metrics: Sequence[str], items: Sequence[GroupBy]) -> str:
    """A metric or group-by to order by, `-` in front for the largest first."""
    direction, plain = ("-", name[1:]) if name.startswith("-") else ("", name)
    return direction + (plain if plain in metrics else spelled(plain, items))
