"""Records from delivered files: the newest version of each, with values parsed by the contract."""

from __future__ import annotations

import csv
import gzip
import io
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from cxe.contract import Extract

# A record: contract column name -> parsed value, None where empty or unparsable.
Record = dict[str, Any]
Records = dict[tuple[Any, ...], Record]


def read_files(extracts: Path, extract: Extract) -> Iterator[tuple[date, list[dict[str, str]]]]:
    """Yield delivery date and rows of every file that is no reject as a whole."""
    name = re.compile(
        rf"{re.escape(extract.name)}__(\d{{4}}-\d\d-\d\d)__(?:full|delta)(?:__\d+)?"
        r"\.(csv|csv\.gz|parquet)"
    )
    matches = filter(None, (name.fullmatch(path.name) for path in _files(extracts, extract)))
    seen: set[bytes] = set()
    # The date leads: of the same bytes delivered twice the first delivery holds the rows, and the
    # second tells only how far the extract is complete.
    for match in sorted(matches, key=lambda match: (match[1], match[0])):
        content = (extracts / extract.folder / match[0]).read_bytes()
        if match[2] == "parquet":
            rows = _parquet_rows(extract, content)
        else:
            rows = _csv_rows(extract, content, compressed=match[2] == "csv.gz")
        if rows is not None:
            yield date.fromisoformat(match[1]), [] if content in seen else rows
            seen.add(content)


def _files(extracts: Path, extract: Extract) -> list[Path]:
    folder = extracts / extract.folder
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _csv_rows(extract: Extract, content: bytes, *, compressed: bool) -> list[dict[str, str]] | None:
    """Rows by contract column name; None if the file is rejected as a whole."""
    if compressed:
        try:
            content = gzip.decompress(content)
        except (EOFError, gzip.BadGzipFile):
            return None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    lines = csv.reader(io.StringIO(text, newline=""))
    header = _contract_names(extract, next(lines, []))
    if header is None:
        return None
    return [
        dict(zip(header, fields, strict=True))
        for number, fields in enumerate(lines)
        # A line with too many or too few fields is a reject.
        if number >= extract.extra_header_lines and len(fields) == len(header)
    ]


def _parquet_rows(extract: Extract, content: bytes) -> list[dict[str, str]] | None:
    """Rows as the CSV file of the same values would give them."""
    table = pq.read_table(pa.BufferReader(content))
    header = _contract_names(extract, table.column_names)
    if header is None:
        return None
    return [
        {name: "" if value is None else str(value) for name, value in row.items()}
        for row in table.rename_columns(header).to_pylist()
    ]


def _contract_names(extract: Extract, delivered: Iterable[str]) -> list[str] | None:
    """The header as the contract spells it; None if a required column is missing."""
    contract_names = {name.lower(): name for name in extract.column_names}
    header = [contract_names.get(name.strip().lower(), name) for name in delivered]
    required = {column.name for column in extract.columns if column.required}
    return header if required <= set(header) else None


def _bool(text: str) -> bool:
    return {"true": True, "1": True, "y": True, "false": False, "0": False, "n": False}[
        text.lower()
    ]


def _date(text: str) -> date:
    if "/" in text:
        return datetime.strptime(text, "%m/%d/%Y").date()
    return date.fromisoformat(text)


def _timestamp(text: str) -> datetime:
    stamp = datetime.fromisoformat(text)
    return stamp.replace(tzinfo=stamp.tzinfo or UTC).astimezone(UTC)


# Days, stamps and amounts repeat a lot, and are slow to parse.
PARSERS: dict[str, Callable[[str], Any]] = {
    "bool": _bool,
    "int": int,
    "num": cache(Decimal),
    "date": cache(_date),
    "ts": cache(_timestamp),
    "id": str,
    "text": str,
}
LONG_AGO = datetime.min.replace(tzinfo=UTC)


def _parse(kind: str, raw: str) -> Any:
    """Parse by contract type; None where empty or unparsable."""
    text = raw.strip()
    try:
        return PARSERS[kind](text) if text else None
    except (KeyError, ValueError, InvalidOperation):
        return None


def modified_at(record: Record) -> datetime:
    """The modification stamp; records without one come first."""
    stamp: datetime | None = record.get("SystemModstamp") or record.get("modified_ts")
    return stamp or LONG_AGO


Deliveries = Iterable[tuple[date, list[dict[str, str]]]]


def latest_versions(extract: Extract, deliveries: Deliveries) -> Records:
    """The newest version of every record by key, deleted ones included."""
    return {
        tuple(record[name] for name in extract.key): record
        for record in versions(extract, deliveries)
    }


def versions(extract: Extract, deliveries: Deliveries) -> list[Record]:
    """Every version of every record as delivered, from the oldest to the newest."""
    ranked = [
        # Any order will do between equals, so long as the content alone decides.
        ((modified_at(record), delivered_on, sorted(row.items())), record)
        for delivered_on, rows in deliveries
        for row, record in _records(extract, rows)
    ]
    ranked.sort(key=lambda version: version[0])
    return [record for _, record in ranked]


def _records(
    extract: Extract, rows: list[dict[str, str]]
) -> Iterator[tuple[dict[str, str], Record]]:
    """Rows as delivered and parsed; without those that are no record."""
    required = [column for column in extract.columns if column.required]
    key = [column.name for column in required if column.name in extract.key]
    dates = [
        column.name
        for column in required
        if column.name not in extract.key and column.type in {"date", "ts"}
    ]
    for row in rows:
        # A total line may have a key and numbers, but no date; an unreadable date is still one.
        if dates and not any(row[name].strip() for name in dates):
            continue
        record = {
            column.name: _parse(column.type, row.get(column.name, "")) for column in extract.columns
        }
        if all(record[name] is not None for name in key):
            yield row, record


def live(records: Records) -> list[Record]:
    return [
        record
        for record in records.values()
        if not record.get("IsDeleted") and record.get("record_indicator") != "2"
    ]
