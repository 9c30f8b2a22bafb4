"""What an extract says: records, how they change, and how their values look in a file.

A record starts with its first state and is changed at given instants. What a delivery holds then
follows from its date alone, so that no row can tell what happened after it was delivered.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cxe.simulate.clock import NEVER, Array

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_MILLION = 1_000_000


@dataclass(frozen=True)
class Style:
    """How one source system writes values.

    Attributes:
        timestamps: `z`, `offset` (-05:00), `naive` (no zone) or `space` (blank instead of T).
        dates: `iso` or `us` (MM/DD/YYYY).
        true, false: words for booleans.
        container: `csv`, `csv.gz` or `parquet`.
        has_free_text: whether values may need quotes.
    """

    timestamps: str = "z"
    dates: str = "iso"
    true: str = "true"
    false: str = "false"
    container: str = "csv"
    has_free_text: bool = False


@dataclass(frozen=True)
class Column:
    """Values of one column, in the cheapest form that can be rendered.

    Attributes:
        kind: `id` (a number put into a pattern), `code` (an index into labels), `int`, `num`,
            `bool`, `ts` or `date` (seconds since 1970).
        values: one per record; negative, NaN or NEVER where empty.
        labels: for codes the words, for ids the text before and after the number.
    """

    kind: str
    values: Array
    labels: Sequence[str] = ()


@dataclass(frozen=True)
class Change:
    """New values of some columns from an instant on.

    Attributes:
        at: one instant per record, NEVER where it does not change.
        values: new values by column, one per record or one for all.
    """

    at: Array
    values: dict[str, Array | int | float]


@dataclass(frozen=True)
class Table:
    """All records of one extract with everything that happens to them.

    Attributes:
        columns: first state by column name.
        created: when each record came to be known.
        changes: in the order in which they apply.
        stamp: name of the column that holds the modification stamp, if the table fills none.
    """

    columns: dict[str, Column]
    created: Array
    stamp: str | None
    changes: tuple[Change, ...] = ()

    @property
    def size(self) -> int:
        """How many records there are."""
        return len(self.created)

    def touched(self, since: int, until: int) -> Array:
        """Indices of the records created or changed from `since` up to before `until`."""
        known = self.created < until
        touched = known & (self.created >= since)
        for change in self.changes:
            touched |= known & (change.at >= since) & (change.at < until)
        return np.flatnonzero(touched)

    def state(self, rows: Array, until: int) -> dict[str, Column]:
        """The records' columns as known just before `until`."""
        values = {name: column.values[rows] for name, column in self.columns.items()}
        stamp = self.created[rows]
        for change in self.changes:
            at = change.at[rows]
            happened = at < until
            stamp = np.where(happened, np.maximum(stamp, at), stamp)
            for name, new in change.values.items():
                new_values = new[rows] if isinstance(new, np.ndarray) else new
                values[name] = np.where(happened, new_values, values[name])
        columns = {
            name: Column(column.kind, values[name], column.labels)
            for name, column in self.columns.items()
        }
        if self.stamp:
            columns[self.stamp] = Column("ts", stamp)
        return columns


@dataclass
class Blocks:
    """Columns that grow month by month and are joined once."""

    rows: int = 0
    _parts: dict[str, list[Array]] = field(default_factory=lambda: defaultdict(list))

    def add(self, **columns: Array) -> Array:
        """Append rows.

        Returns:
            Their indices in the joined columns.
        """
        size = len(next(iter(columns.values())))
        for name, values in columns.items():
            self._parts[name].append(values)
        self.rows += size
        return np.arange(self.rows - size, self.rows)

    def joined(self) -> dict[str, Array]:
        """Every column as one array; the parts are let go."""
        return {name: np.concatenate(self._parts.pop(name)) for name in list(self._parts)}


def sf_id(prefix: str, values: Array) -> Column:
    """Salesforce ids of 18 characters; their check suffix is AAA as they hold no capitals."""
    return Column("id", values, (prefix, "AAA"))


def code(values: Array, labels: Sequence[str]) -> Column:
    """Indices into words."""
    return Column("code", values, labels)


def number_id(prefix: str, values: Array) -> Column:
    """Ids of a system that counts."""
    return Column("id", values, (prefix, ""))


def render(columns: dict[str, Column], names: Sequence[str], style: Style) -> pa.Table:
    """Columns as Arrow arrays: text for CSV, typed for Parquet."""
    typed = style.container == "parquet"
    return pa.table([_array(columns[name], style, typed) for name in names], names=list(names))


def chunks(rows: Array, size: int = 500_000) -> Iterator[Array]:
    """Slices of at most `size` rows, and one empty slice if there are none."""
    for start in range(0, max(len(rows), 1), size):
        yield rows[start : start + size]


def _array(column: Column, style: Style, typed: bool) -> pa.Array:
    values = column.values
    if column.kind in {"ts", "date"}:
        array = pa.array(np.where(values >= NEVER, 0, values), mask=values >= NEVER)
        return _instants(array, column.kind, style, typed)
    if column.kind == "num":
        numbers = pa.array(np.round(values.astype(np.float64), 2), mask=np.isnan(values))
        return numbers if typed else numbers.cast(pa.string())
    empty = values < 0
    if column.kind == "id":
        before, after = column.labels
        digits = pa.array(np.where(empty, 0, values).astype(np.int64), mask=empty)
        padded = pc.utf8_lpad(digits.cast(pa.string()), 12 if after else 9, "0")
        return pc.binary_join_element_wise(before, padded, after, "")
    if column.kind == "int":
        whole = pa.array(values.astype(np.int64), mask=empty)
        return whole if typed else whole.cast(pa.string())
    labels = (style.false, style.true) if column.kind == "bool" else column.labels
    indices = pa.array(np.where(empty, 0, values).astype(np.int32), mask=empty)
    return pa.array(labels, pa.string()).take(indices)


def _instants(array: pa.Array, kind: str, style: Style, typed: bool) -> pa.Array:
    if typed:
        microseconds = pc.multiply(array, _MILLION).cast(pa.timestamp("us"))
        return microseconds if kind == "ts" else microseconds.cast(pa.date32())
    offset = style.timestamps == "offset" and kind == "ts"
    shifted = pc.subtract(array, 5 * 3600) if offset else array
    text = shifted.cast(pa.timestamp("s")).cast(pa.string())
    if kind == "date":
        return _dates(text, style)
    if style.timestamps != "space":
        text = pc.utf8_replace_slice(text, 10, 11, "T")
    zone = {"z": "Z", "offset": "-05:00"}.get(style.timestamps, "")
    return pc.binary_join_element_wise(text, zone, "") if zone else text


def _dates(text: pa.Array, style: Style) -> pa.Array:
    if style.dates == "iso":
        return pc.utf8_slice_codeunits(text, 0, 10)
    year, month, day = (
        pc.utf8_slice_codeunits(text, start, stop) for start, stop in ((0, 4), (5, 7), (8, 10))
    )
    return pc.binary_join_element_wise(month, day, year, "/")
