"""Deliveries: one full file per extract, then deltas, each as known on its date."""

from __future__ import annotations

import gzip
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import IO, TYPE_CHECKING

import pyarrow.csv
import pyarrow.parquet

from cxe.errors import CxeError
from cxe.simulate.clock import Array, Calendar
from cxe.simulate.tables import Style, Table, chunks, render

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cxe.contract import Extract

_FULL_AFTER = 0.7
_BEFORE_EVERYTHING = -(2**62)
# Small reference lists come whole each time.
_ALWAYS_FULL = frozenset({"user", "product_vod__c", "product_price"})
_STYLES = {
    "account": Style("offset", has_free_text=True),
    "user": Style(has_free_text=True),
    "call2_vod__c": Style("z"),
    "call2_detail_vod__c": Style("z", container="csv.gz"),
    "sent_email_vod__c": Style("z", true="1", false="0", container="csv.gz"),
    "multichannel_activity_vod__c": Style("naive"),
    "multichannel_consent_vod__c": Style("z", dates="us"),
    "em_attendee_vod__c": Style("offset"),
    "access_barrier__c": Style("offset", true="1", false="0"),
    "hub_enrollment": Style("space"),
    "hub_status_history": Style("space", container="csv.gz"),
    "benefit_verification": Style("space"),
    "prior_auth": Style("space", dates="us"),
    "sp_dispense": Style("naive", dates="us"),
    "copay_assist": Style("naive", true="Y", false="N"),
    "product_price": Style("z"),
    "nurse_contact": Style(container="parquet"),
    "case": Style("z", has_free_text=True),
    "survey_response": Style("space", true="1", false="0", has_free_text=True),
}
_QUESTIONS = {
    "CSAT": "How satisfied are you, all in all?",
    "CES": "The company made it easy for me",
    "NPS": "How likely are you to recommend us?",
    "Emotion": "How did you feel?",
    "Comment": "Anything else, in your own words?",
}


@dataclass(frozen=True)
class Delivery:
    """One file of the sample world.

    Attributes:
        lines_before: header lines, so that record 1 stands on the line after them.
    """

    path: Path
    extract: Extract
    delivered_on: date
    mode: str
    rows: int
    style: Style

    @property
    def lines_before(self) -> int:
        """Lines before the first record."""
        return 1 + self.extract.extra_header_lines


def style_of(extract: Extract) -> Style:
    """How the extract's source writes values."""
    return _STYLES.get(extract.name, Style())


def file_name(extract: Extract, day: date, mode: str, container: str, number: int = 1) -> str:
    """Name of a delivery; a second one of the same day has a number."""
    suffix = "" if number == 1 else f"__{number}"
    return f"{extract.name}__{day.isoformat()}__{mode}{suffix}.{container}"


def delivery_dates(calendar: Calendar) -> list[int]:
    """Instants of delivery: the full one, one per later month, the last when the world ends."""
    first = max(1, round(_FULL_AFTER * calendar.months))
    return [int(start) for start in calendar.starts[first:]]


def write_extract(root: Path, extract: Extract, table: Table, calendar: Calendar) -> list[Delivery]:
    """Write all deliveries of one extract.

    A month without news sends its header only, as real systems do: a file that is not there is then
    a fault and never a quiet month.

    Raises:
        CxeError: the table lacks a column of the contract.
    """
    style = style_of(extract)
    missing = set(extract.column_names) - set(table.columns) - {table.stamp}
    if missing:
        raise CxeError(f"{extract.name}: the sample world does not fill {sorted(missing)}.")
    folder = root / extract.folder
    folder.mkdir(parents=True, exist_ok=True)
    deliveries = []
    since = _BEFORE_EVERYTHING
    for until in delivery_dates(calendar):
        is_full = since == _BEFORE_EVERYTHING or extract.name in _ALWAYS_FULL
        rows = table.touched(_BEFORE_EVERYTHING if is_full else since, until)
        since = until
        mode = "full" if is_full else "delta"
        day = datetime.fromtimestamp(until, UTC).date()
        path = folder / file_name(extract, day, mode, style.container)
        _write(path, extract, table, rows, until, style)
        deliveries.append(Delivery(path, extract, day, mode, len(rows), style))
    return deliveries


def _write(
    path: Path, extract: Extract, table: Table, rows: Array, until: int, style: Style
) -> None:
    names = extract.column_names
    parts = (render(table.state(part, until), names, style) for part in chunks(rows))
    if style.container == "parquet":
        first = next(parts)
        with pyarrow.parquet.ParquetWriter(path, first.schema) as writer:
            writer.write_table(first)
            for part in parts:
                writer.write_table(part)
        return
    options = pyarrow.csv.WriteOptions(
        include_header=False, quoting_style="needed" if style.has_free_text else "none"
    )
    with open_file(path) as file:
        file.write(header(extract).encode())
        for part in parts:
            pyarrow.csv.write_csv(part, file, options)


def header(extract: Extract) -> str:
    """Header line, with the lines Qualtrics puts below it."""
    lines = [",".join(extract.column_names)]
    if extract.extra_header_lines:
        lines.append(",".join(f'"{_QUESTIONS.get(name, name)}"' for name in extract.column_names))
        lines.append(",".join(f'"{{""ImportId"":""{name}""}}"' for name in extract.column_names))
    return "\n".join(lines) + "\n"


@contextmanager
def open_file(path: Path) -> Iterator[IO[bytes]]:
    """Open for writing; gzip without a time in it, so that equal worlds are equal bytes."""
    with path.open("wb") as raw:
        if path.suffix != ".gz":
            yield raw
            return
        with gzip.GzipFile("", "wb", compresslevel=4, fileobj=raw, mtime=0) as zipped:
            yield zipped  # type: ignore[misc]
