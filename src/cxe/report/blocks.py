"""What a page is made of: a title that says what it shows, a summary, a chart, the rows behind."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cxe.report.answers import HIDDEN, NO_SCOPE, SCOPES
from cxe.report.formats import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cxe.report.answers import Answer, Row


@dataclass(frozen=True)
class Block:
    """A chart, a table or a row of tiles, over the rows of one answer.

    Attributes:
        id: of the element, unique on its page.
        title: what it shows, as a heading.
        summary: what it says, in words, for those who cannot see it; names scope and time.
        answer: its rows.
        chart: Vega-Lite specification over the data named `rows`; None for a table alone.
        is_tiles: whether single numbers stand instead of a table.
        shown: columns of the table; all without it.
        note: how to read it.
        earlier_months: of tiles: how far back the value to compare with lies.
    """

    id: str
    title: str
    summary: str
    answer: Answer
    chart: Mapping[str, Any] | None = None
    is_tiles: bool = False
    shown: Sequence[str] = ()
    note: str = ""
    earlier_months: int = 3

    @property
    def kind(self) -> str:
        """`chart`, `table` or `tiles`."""
        return "tiles" if self.is_tiles else "table" if self.chart is None else "chart"

    @property
    def columns(self) -> Sequence[int]:
        """Places of the columns that the table shows."""
        names = [column.name for column in self.answer.columns]
        return [names.index(name) for name in self.shown or names]

    @property
    def data(self) -> dict[str, Any]:
        """What the page's script works on: raw values with their texts."""
        return {
            "kind": self.kind,
            "columns": [
                {
                    "name": column.name,
                    "label": column.label,
                    "unit": column.unit,
                    "metric": column.metric.name if column.metric else None,
                    "better": column.metric.better if column.metric else "none",
                    "metricIn": column.metric_in,
                    "stateIn": column.state_in,
                    "wordsFor": column.words_for,
                }
                for column in self.answer.columns
            ],
            "shown": self.columns,
            "scopes": self.answer.scopes,
            "earlierMonths": self.earlier_months,
            "rows": [
                [_cell(row[column.name], column.text(row)) for column in self.answer.columns]
                for row in self.answer.rows
            ],
        }

    @property
    def first_view(self) -> list[Row]:
        """Rows of all territories and products in the latest month."""
        rows = list(self.answer.rows)
        for scope in self.answer.scopes:
            if scope == "month":
                latest = max((row["month"] for row in rows if row["month"]), default=None)
                rows = [row for row in rows if row["month"] == latest]
            else:
                rows = [row for row in rows if row[scope] is None]
        return rows


@dataclass(frozen=True)
class Page:
    """A page of the site.

    Attributes:
        file: its name.
        title: its heading and its place in the navigation.
        lead: what it answers, in a sentence.
        blocks: by id, in the order of the filters' concern.
        template: where its text stands.
        more: anything else that its template shows.
    """

    file: str
    title: str
    lead: str
    blocks: Sequence[Block]
    template: str
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def has_charts(self) -> bool:
        """Whether it needs the library of the charts."""
        return any(block.chart is not None for block in self.blocks)

    @property
    def filters(self) -> dict[str, list[Any]]:
        """What each filter of the page offers; what is of none of them stands in tables only."""
        found: dict[str, set[Any]] = {}
        for block in self.blocks:
            for scope in block.answer.scopes:
                found.setdefault(scope, set()).update(row[scope] for row in block.answer.rows)
        return {
            scope: sorted(offered, reverse=scope == "month")
            for scope in SCOPES
            if (offered := found.get(scope, set()) - {None, NO_SCOPE})
        }


def block_of(
    id: str,
    title: str,
    answer: Answer,
    say: Callable[[Answer], str],
    draw: Callable[[Answer], dict[str, Any]] | None = None,
    *,
    nothing: str,
    **more: Any,
) -> Block:
    """A block that says so where nothing was delivered.

    Args:
        id: of the block.
        title: of the block.
        answer: its rows.
        say: its summary, of an answer with rows.
        draw: its chart, of an answer with rows; a table without it.
        nothing: its summary without rows.
        more: as a block takes it.
    """
    if not answer.rows:
        return Block(id, title, nothing, answer, **{**more, "note": ""})
    return Block(id, title, say(answer), answer, draw(answer) if draw else None, **more)


def _cell(value: Any, shown: str) -> Any:
    raw = None if value is HIDDEN else plain(value)
    return raw if isinstance(raw, str) and raw == shown else [raw, shown]
