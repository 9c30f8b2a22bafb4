"""Delimited text as numbered records: the one judge of what a record is, and where it starts.

DuckDB reads faster than anything written here, but it cannot say on which line of the file a row
stands, gives up on a whole file for one odd line end, and reads on to the end of the file after an
unclosed quote. So it is handed copies in which each record is well-formed, ends in LF and begins
with its line number. Text between quotes is never touched.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, BinaryIO

from cxe.landing.records import FileRejectedError, Reject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

MAX_RECORD_BYTES = 1 << 20  # DuckDB stops at 2,000,000 unless told otherwise

_FIELD = rb'(?:"(?:[^"]++|"")*+"|[^",\r\n]*+)'
RECORD = re.compile(rb"(%b(?:,%b)*+)\r?\n" % (_FIELD, _FIELD))
FIELDS_BEFORE = re.compile(rb"(?:%b,)*+" % _FIELD)
FIELD_AND_COMMA = re.compile(_FIELD + b",")
ENDS_IN_QUOTES = re.compile(rb'(?:%b,)*+"(?:[^"]++|"")*+\Z' % _FIELD)
UNQUOTED = re.compile(rb'[^",\r\n]*+')
BLANK_LINE = re.compile(rb"\r?\n")
# A quoted field without quotes or line ends inside. The first quote of a line stands at the start
# of a field or matches nothing; by induction so does each later one.
PLAIN_QUOTED = re.compile(rb'"(?<![^,\n]")[^"\n]*+"(?=,|\r?\n)')
NUMBERED = b"%d,%b\n"


@dataclass(frozen=True)
class Header:
    """The names in the header row, in file order, and where the first record starts.

    Attributes:
        line: on which the header starts.
        first_line: on which the first record would start.
        offset: of that line in the text, in bytes.
    """

    names: tuple[str, ...]
    line: int
    first_line: int
    offset: int


@dataclass(frozen=True)
class Copied:
    """What a copy holds: `<line number>,<record>` and LF, for each record accepted.

    Attributes:
        rows: how many those are.
        has_line_ends_in_values: whether any spans lines.
        next_line: the line after the last of the file.
    """

    rows: int
    has_line_ends_in_values: bool
    next_line: int


@dataclass(frozen=True)
class _Stretch:
    """Whole records of one block of text, and what is left of the block."""

    numbered: bytes
    rows: int
    has_line_ends_in_values: bool
    rejects: list[Reject]
    next_line: int
    rest: bytes


def read_header(text: bytes, file_name: str, extra_header_lines: int) -> Header:
    """Find the header row and the first record.

    Args:
        text: the beginning of the file.
        file_name: for messages.
        extra_header_lines: rows to skip after the header; a quoted one may span lines.

    Raises:
        FileRejectedError: there is no header, or it cannot be told what it says.
    """
    if not text.strip():
        raise FileRejectedError(
            f"{file_name} is empty, it lacks even a header: deliver the file again."
        )
    if b"\r" in text and b"\n" not in text:
        raise FileRejectedError(
            f"{file_name}, line 1: lines end in a carriage return alone: export with LF or CRLF."
        )
    if not text.endswith(b"\n"):
        text += b"\n"
    start = 0
    while blank := BLANK_LINE.match(text, start):
        start = blank.end()
    line = text.count(b"\n", 0, start) + 1
    header = RECORD.match(text, start)
    if header is None or header.end() - start > MAX_RECORD_BYTES:
        raise FileRejectedError(
            f"{file_name}, line {line}: the header is no row of comma-separated names, perhaps for "
            "a stray quote: export the file again."
        )
    row = next(csv.reader(io.StringIO(header[1].decode(), newline="")))
    names = tuple(name.strip() for name in row)
    seen: set[str] = set()
    for position, name in enumerate(names, start=1):
        if name.casefold() in seen:
            raise FileRejectedError(
                # Not the name itself: without a header, it is a value of the first record.
                f"{file_name}, line {line}, column {position}: the header has this name twice: "
                "rename or remove one of them."
            )
        seen.add(name.casefold())
    end = header.end()
    for _ in range(extra_header_lines):
        extra = RECORD.match(text, end)
        end = extra.end() if extra else text.find(b"\n", end) + 1 or end
    return Header(names, line, text.count(b"\n", 0, end) + 1, end)


def copy_numbered(
    blocks: Iterable[bytes],
    header: Header,
    file_name: str,
    copy: BinaryIO,
    refuse: Callable[[list[Reject]], None],
) -> Copied:
    """Copy the records after the header, each with the line of the file on which it starts.

    Args:
        blocks: the text from `header.offset` on.
        header: as `read_header` found it.
        file_name: for messages.
        copy: where the copy goes.
        refuse: called with the records that are none, a stretch of the file at a time.

    Raises:
        FileRejectedError: a line is too long to be one.
    """
    rows = 0
    has_line_ends_in_values = False
    next_line = header.first_line
    for stretch in _stretches(blocks, header, file_name):
        copy.write(stretch.numbered)
        rows += stretch.rows
        has_line_ends_in_values |= stretch.has_line_ends_in_values
        next_line = stretch.next_line
        if stretch.rejects:
            refuse(stretch.rejects)
    return Copied(rows, has_line_ends_in_values, next_line)


def _stretches(blocks: Iterable[bytes], header: Header, file_name: str) -> Iterator[_Stretch]:
    line = header.first_line
    rest = b""
    for block in chain(filter(None, blocks), [b""]):
        is_final = not block
        text = rest + block
        if is_final and text and not text.endswith(b"\n"):
            text += b"\n"
        cut = text.rfind(b"\n") + 1
        text, unfinished_line = text[:cut], text[cut:]
        lines = text.split(b"\n")[:-1]
        lengths = [*map(len, lines), len(unfinished_line)]
        if max(lengths) > MAX_RECORD_BYTES:
            raise FileRejectedError(
                f"{file_name}, line {line + lengths.index(max(lengths))}: longer than "
                f"{MAX_RECORD_BYTES:,} bytes, this is no delimited text: export the file again."
            )
        if _is_regular(text, lines, len(header.names)):
            stretch = _number_lines(text, lines, line)
        else:
            stretch = _number_records(text, line, header.names, is_final=is_final)
        yield stretch
        line = stretch.next_line
        rest = stretch.rest + unfinished_line


def _is_regular(text: bytes, lines: list[bytes], width: int) -> bool:
    """Whether every line is one well-formed record: true of most text, and cheap to establish."""
    outside_quotes = lines
    if b'"' in text:
        text = PLAIN_QUOTED.sub(b"", text)
        if b'"' in text:
            return False
        outside_quotes = text.split(b"\n")[:-1]
    if b"\r" in text and text.count(b"\r") != text.count(b"\r\n"):
        return False
    # In a file of one column a blank line has as many commas as a record.
    return width > 1 and {line.count(b",") for line in outside_quotes} <= {width - 1}


def _number_lines(text: bytes, lines: list[bytes], first_line: int) -> _Stretch:
    if b"\r" in text:
        lines = text.replace(b"\r\n", b"\n").split(b"\n")[:-1]
    numbered = b"".join(map(NUMBERED.__mod__, enumerate(lines, first_line)))
    return _Stretch(numbered, len(lines), False, [], first_line + len(lines), b"")


def _number_records(
    text: bytes, first_line: int, names: tuple[str, ...], *, is_final: bool
) -> _Stretch:
    accepted = _accepted(len(names))
    numbered: list[bytes] = []
    rejects: list[Reject] = []
    has_line_ends_in_values = False
    line = first_line
    position = 0
    while position < len(text):
        record = accepted.match(text, position)
        if record and record[1] and record.end() - position <= MAX_RECORD_BYTES:
            numbered.append(NUMBERED % (line, record[1]))
            has_line_ends_in_values |= b"\n" in record[1]
            end = record.end()
        elif blank := BLANK_LINE.match(text, position):
            end = blank.end()
        elif (
            not is_final
            and len(text) - position <= MAX_RECORD_BYTES
            and ENDS_IN_QUOTES.match(text, position)
        ):
            break
        else:
            end, reject = _reject(text, position, line, names)
            rejects.append(reject)
        line += text.count(b"\n", position, end)
        position = end
    return _Stretch(
        b"".join(numbered), len(numbered), has_line_ends_in_values, rejects, line, text[position:]
    )


def _reject(text: bytes, position: int, line: int, names: tuple[str, ...]) -> tuple[int, Reject]:
    record = RECORD.match(text, position)
    if record and record.end() - position <= MAX_RECORD_BYTES:
        end = record.end()
        fields = len(FIELD_AND_COMMA.findall(record[1])) + 1
        reason = f"{fields} fields where the header has {len(names)}"
        column = names[fields] if fields < len(names) else None
    else:
        # The line is lost; what follows it need not be.
        end = text.index(b"\n", position) + 1
        start = _end(FIELDS_BEFORE.match(text, position))
        fields = len(FIELD_AND_COMMA.findall(text, position, start))
        column = names[fields] if fields < len(names) and not record else None
        if record or ENDS_IN_QUOTES.match(text, start):
            reason = f"a quote is opened and not closed within {MAX_RECORD_BYTES:,} bytes"
        elif text[_end(UNQUOTED.match(text, start))] == ord(b"\r"):
            reason = "a carriage return outside quotes"
        else:
            reason = "a stray quote"
    raw_text = text[position:end].removesuffix(b"\n").removesuffix(b"\r").decode()
    return end, Reject(line, raw_text, reason, column)


@cache
def _accepted(width: int) -> re.Pattern[bytes]:
    return re.compile(rb"(%b(?:,%b){%d})\r?\n" % (_FIELD, _FIELD, width - 1))


def _end(match: re.Match[bytes] | None) -> int:
    if match is None:
        raise AssertionError("a pattern that also matches nothing did not match")
    return match.end()
