"""Whether what a block shows is what its commands answer."""

from __future__ import annotations

import math
import shlex
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import duckdb

from cxe.metrics import Metrics
from cxe.metrics.commands import query
from report.pages import NO_SCOPE, Block, Row, is_hidden, raw

RELATIVE = 1e-9
SQL = "sql: "
SHORT = {"product_name": "product"}
SCOPES = ("territory", "product")


@dataclass(frozen=True)
class Answer:
    """What a command gives.

    Attributes:
        columns: as the block names them.
        rows: values in that order.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


Asks = Callable[[str], Answer]


def asking(layer: Metrics, connection: duckdb.DuckDBPyConnection) -> Asks:
    """Answers commands as the command line does, each once.

    Args:
        layer: metrics of the published version.
        connection: its file.
    """
    known: dict[str, Answer] = {}

    def ask(command: str) -> Answer:
        if command not in known:
            known[command] = (
                _read(connection, command.removeprefix(SQL))
                if command.startswith(SQL)
                else _asked(layer, command)
            )
        return known[command]

    return ask


def _read(connection: duckdb.DuckDBPyConnection, sql: str) -> Answer:
    found = connection.execute(sql)
    return Answer(tuple(column[0] for column in found.description or ()), tuple(found.fetchall()))


def _asked(layer: Metrics, command: str) -> Answer:
    words = shlex.split(command)
    assert words[:3] == ["cxe", "metrics", "query"], command
    # Read by the command line itself, so that a page shows nothing it would refuse.
    asked = query.make_context("query", words[3:], resilient_parsing=False).params
    table = layer.query(
        *asked["metrics"],
        **{name: asked[name] for name in ("by", "where", "order", "limit", "since", "until")},
    )
    parts = [name.rpartition("__")[2] for name in table.column_names[: len(asked["by"])]]
    groups = [SHORT.get(part, part) for part in parts]
    names = (*groups, *table.column_names[len(groups) :])
    columns = [
        [NO_SCOPE if value is None and name in SCOPES else value for value in column.to_pylist()]
        for name, column in zip(names, table.columns, strict=True)
    ]
    return Answer(names, tuple(zip(*columns, strict=True)))


def same(shown: Any, answered: Any) -> bool:
    """Whether a raw value of a page is what was answered: money exactly, floats nearly."""
    if isinstance(answered, float) and math.isnan(answered):
        answered = None
    if isinstance(answered, datetime | date):
        return bool(shown == answered.isoformat())
    if isinstance(answered, float):
        return isinstance(shown, int | Decimal) and math.isclose(
            shown, answered, rel_tol=RELATIVE, abs_tol=1e-12
        )
    return isinstance(shown, bool) is isinstance(answered, bool) and bool(shown == answered)


def differences(block: Block, answers: Sequence[Answer]) -> list[str]:
    """Rows of a block that were not answered, and answers that it does not show.

    A group of the filters that an answer is not cut by is null in the block. A cell that is hidden
    may be anything.
    """
    found = _ambiguous_words(block)
    keys = _keys(block)
    covered: defaultdict[int, set[str]] = defaultdict(set)
    for answer in answers:
        # Numbers of all territories stand for all; texts about a group, wherever the group stands.
        has_numbers = any(_is_number(value) for values in answer.rows for value in values)
        scopes = block.scopes if has_numbers else ()
        cut = [name for name in keys if name in (*answer.columns, *scopes)]
        by_key: defaultdict[tuple[Any, ...], list[int]] = defaultdict(list)
        for place, row in enumerate(block.rows):
            by_key[tuple(raw(row[name]) for name in cut)].append(place)
        for values in answer.rows:
            answered = dict(zip(answer.columns, values, strict=True))
            key = tuple(_plain(answered.get(name)) for name in cut)
            fitting = [
                place for place in by_key[key] if _fits(block.rows[place], answered, block.names)
            ]
            # A group of which nothing is known may be left out.
            if not fitting and any(_is_number(value) for value in values):
                there = [block.rows[place] for place in by_key[key]]
                found.append(f"{block.id} does not show {answered}, but {there}")
            for place in fitting:
                covered[place] |= answered.keys()
    for place, row in enumerate(block.rows):
        shown = {name for name, cell in row.items() if raw(cell) is not None} - block.words.keys()
        if place not in covered or shown - covered[place]:
            found.append(f"{block.id} shows {shown - covered[place]} of {row}, which is no answer")
    return found


def _ambiguous_words(block: Block) -> list[str]:
    """Words that are none, or not the same for the same code."""
    found = []
    for words, codes in block.words.items():
        said: dict[Any, Any] = {}
        for row in block.rows:
            word = raw(row[words])
            if not isinstance(word, str | None) or said.setdefault(raw(row[codes]), word) != word:
                found.append(f"{block.id} says {word!r} for {row[codes]!r}")
    return found


def _keys(block: Block) -> list[str]:
    """Columns of texts, by which rows are told apart."""
    return [
        name
        for name in block.names
        if name not in block.words
        and all(
            isinstance(raw(row[name]), str | None) and not is_hidden(row[name])
            for row in block.rows
        )
    ]


def _fits(row: Row, answered: dict[str, Any], names: Sequence[str]) -> bool:
    return all(
        is_hidden(row[name]) or same(raw(row[name]), answered[name])
        for name in names
        if name in answered
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
