"""What stands in the pages of a written report, read without a browser."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

PAGES = (
    *("index", "cvar", "relationship-health", "path-to-fulfillment", "path-to-prescribe"),
    *("promises", "operations", "flywheel", "leadership", "seven-shifts"),
    *("metrics", "data-quality"),
)
WORK_LIST = "work-list"
EVERY_PAGE = (*PAGES, WORK_LIST)
HIDDEN, UNKNOWN = "•", "\N{EN DASH}"
# What has no territory or product stands under; null is for all of them.
NO_SCOPE = "(none)"

Cell = Any
Row = dict[str, Cell]
Choice = dict[str, str | None]


def page_file(home: Path, name: str) -> Path:
    """Where a page of the report, or the work list beside it, stands in a home."""
    folder = "work_lists" if name == WORK_LIST else "reports"
    return (home / folder / "current").resolve() / f"{name}.html"


def raw(cell: Cell) -> Any:
    """The value of a cell."""
    return cell[0] if isinstance(cell, list) else cell


def is_hidden(cell: Cell) -> bool:
    """Whether a cell is not shown because few patients stand behind it."""
    return isinstance(cell, list) and cell[1] == HIDDEN


def text(cell: Cell) -> str:
    """What a reader sees of a cell, as the page is told."""
    return " ".join(str(cell[1] if isinstance(cell, list) else cell).split())


@dataclass(frozen=True)
class Block:
    """Rows that a page shows.

    Attributes:
        page: file it stands in.
        id: of its section.
        asked: commands that give its rows again.
        data: its embedded JSON, decimals exact.
    """

    page: Path
    id: str
    asked: tuple[str, ...]
    data: dict[str, Any]

    @cached_property
    def names(self) -> list[str]:
        """Columns by name."""
        return [column["name"] for column in self.data["columns"]]

    @property
    def words(self) -> dict[str, str]:
        """Columns that have a reader's words for the codes of another one, and which."""
        columns = self.data["columns"]
        return {column["name"]: column["wordsFor"] for column in columns if column.get("wordsFor")}

    @cached_property
    def rows(self) -> list[Row]:
        """Cells by column."""
        return [dict(zip(self.names, row, strict=True)) for row in self.data["rows"]]

    def numbers(self, choice: Choice) -> list[list[Any]]:
        """All numbers for a choice."""
        return [
            [value for value in map(raw, row.values()) if not isinstance(value, str | None)]
            for row in self.chosen(choice)
        ]

    @property
    def has_chart(self) -> bool:
        """Whether it draws its rows."""
        return bool(self.data.get("kind") == "chart")

    @property
    def is_tiles(self) -> bool:
        """Whether it shows single numbers instead of a table."""
        return bool(self.data.get("kind") == "tiles")

    def texts(self, rows: list[Row]) -> list[list[str]]:
        """What a reader sees of rows in the block's table."""
        shown = [self.names[place] for place in self.data["shown"]]
        return [
            [
                "All" if name in self.scopes and raw(row[name]) is None else text(row[name])
                for name in shown
            ]
            for row in rows
        ]

    def tiles(self, rows: list[Row]) -> dict[str, str]:
        """What a reader sees of the first row in the block's tiles, by metric."""
        return {
            column["metric"]: text(rows[0][column["name"]]) if rows else UNKNOWN
            for column in self.data["columns"]
            if column["metric"]
        }

    @property
    def scopes(self) -> list[str]:
        """Columns that the page's filters choose."""
        return list(self.data.get("scopes", ()))

    def chosen(self, choice: Choice) -> list[Row]:
        """Rows that the filters leave; None chooses those that are for all."""
        return [
            row for row in self.rows if all(raw(row[name]) == choice[name] for name in self.scopes)
        ]


@dataclass
class _Section:
    id: str
    depth: int
    asked: list[str] = field(default_factory=list)
    data: dict[str, Any] | None = None


class Page(HTMLParser):
    """A page as far as tests look at it.

    Attributes:
        path: its file.
        blocks: sections with embedded rows.
        ids: every id.
        links: what href and src name.
        scripts: attributes of every script element.
        handlers: attributes that hold code.
    """

    def __init__(self, path: Path) -> None:
        """Read a page."""
        super().__init__()
        self.path = path
        self.blocks: list[Block] = []
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.scripts: list[dict[str, str | None]] = []
        self.handlers: list[str] = []
        self._section: _Section | None = None
        self._reads = ""
        self._read: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))
        self.close()

    @property
    def scopes(self) -> set[str]:
        """What can be chosen on the page."""
        return {scope for block in self.blocks for scope in block.scopes}

    def values(self, scope: str) -> set[str]:
        """What there are rows for and can be chosen: of what has none there are tables only."""
        found = {
            raw(row[scope]) for block in self.blocks if scope in block.scopes for row in block.rows
        }
        return found - {None, NO_SCOPE}

    def redraws(self, one: Choice, other: Choice) -> bool:
        """Whether a chart has other numbers to show for another choice."""
        return any(
            block.has_chart and block.numbers(one) != block.numbers(other) for block in self.blocks
        )

    @property
    def first_choice(self) -> Choice:
        """What is chosen before anybody chooses: everything, in the latest month."""
        months = [
            row["month"] for block in self.blocks if "month" in block.scopes for row in block.rows
        ]
        return {"territory": None, "product": None, "month": max(map(raw, months), default=None)}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep what tests look at."""
        found = dict(attrs)
        classes = (found.get("class") or "").split()
        if found.get("id"):
            self.ids.add(found["id"] or "")
        self.links += [found[name] or "" for name in ("href", "src") if name in found]
        self.handlers += [f"{tag} {name}" for name in found if name.startswith("on")]
        if tag == "script":
            self.scripts.append(found)
        if tag == "section" and self._section:
            self._section.depth += 1
        elif tag == "section" and "block" in classes:
            self._section = _Section(found.get("id") or "", depth=1)
        if self._section and (
            (tag == "code" and "ask" in classes) or (tag == "script" and "data" in classes)
        ):
            self._reads, self._read = tag, []

    def handle_endtag(self, tag: str) -> None:
        """Keep the text of commands and rows, and close blocks."""
        section = self._section
        if section is None:
            return
        if tag == self._reads:
            content = "".join(self._read)
            if tag == "code":
                section.asked.append(content)
            else:
                section.data = json.loads(content, parse_float=Decimal)
            self._reads = ""
        if tag == "section":
            section.depth -= 1
            if not section.depth:
                if section.data is not None:
                    block = Block(self.path, section.id, tuple(section.asked), section.data)
                    self.blocks.append(block)
                self._section = None

    def handle_data(self, data: str) -> None:
        """Text of what is being read."""
        if self._reads:
            self._read.append(data)


def read_pages(site: Path) -> dict[str, Page]:
    """Pages of a site by file name."""
    return {path.name: Page(path) for path in sorted(site.glob("*.html"))}
