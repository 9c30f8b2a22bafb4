"""Random text lands as an independent, plain reading of RFC 4180 says, with true line numbers."""

from __future__ import annotations

import gzip
import tempfile
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cxe.contract import Column, Extract
from cxe.landing import csv_records, land
from cxe.landing.records import Reject

NAMES = ("Id", "Name", "Note")
if TYPE_CHECKING:
    from collections.abc import Iterator

CONTRACT = {
    ("crm", "account"): Extract(
        system="crm",
        name="account",
        description="",
        columns=tuple(Column(name, "text", False, "none", (), "") for name in NAMES),
        key=("Id",),
        version_column=None,
        drives_as_of_date=False,
        extra_header_lines=0,
        freshness_days=1,
    )
}
# Pieces that make sense often enough, and nonsense often enough.
PIECES = ["a", "é", " ", "\x00", "1,b,c\n", ",", ",", "\n", "\r\n", "\r", '"', '""', '"x,y"']
PIECES += ['"p\nq"', '"p\r\nq"', '"say ""hi"""', '2,"z",\r\n', '"\n3,b,c\n']
bodies = st.lists(st.sampled_from(PIECES), max_size=25).map("".join)

Record = tuple[int, tuple[str | None, ...]]


class NotARecord(Exception):  # noqa: N818
    pass


def read_record(body: str, start: int) -> tuple[list[str | None], int]:
    """Read one record, character by character; return its values and where the next one starts."""
    values: list[str | None] = []
    at = start
    while True:
        value: str | None
        if body[at : at + 1] == '"':
            at += 1
            value = ""
            while body[at : at + 2] == '""' or (body[at : at + 1] not in ('"', "")):
                value += body[at]
                at += 2 if body[at] == '"' else 1
            if body[at : at + 1] != '"':
                raise NotARecord
            at += 1
        else:
            value = ""
            while body[at : at + 1] not in (",", '"', "\r", "\n", ""):
                value += body[at]
                at += 1
            value = value or None
        values.append(value)
        if body[at : at + 1] == ",":
            at += 1
        elif body[at : at + 1] == "\n":
            return values, at + 1
        elif body[at : at + 2] == "\r\n":
            return values, at + 2
        else:
            raise NotARecord


def read_plainly(body: str) -> tuple[list[Record], list[tuple[int, str]]]:
    """The records and the rejected texts of the lines below a header on line 1."""
    if body and not body.endswith("\n"):
        body += "\n"
    records: list[Record] = []
    rejects: list[tuple[int, str]] = []
    at = 0
    while at < len(body):
        line = 2 + body.count("\n", 0, at)
        try:
            values, end = read_record(body, at)
        except NotARecord:
            values, end = [], body.index("\n", at) + 1
        if len(values) == len(NAMES):
            records.append((line, tuple(values)))
        elif body[at:end] not in ("\n", "\r\n"):
            rejects.append((line, body[at:end].removesuffix("\n").removesuffix("\r")))
        at = end
    return records, rejects


@given(body=bodies, sizes=st.lists(st.integers(1, 30), min_size=1))
@settings(max_examples=400, deadline=None)
@example(body='1,"a\n2,"b",c\n', sizes=[1])
@example(body='1,a,"b"\r', sizes=[3])
def test_records_and_rejects_do_not_depend_on_where_blocks_end(body: str, sizes: list[int]) -> None:
    records, rejects = read_plainly(body)
    rest = body.encode()
    blocks: list[bytes] = []
    while rest:
        size = sizes[len(blocks) % len(sizes)]
        blocks.append(rest[:size])
        rest = rest[size:]
    refused: list[Reject] = []
    copy = BytesIO()
    copied = csv_records.copy_numbered(
        blocks, csv_records.Header(NAMES, 1, 2, 0), "x.csv", copy, refused.extend
    )
    text = copy.getvalue().decode()
    found: list[Record] = []
    at = 0
    while at < len(text):
        (number, *values), at = read_record(text, at)
        found.append((int(str(number)), tuple(values)))
    assert found == records
    assert [(reject.line_number, reject.raw_text) for reject in refused] == rejects
    assert copied.rows == len(records)
    assert copied.has_line_ends_in_values == any(
        "\n" in (value or "") for _, values in records for value in values
    )


def test_an_unclosed_quote_does_not_hold_the_rest_of_the_file_in_memory() -> None:
    lines = b"1,a,b\n" * 100_000
    blocks_read = 0

    def blocks() -> Iterator[bytes]:
        nonlocal blocks_read
        for block in [b'1,"a,b\n', *[lines] * 10]:
            blocks_read += 1
            yield block

    read_when_refused: list[int] = []
    copied = csv_records.copy_numbered(
        blocks(),
        csv_records.Header(NAMES, 1, 2, 0),
        "x.csv",
        BytesIO(),
        lambda _: read_when_refused.append(blocks_read),
    )
    assert (copied.rows, read_when_refused) == (1_000_000, [3])


@given(body=bodies, compressed=st.booleans(), encoding=st.sampled_from(["utf-8-sig", "latin-1"]))
@settings(max_examples=100, deadline=None)
def test_any_text_lands_value_by_value_with_its_lines(
    body: str, compressed: bool, encoding: str
) -> None:
    records, rejects = read_plainly(body)
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        content = ("Id,Name,Note\n" + body).encode(encoding)
        file = Path(folder, "crm/account/account__2024-01-31__full.csv")
        file.parent.mkdir(parents=True)
        if compressed:
            file.with_suffix(".csv.gz").write_bytes(gzip.compress(content))
        else:
            file.write_bytes(content)
        (result,) = land(connection, Path(folder), CONTRACT, loaded_at=datetime(2024, 2, 1)).files
        landed: list[tuple[Any, ...]] = connection.execute(
            "select _row_number, Id, Name, Note from raw.crm__account order by _row_number"
        ).fetchall()
        refused = connection.execute(
            "select line_number, raw_text from raw._rejects order by line_number"
        ).fetchall()
    assert [(number, tuple(values)) for number, *values in landed] == records
    assert refused == rejects
    assert (result.rows_landed, result.rows_rejected) == (len(records), len(rejects))
    assert result.rows_read == result.rows_landed + result.rows_rejected
