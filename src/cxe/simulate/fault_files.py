"""Reading and spoiling delivered files: the tools every planted fault uses."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING

from cxe.simulate.write import Delivery, file_name, open_file

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date
    from pathlib import Path

    import numpy as np

Row = dict[str, str]
_SAMPLED_FROM = 20_000
_OWN_NUMBERS = 900_000_000


@dataclass
class Plot:
    """Where faults are planted.

    Attributes:
        out: the folder that holds `extracts`.
        deliveries: by extract, oldest first.
        rng: the stream of the fault being planted.
        places: where it was planted so far.
        used: records already spoiled, by extract, so that faults do not undo each other.
    """

    out: Path
    deliveries: dict[str, list[Delivery]]
    rng: np.random.Generator
    places: list[str] = field(default_factory=list)
    used: dict[str, set[tuple[str, ...]]] = field(default_factory=dict)
    numbers: int = _OWN_NUMBERS

    def full(self, name: str) -> Delivery:
        """The extract's first delivery."""
        return self.deliveries[name][0]

    def last(self, name: str) -> Delivery:
        """The extract's last delivery."""
        return self.deliveries[name][-1]

    @property
    def last_day(self) -> date:
        """Last day of the world."""
        return self.last("call2_vod__c").delivered_on - timedelta(days=1)

    def new_number(self) -> int:
        """A number no healthy record has."""
        self.numbers += 1
        return self.numbers

    def sample(
        self, name: str, count: int, suits: Callable[[Row], bool] = lambda _: True
    ) -> list[Row]:
        """Records of the first delivery that no later one holds and no other fault has spoiled."""
        key = self.full(name).extract.key
        taken = self.used.setdefault(name, set())
        again = {
            _key(row, key) for delivery in self.deliveries[name][1:] for row in read_rows(delivery)
        }
        rows = [
            row
            for row in read_rows(self.full(name), _SAMPLED_FROM)
            if suits(row) and _key(row, key) not in taken | again
        ]
        chosen = sorted(self.rng.permutation(len(rows))[:count])
        found = [rows[index] for index in chosen]
        taken.update(_key(row, key) for row in found)
        return found

    def append(self, name: str, rows: Sequence[Row]) -> int:
        """Add rows to the extract's last delivery and note their lines; returns how many."""
        delivery = self.last(name)
        line = delivery.path.read_bytes().count(b"\n") + 1
        text = io.StringIO()
        writer = csv.DictWriter(text, delivery.extract.column_names, lineterminator="\n")
        writer.writerows(rows)
        with delivery.path.open("a", encoding="utf-8", newline="") as file:
            file.write(text.getvalue())
        for number in range(len(rows)):
            self.note(delivery.path, line + number)
        return len(rows)

    def extra(self, name: str, content: bytes) -> None:
        """A further delivery of the last day with the given bytes."""
        last = self.last(name)
        path = last.path.with_name(
            file_name(last.extract, last.delivered_on, "delta", last.style.container, 2)
        )
        path.write_bytes(content)
        self.note(path)

    def note(self, path: Path, line: int | None = None) -> None:
        """Remember where the fault stands."""
        where = path.relative_to(self.out).as_posix()
        self.places.append(where if line is None else f"{where}:{line}")

    def instant(self, name: str, *, days_ago: int = 0, hour: int = 20) -> str:
        """An instant shortly before the world's end, as the extract writes it."""
        day = datetime(self.last_day.year, self.last_day.month, self.last_day.day, hour, tzinfo=UTC)
        return self.timestamp(name, day - timedelta(days=days_ago))

    def timestamp(self, name: str, at: datetime) -> str:
        """An instant as the extract writes it."""
        style = self.last(name).style.timestamps
        if style == "offset":
            return f"{at - timedelta(hours=5):%Y-%m-%dT%H:%M:%S}-05:00"
        if style == "space":
            return f"{at:%Y-%m-%d %H:%M:%S}"
        return f"{at:%Y-%m-%dT%H:%M:%S}" + ("Z" if style == "z" else "")

    def day(self, name: str, day: date) -> str:
        """A date as the extract writes it."""
        return f"{day:%m/%d/%Y}" if self.last(name).style.dates == "us" else day.isoformat()


def read_rows(delivery: Delivery, limit: int | None = None) -> list[Row]:
    """Records of a CSV delivery as text."""
    with delivery.path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        return list(islice(reader, delivery.extract.extra_header_lines, _stop(delivery, limit)))


def rewrite(path: Path, change: Callable[[str], str]) -> None:
    """Replace a text file's content."""
    text = path.read_text(encoding="utf-8")
    with open_file(path) as file:
        file.write(change(text).encode())


def _stop(delivery: Delivery, limit: int | None) -> int | None:
    return None if limit is None else limit + delivery.extract.extra_header_lines


def _key(row: Row, key: Sequence[str]) -> tuple[str, ...]:
    return tuple(row[name] for name in key)
