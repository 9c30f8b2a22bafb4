"""One file into its raw table, inside the caller's transaction."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import chain
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from cxe.landing.csv_records import MAX_RECORD_BYTES, copy_numbered, read_header
from cxe.landing.records import FileRejectedError
from cxe.landing.tables import insert_rows
from cxe.landing.text import LATIN1, Utf8Text

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from cxe.contract import Extract
    from cxe.landing.records import Delivery, Reject

HEAD_BYTES = 2 * MAX_RECORD_BYTES
# The options leave nothing to guess; quoted "" is text, bare emptiness is null.
READ_COPY = """
    read_csv(
        $copied, columns = {columns}, header = false, auto_detect = false, delim = ',', quote = '"',
        escape = '"', new_line = '\\n', nullstr = '', allow_quoted_nulls = false,
        strict_mode = true, parallel = {parallel}
    )
"""
REJECTS = pa.schema(
    {
        "line_number": pa.int64(),
        "raw_text": pa.string(),
        "reason": pa.string(),
        "column_name": pa.string(),
    }
)
NOTES = {LATIN1: "Read as Latin-1 (Windows-1252).", "utf-16": "Read as UTF-16."}


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
        scratch: file for a copy, on a disk with room for the uncompressed text.

    Raises:
        FileRejectedError: the file cannot be landed; part of it may have been inserted.
        duckdb.Error, OSError: the warehouse or the scratch folder cannot be written.
    """
    parameters: dict[str, object] = {
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
    fields = [f"field_{position}" for position in range(len(header.names))]
    records = chain([head[header.offset :]], blocks)
    rejected = 0

    def refuse(rejects: list[Reject]) -> None:
        nonlocal rejected
        rejected += len(rejects)
        _store_rejects(connection, parameters["file_id"], rejects)

    with scratch.open("wb") as copy:
        copied = copy_numbered(records, header, path.name, copy, refuse)
    # Each line is of one record, of one reject or blank: else row numbers would be guesses.
    if copied.next_line - 1 != text.lines:
        raise FileRejectedError(
            f"{path.name}: {text.lines} lines were read and {copied.next_line - 1} accounted for: "
            "please report this with the file."
        )
    # DuckDB guesses where records start when it splits a file between threads; line ends inside
    # values could mislead it. One statement for all: a second insert costs far more than the first.
    source = READ_COPY.format(
        columns={"row_number": "bigint"} | dict.fromkeys(fields, "varchar"),
        parallel=str(not copied.has_line_ends_in_values).lower(),
    )
    statement, extra_names = _statement(extract, mapping, fields, source)
    landed = _insert(
        connection, path.name, statement, parameters | extra_names | {"copied": str(scratch)}
    )
    if landed != copied.rows:
        raise FileRejectedError(
            f"{path.name}: {copied.rows} records were found but {landed} could be stored: "
            "please report this with the file."
        )
    return Loaded(landed, rejected, NOTES.get(text.encoding))


def _load_parquet(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    extract: Extract,
    parameters: dict[str, object],
) -> Loaded:
    source = {"path": str(path)}
    try:
        described = connection.execute("describe from read_parquet($path)", source).fetchall()
        # All of it is read here and once more below, where an error could also be the warehouse's.
        connection.execute("select max(columns(*)) from read_parquet($path)", source).fetchall()
    except duckdb.Error as error:
        raise FileRejectedError(
            f"{path.name} is damaged or cut off, or no Parquet file: deliver it again."
        ) from error
    names = tuple(row[0] for row in described)
    mapping = _map(names, extract, path.name)
    texts = [_as_text(f"field_{position}", row[1]) for position, row in enumerate(described)]
    fields = ", ".join(f"field_{position}" for position in range(len(names)))
    statement, extra_names = _statement(
        extract,
        mapping,
        texts,
        f"""(
            select {fields}, ordinal + 1 as row_number
            from read_parquet($path, file_row_number = true) as file ({fields}, ordinal)
        )""",
    )
    landed = _insert(connection, path.name, statement, parameters | extra_names | source)
    return Loaded(landed, 0, None)


def _statement(
    extract: Extract, mapping: _Mapping, fields: list[str], source: str
) -> tuple[str, dict[str, object]]:
    """Compose the insert, with the parameters that hold the names of unknown columns."""
    values = {name: fields[position] for name, position in mapping.columns.items()}
    parameters: dict[str, object] = {}
    pairs = []
    # In the order of their names, as the hash must not depend on the order in the file.
    for number, (name, position) in enumerate(sorted(mapping.extra.items())):
        parameters[f"extra_{number}"] = name
        pairs.append(f"$extra_{number}::varchar, {fields[position]}")
    extra = f"json_object({', '.join(pairs)})" if pairs else "null"
    return insert_rows(extract, values, extra, source), parameters


def _map(names: tuple[str, ...], extract: Extract, where: str) -> _Mapping:
    by_name = {name.casefold(): name for name in extract.column_names}
    columns: dict[str, int] = {}
    extra: dict[str, int] = {}
    for position, name in enumerate(names):
        if known := by_name.get(name.strip().casefold()):
            if known in columns:
                raise FileRejectedError(
                    f"{where}, column {known}: the file has this column twice: rename or remove "
                    "one of them."
                )
            columns[known] = position
        else:
            extra[name] = position
    missing = [
        column.name for column in extract.columns if column.required and column.name not in columns
    ]
    if missing:
        raise FileRejectedError(
            f"{where}, column {', '.join(missing)}: required but missing among the {len(names)} "
            "columns of the file: export it with this column, comma-separated, with its header."
        )
    return _Mapping(columns, extra)


def _as_text(field: str, kind: str) -> str:
    match kind:
        case "VARCHAR":
            return field
        case "TIMESTAMP WITH TIME ZONE":
            return f"strftime(make_timestamp(epoch_us({field})), '%Y-%m-%dT%H:%M:%S.%fZ')"
        case "TIMESTAMP" | "TIMESTAMP_S" | "TIMESTAMP_MS" | "TIMESTAMP_NS":
            return f"replace({field}::varchar, ' ', 'T') || 'Z'"
        case _:
            return f"{field}::varchar"


def _store_rejects(
    connection: duckdb.DuckDBPyConnection, file_id: object, rejects: list[Reject]
) -> None:
    # Lists as parameters take seconds for a thousand values.
    connection.register(
        "rejects_of_stretch",
        pa.Table.from_pylist([asdict(reject) for reject in rejects], schema=REJECTS),
    )
    connection.execute(
        """
        insert into raw._rejects (file_id, line_number, raw_text, reason, column_name)
        select $file_id, line_number, raw_text, reason, column_name from rejects_of_stretch
        """,
        {"file_id": file_id},
    )
    connection.unregister("rejects_of_stretch")


def _insert(
    connection: duckdb.DuckDBPyConnection, name: str, statement: str, parameters: dict[str, object]
) -> int:
    try:
        row = connection.execute(statement, parameters).fetchone()
    except (duckdb.InvalidInputException, duckdb.ConversionException):
        # The message of DuckDB quotes the row, which may hold personal data.
        raise FileRejectedError(
            f"{name}: DuckDB refused records that look well-formed: please report this."
        ) from None
    return int(row[0]) if row else 0
