"""One file into its raw table, inside the caller's transaction."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, TypeVar

import duckdb

from cxe.landing.csv_records import MAX_RECORD_BYTES, copy_numbered, read_header
from cxe.landing.records import FileRejectedError
from cxe.landing.tables import identifier, insert_rows
from cxe.landing.text import LATIN1, Utf8Text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from cxe.contract import Extract
    from cxe.landing.records import Delivery, Reject

HEAD_BYTES = 2 * MAX_RECORD_BYTES
# The options leave nothing to guess; quoted "" is text, bare emptiness is null.
READ_COPY = """
    read_csv(
        $copy, columns = {columns}, header = false, auto_detect = false, delim = ',', quote = '"',
        escape = '"', new_line = '\\n', nullstr = '', allow_quoted_nulls = false,
        strict_mode = true, parallel = {parallel}
    )
"""
NOTES = {LATIN1: "Read as Latin-1 (Windows-1252).", "utf-16": "Read as UTF-16."}

Item = TypeVar("Item")


@dataclass(frozen=True)
class Loaded:
    """What one file gave; `note` says what is odd about it."""

    rows_landed: int
    rows_rejected: int
    note: str | None


@dataclass(frozen=True)
class _Mapping:
    """Where the contract's columns and the unknown ones stand in a file, by position."""

    columns: dict[str, int]
    extra: dict[str, int]


def load_file(
    connection: duckdb.DuckDBPyConnection,
    delivery: Delivery,
    extract: Extract,
    *,
    file_id: int,
    loaded_at: datetime,
    scratch: Path,
) -> Loaded:
    """Insert the records of a file into its raw table, and its rejects into `raw._rejects`.

    Args:
        connection: in a transaction, which is the caller's to commit or roll back.
        delivery: the file.
        extract: what it is a delivery of.
        file_id: its key.
        loaded_at: UTC, without a time zone.
        scratch: empty folder for copies, on a disk with room for a few hundred MB.

    Raises:
        FileRejectedError: the file cannot be landed; part of it may have been inserted.
        duckdb.Error, OSError: the warehouse or the scratch folder cannot be written.
    """
    parameters = {
        "file_id": file_id,
        "delivered_on": delivery.delivered_on,
        "loaded_at": loaded_at,
    }
    if delivery.path.suffix == ".parquet":
        return _load_parquet(connection, delivery.path, extract, parameters)
    return _load_csv(connection, delivery.path, extract, parameters, scratch)


def _load_csv(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    extract: Extract,
    parameters: dict[str, object],
    scratch: Path,
) -> Loaded:
    text = Utf8Text(path)
    blocks = iter(text)
    head = b""
    while len(head) < HEAD_BYTES and (block := next(blocks, b"")):
        head += block
    header = read_header(head, path.name, extract.extra_header_lines)
    mapping = _map(header.names, extract, f"{path.name}, line {header.line}")
    fields = {"row_number": "bigint"} | {f"field_{n}": "varchar" for n in range(len(header.names))}
    values = {name: f"field_{position}" for name, position in mapping.columns.items()}
    extra, extra_names = _extra({name: f"field_{at}" for name, at in mapping.extra.items()})
    records = chain([head[header.offset :]], blocks)
    landed = rejected = 0
    for part in _one_ahead(copy_numbered(records, header, path.name, scratch)):
        # DuckDB guesses where records start when it splits a file between threads; line ends
        # inside values could mislead it.
        source = READ_COPY.format(
            columns=fields, parallel=str(not part.has_line_ends_in_values).lower()
        )
        inserted = _execute(
            connection,
            insert_rows(extract, values, extra, source),
            parameters | extra_names | {"copy": str(part.path)},
        )
        if inserted != part.rows:
            raise FileRejectedError(
                f"{path.name}: {part.rows} records were found but {inserted} could be stored: "
                "please report this with the file."
            )
        part.path.unlink()
        landed += inserted
        rejected += len(part.rejects)
        _store_rejects(connection, parameters["file_id"], part.rejects)
    return Loaded(landed, rejected, NOTES.get(text.encoding))


def _load_parquet(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    extract: Extract,
    parameters: dict[str, object],
) -> Loaded:
    source = {"path": str(path)}
    try:
        described = connection.execute(
            "describe select * from read_parquet($path)", source
        ).fetchall()
        # Pages are read here and once more below, where an error could also be the warehouse's.
        connection.execute(
            "select count(columns(*)) from read_parquet($path)", source
        ).fetchall()
    except duckdb.Error as error:
        raise FileRejectedError(
            f"{path.name} is no readable Parquet file, it is damaged or cut off: deliver it again."
        ) from error
    mapping = _map(tuple(row[0] for row in described), extract, path.name)
    texts = [_as_text(identifier(name), kind) for name, kind, *_ in described]
    extra, extra_names = _extra({name: texts[at] for name, at in mapping.extra.items()})
    landed = _execute(
        connection,
        insert_rows(
            extract,
            {name: texts[position] for name, position in mapping.columns.items()},
            extra,
            "(select * rename (file_row_number as row_number) ...)",
        ),
        parameters | extra_names | source,
    )
    return Loaded(landed, 0, None)
