"""Tools that spoil a delivery: read a file's records whatever its container, change, write back.

The folder that is spoiled holds the last delivery only, one file per extract; beside it stands
`early`, the deliveries before it, for faults that repeat what was delivered or deliver it whole.
"""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from cxe.contract import Extract, load_contract
from cxe.home import PROJECT_DIR

Row = dict[str, str]
Rows = list[Row]
Plant = Callable[[Path], None]
Suits = Callable[[Row], bool]


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong in a second delivery, or in the models between two runs.

    Attributes:
        says: what is wrong, in one sentence, and for `warn` why blocking would be too much.
        layer: where it is expected to be caught: landing, raw, staging, intermediate or marts.
        severity: `block`, or `warn` where readers are better served with the new version.
        plant: spoils the last delivery below the given folder, or the models of the given copy of
            the project.
        is_in_models: which of the two.
    """

    name: str
    says: str
    layer: str
    severity: str
    plant: Plant
    is_in_models: bool = False


@dataclass
class Records:
    """A file's content as text.

    Attributes:
        notes: lines between the header and the first record.
    """

    header: list[str]
    notes: list[list[str]]
    rows: Rows


@cache
def contract() -> dict[str, Extract]:
    """Extracts by name alone."""
    return {extract.name: extract for extract in load_contract(PROJECT_DIR).values()}


def file_of(extracts: Path, name: str) -> Path:
    """The one file of the last delivery of an extract."""
    (path,) = (extracts / contract()[name].folder).iterdir()
    return path


def earlier_files(extracts: Path, name: str) -> list[Path]:
    """The deliveries before, oldest first."""
    return sorted((extracts.parent / "early" / contract()[name].folder).iterdir())


def day_of(path: Path) -> str:
    """Delivery date in a file's name."""
    return path.name.split("__")[-2]


def read(path: Path) -> Records:
    """Records of a delivered file, empty text where a value is missing."""
    if path.suffix == ".parquet":
        table = pq.read_table(path)
        rows = [
            {name: "" if value is None else str(value) for name, value in row.items()}
            for row in table.to_pylist()
        ]
        return Records(table.column_names, [], rows)
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode("utf-8-sig")
    header, *lines = csv.reader(io.StringIO(text, newline=""))
    notes = contract()[path.parent.name].extra_header_lines
    rows = [dict(zip(header, line, strict=True)) for line in lines[notes:]]
    return Records(header, lines[:notes], rows)


def write(path: Path, records: Records, *, delimiter: str = ",", has_header: bool = True) -> None:
    """Put records into a file, in the container its name says."""
    if path.suffix == ".parquet":
        _write_parquet(path, records)
        return
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    if has_header:
        writer.writerow(records.header)
        writer.writerows(records.notes)
    writer.writerows([row[name] for name in records.header] for row in records.rows)
    content = text.getvalue().encode()
    path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)


def _write_parquet(path: Path, records: Records) -> None:
    schema = pq.read_schema(path) if path.exists() else pa.schema([])
    arrays = []
    for name in records.header:
        array = pa.array([row[name] or None for row in records.rows], pa.string())
        if name in schema.names:
            # A fault may be a value that is none of the column's type: then it stays text.
            with suppress(pa.ArrowInvalid):
                array = array.cast(schema.field(name).type)
        arrays.append(array)
    pq.write_table(pa.table(arrays, names=records.header), path)


def rows_changed(name: str, change: Callable[[Rows], Rows]) -> Plant:
    """The extract's records, changed as a whole."""

    def plant(extracts: Path) -> None:
        path = file_of(extracts, name)
        records = read(path)
        records.rows = change(records.rows)
        write(path, records)

    return plant


def each(name: str, change: Callable[[Row], Row], suits: Suits = lambda _: True) -> Plant:
    """New values of the records that suit; at least one must."""

    def change_all(rows: Rows) -> Rows:
        changed = [row | change(row) if suits(row) else row for row in rows]
        assert changed != rows, f"{name}: nothing to spoil"
        return changed

    return rows_changed(name, change_all)


def values(
    name: str, columns: Sequence[str], new: Callable[[str], str], suits: Suits = lambda _: True
) -> Plant:
    """New values made of the old ones, where there are any."""
    return each(
        name,
        lambda row: {column: new(row[column]) for column in columns if row[column]},
        suits,
    )


def emptied(name: str, *columns: str) -> Plant:
    """Columns without a value."""
    return values(name, columns, lambda _: "")


def constant(name: str, **fixed: str) -> Plant:
    """Columns with one value."""
    return each(name, lambda _: fixed)


def swapped(name: str, one: str, other: str) -> Plant:
    """The values of two columns exchanged."""
    return each(name, lambda row: {one: row[other], other: row[one]})


def together(*plants: Plant) -> Plant:
    """One fault that shows in several files."""

    def plant(extracts: Path) -> None:
        for part in plants:
            part(extracts)

    return plant


def some(name: str, percent: int, change: Callable[[Row], Row]) -> Plant:
    """New values in a share of the records, evenly spread."""

    def change_some(rows: Rows) -> Rows:
        return [
            row | change(row) if number * 37 % 100 < percent else row
            for number, row in enumerate(rows)
        ]

    return rows_changed(name, change_some)


def delivered_whole(name: str, change: Callable[[Row], Row], **stamped: str) -> Plant:
    """All records known so far in one full file instead of the delta, changed.

    Args:
        name: the extract.
        change: new values of a record.
        stamped: columns that tell when, with the time of day (and zone) they get on the last day.
    """

    def plant(extracts: Path) -> None:
        path = file_of(extracts, name)
        records = read(path)
        known: dict[tuple[str, ...], Row] = {}
        for file in [*earlier_files(extracts, name), path]:
            for row in read(file).rows:
                known[tuple(row[part] for part in contract()[name].key)] = row
        last_day = (date.fromisoformat(day_of(path)) - timedelta(days=1)).isoformat()
        times = {column: last_day + time for column, time in stamped.items()}
        records.rows = [
            row if (new := row | change(row)) == row else new | times for row in known.values()
        ]
        path.unlink()
        write(path.with_name(path.name.replace("__delta", "__full")), records)

    return plant
