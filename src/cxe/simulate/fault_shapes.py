"""Faults of whole files: their name, order, ends, encoding, content."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cxe.simulate.fault_files import Plot, read_rows, rewrite
from cxe.simulate.write import header

if TYPE_CHECKING:
    from collections.abc import Iterable

_UTC_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_FEW = 9


def _eastern_europe(found: re.Match[str]) -> str:
    return f"{_instant(found) + timedelta(hours=2):%Y-%m-%dT%H:%M:%S}+02:00"


def _pacific(found: re.Match[str]) -> str:
    return f"{_instant(found) - timedelta(hours=8):%Y-%m-%dT%H:%M:%S}-08:00"


def _no_zone(found: re.Match[str]) -> str:
    return f"{_instant(found):%Y-%m-%d %H:%M:%S}"


def _instant(found: re.Match[str]) -> datetime:
    return datetime.strptime(found[0], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


_WAYS = (_eastern_europe, _pacific, _no_zone)


def resent_name_other_bytes(plot: Plot) -> int:
    """The last calls file with other bytes under its name, in `redelivery`: for a second run."""
    last = plot.last("call2_vod__c")
    rows = read_rows(last)
    corrected = [row for row in rows if row["Duration_vod__c"]][:3]
    for row in corrected:
        row["Duration_vod__c"] = str(float(row["Duration_vod__c"]) + 5)
        row["SystemModstamp"] = plot.instant("call2_vod__c", hour=22)
    path = plot.out / "redelivery" / last.extract.folder / last.path.name
    path.parent.mkdir(parents=True, exist_ok=True)
    names = last.extract.column_names
    path.write_text(
        _csv([list(names)] + [[row[name] for name in names] for row in rows]), encoding="utf-8"
    )
    plot.note(path)
    return 1


def time_zone_mix(plot: Plot) -> int:
    """The same instants written in four ways within one file."""
    full = plot.full("medical_inquiry_vod__c")
    text = full.path.read_text(encoding="utf-8").splitlines()
    for index in range(1, min(len(text), _FEW + 1)):
        text[index] = _UTC_STAMP.sub(_WAYS[index % 3], text[index])
        plot.note(full.path, index + 1)
    rewrite(full.path, lambda _: "\n".join(text) + "\n")
    return len(plot.places)


def changed_header_order(plot: Plot) -> int:
    """The last cases file with its columns from right to left."""
    last = plot.last("case")
    rewrite(last.path, lambda text: _csv(row[::-1] for row in csv.reader(io.StringIO(text))))
    plot.note(last.path)
    return 1


def trailing_total_line(plot: Plot) -> int:
    """A total line with the right number of fields, and in another file one with too few."""
    for name, is_whole in (("copay_assist", True), ("benefit_verification", False)):
        last = plot.last(name)
        rows = read_rows(last)
        fields = ["TOTAL", str(len(rows))]
        if is_whole:
            fields += [""] * (len(last.extract.column_names) - len(fields))
        line = last.path.read_bytes().count(b"\n") + 1
        with last.path.open("a", encoding="utf-8") as file:
            file.write(",".join(fields) + "\n")
        plot.note(last.path, line)
    return len(plot.places)


def crlf_and_bom(plot: Plot) -> int:
    """The last accounts file as a Windows program saves it."""
    last = plot.last("account")
    rewrite(last.path, lambda text: "\ufeff" + text.replace("\n", "\r\n"))
    plot.note(last.path)
    return 1


def empty_file(plot: Plot) -> int:
    """A further prior_auth file without a byte."""
    plot.extra("prior_auth", b"")
    return 1


def header_only_file(plot: Plot) -> int:
    """A further em_attendee file that holds its header only."""
    plot.extra("em_attendee_vod__c", header(plot.last("em_attendee_vod__c").extract).encode())
    return 1


def truncated_gzip(plot: Plot) -> int:
    """A further sent_email file that ends in the middle of its compressed bytes."""
    content = plot.last("sent_email_vod__c").path.read_bytes()
    plot.extra("sent_email_vod__c", content[: len(content) // 2])
    return 1


def _csv(rows: Iterable[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
