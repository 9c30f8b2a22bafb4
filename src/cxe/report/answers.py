"""What pages show: rows that say where they come from and how to ask for them again."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from cxe.report.formats import spelled, text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cxe.metrics import Metric

Row = dict[str, Any]
# What filters choose; a row for all of them has None there.
SCOPES = ("territory", "product", "month")
# Of a customer without a territory, an interaction about no product.
NO_SCOPE = "(none)"


class Hidden:
    """A value that is not shown, because it would tell of 10 patients or fewer."""

    def __repr__(self) -> str:
        """How it looks in a failed assertion."""
        return "HIDDEN"

    def __reduce__(self) -> str:
        """There is only one, in every process."""
        return "HIDDEN"


HIDDEN = Hidden()
HIDDEN_TEXT = "\N{BULLET}"


@dataclass(frozen=True)
class Column:
    """A column of an answer.

    Attributes:
        name: key in the rows.
        label: what a reader sees.
        unit: of a number, `date` or `month` of a day; empty for a text.
        metric: the metric it is, None for what it is cut by and for what is no metric.
        unit_in: where in a row its unit stands, if each row has one of its own.
        text_in: where in a row stands what is shown of it, if that is not made of its unit.
        metric_in: column that names the metric which a text stands for and leads to.
        state_in: column whose value says how a text is set off, such as a status.
        words_for: column of codes for which it has a reader's words.
    """

    name: str
    label: str
    unit: str = ""
    metric: Metric | None = None
    unit_in: str = ""
    text_in: str = ""
    metric_in: str = ""
    state_in: str = ""
    words_for: str = ""

    def text(self, row: Row) -> str:
        """Its value in a row as a reader sees it."""
        if self.text_in and row[self.name] is not HIDDEN:
            return str(row[self.text_in])
        unit = row[self.unit_in] if self.unit_in else self.unit
        return cell_text(row[self.name], unit)


@dataclass(frozen=True)
class Answer:
    """Rows, one per group, and the question that they answer.

    Attributes:
        columns: in reading order, what it is cut by first.
        rows: values by column name; `HIDDEN` where a small cell is not shown.
        commands: what gives these rows again; `sql: ` in front of a query of the published file.
        scopes: columns by which the filters of a page choose rows.
    """

    columns: tuple[Column, ...]
    rows: Sequence[Row]
    commands: tuple[str, ...]
    scopes: tuple[str, ...] = field(default=())

    def __getitem__(self, name: str) -> Column:
        """A column by name."""
        return next(column for column in self.columns if column.name == name)

    @property
    def metrics(self) -> list[Metric]:
        """The metrics in it."""
        return [column.metric for column in self.columns if column.metric]

    def text(self, row: Row, name: str) -> str:
        """A value as a reader sees it."""
        return self[name].text(row)

    def where(self, **wanted: Any) -> list[Row]:
        """Rows with these values."""
        return [row for row in self.rows if all(row[key] == wanted[key] for key in wanted)]

    def known(self, name: str, **wanted: Any) -> list[Row]:
        """Rows with these values in which a number is known and shown, the largest first."""
        rows = [row for row in self.where(**wanted) if is_known(row[name])]
        return sorted(rows, key=lambda row: row[name], reverse=True)

    def names(self, *without: str) -> list[str]:
        """Names of its columns, less some."""
        return [column.name for column in self.columns if column.name not in without]

    def only(self, *names: str) -> Answer:
        """The same rows with these columns only, in this order."""
        return replace(self, columns=tuple(self[name] for name in names))

    def labelled(self, **labels: str) -> Answer:
        """The same with other words above columns."""
        return replace(
            self,
            columns=tuple(
                replace(column, label=labels.get(column.name, column.label))
                for column in self.columns
            ),
        )

    def named(self, column: str, names: Mapping[Any, str]) -> Answer:
        """The same rows with a reader's words for the codes of a column, in a column beside it."""
        shown = f"{column}_name"
        rows = [{**row, shown: names.get(row[column], row[column])} for row in self.rows]
        added = Column(shown, self[column].label, words_for=column)
        return replace(self, columns=(*self.columns, added), rows=rows)

    def worded(self, column: str, words: Mapping[Any, str] | None = None) -> Answer:
        """As `named`; codes without words are spelled out."""
        codes = {row[column] for row in self.rows} - {None}
        return self.named(column, {**{code: spelled(code) for code in codes}, **(words or {})})

    def filtered(self, keep: Callable[[Row], bool]) -> Answer:
        """The rows that are worth showing."""
        return replace(self, rows=[row for row in self.rows if keep(row)])


def is_known(value: Any) -> bool:
    """Whether there is a value, and it may be shown."""
    return value is not None and value is not HIDDEN


def cell_text(value: Any, unit: str) -> str:
    """A value as a reader sees it, hidden and unknown ones too."""
    return HIDDEN_TEXT if value is HIDDEN else text(value, unit)
