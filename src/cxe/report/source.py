"""Where pages get their numbers: the metrics layer, or the rows of a mart."""

from __future__ import annotations

import shlex
from functools import cached_property, partial
from inspect import cleandoc
from typing import TYPE_CHECKING, Any

import duckdb

from cxe import metrics
from cxe.report.answers import NO_SCOPE, SCOPES, Answer, Column
from cxe.report.joins import count_of, key, ordered, without_small
from cxe.report.small_cells import (
    APART,
    CASES,
    counts_behind,
    hide,
    is_comparable,
    patient_rows,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from pathlib import Path

    import pyarrow as pa

    from cxe.home import Home
    from cxe.metrics import Metric
    from cxe.report.answers import Row


class Source:
    """The published version, as pages ask it."""

    def __init__(self, home: Home) -> None:
        """Open what is published.

        Raises:
            InputError: nothing is.
        """
        self.home = home
        self.folder: Path = home.current.resolve()
        self.layer = metrics.connect(home.root)
        self._connection = duckdb.connect(str(self.folder / "cxe.duckdb"), read_only=True)

    def close(self) -> None:
        """Close the published file."""
        self._connection.close()
        self.layer.close()

    @property
    def version(self) -> str:
        """Run id of what is published."""
        return self.layer.version

    @cached_property
    def months(self) -> list[date]:
        """Months of the panel, in order; none in a world of less than one."""
        return [row["month"] for row in self._rows("select month from marts.dim_months order by 1")]

    def since(self, many: int) -> date | None:
        """First of the newest so many months; None where there is none."""
        return next(iter(self.months[-many:]), None)

    def column(self, metric: str, name: str = "") -> Column:
        """A column of a mart that is a metric, by that name if the mart has another one."""
        found = self.layer.catalog[metric]
        return Column(name or metric, found.label, found.unit, found)

    @cached_property
    def run(self) -> Row:
        """The run that was published: as of which day, as known on which."""
        return self._rows(f"select * from ops.runs where run_id = '{self.version}'")[0]

    def ask(
        self,
        *names: str,
        by: Sequence[str] = (),
        where: Sequence[str] = (),
        since: date | None = None,
        until: date | None = None,
        order: Sequence[str] = (),
        limit: int | None = None,
        scopes: Sequence[str] = (),
    ) -> Answer:
        """Values of metrics, small cells hidden.

        Args:
            names: of the metrics.
            by: what they are cut by, as in `cxe metrics query`.
            where: conditions.
            since: first day.
            until: last day.
            order: what comes first; what is equal in it, or all without it, in the order of `by`.
            limit: rows at most.
            scopes: those of `by` that a filter chooses. For territory and product there are rows
                for all of them too, asked for without that cut.

        Raises:
            InputError: a name is wrong, or the metrics cannot be cut like that.
        """
        catalog = self.layer.catalog
        # Of a conversion no metric counts those converted: they are told by its share.
        bases = {
            name: catalog[name].inputs[0] for name in names if catalog[name].type == "conversion"
        }
        behind = {name: counts_behind(bases.get(name, name), catalog) for name in names}
        cuts = _cuts(by, scopes)
        groups = [_short(name) for name in by]
        of_cuts = [self._counted(names, behind, bases, cut, where, since, until) for cut in cuts]
        rows = hide(
            [{**dict.fromkeys(groups), **row} for found in of_cuts for row in found],
            groups,
            {
                name: [count_of(count) for count in (*of, *([name] if name in bases else ()))]
                for name, of in behind.items()
                if of or name in bases
            },
            {
                count_of(count): f"{metric.unit} of {metric.models}"
                for count in (*bases, *(count for of in behind.values() for count in of))
                for metric in [catalog[bases.get(count, count)]]
                if is_comparable(metric) and (count in names or count not in CASES.values())
            },
            scopes=[_short(name) for name in scopes],
            told=[count_of(name) for name in names if name in behind[name]],
            apart=[{count_of(name) for name in group} for group in APART],
            cases={
                count_of(count): count_of(CASES[count])
                for of in behind.values()
                for count in of
                if CASES.get(count) in of
            },
        )
        columns = (
            *(Column(name, _label(name), "month" if name == "month" else "") for name in groups),
            *(self.column(name) for name in names),
        )
        shown, commands = [], []
        for cut, found in zip(cuts, of_cuts, strict=True):
            complete = _with_all(order, cut)
            cut_rows, rows = ordered(rows[: len(found)], map(_column, complete)), rows[len(found) :]
            shown += [
                {column.name: row[column.name] for column in columns} for row in cut_rows[:limit]
            ]
            commands.append(_command(names, cut, where, since, until, complete, limit))
        return Answer(columns, shown, tuple(commands), tuple(_short(name) for name in scopes))

    def read(
        self,
        sql: str,
        columns: Sequence[Column],
        *,
        scopes: Sequence[str] = (),
        patients: Mapping[str, Sequence[str]] | None = None,
    ) -> Answer:
        """Rows of a mart that are no metric, such as a curve and its limits.

        Args:
            sql: query of the published file, which gives the columns by name.
            columns: what to show of it.
            scopes: columns that a filter chooses; null for all of them.
            patients: counts of patients behind columns, by name; small cells are hidden. What
                is no number tells rows apart.
        """
        statement = cleandoc(sql)
        rows = self._rows(statement)
        if patients:
            groups = [column.name for column in columns if column.unit in {"", "month", "date"}]
            rows = without_small(
                rows, groups, scopes, patients, [column.name for column in columns]
            )
        shown = [{column.name: row[column.name] for column in columns} for row in rows]
        return Answer(tuple(columns), shown, (f"sql: {statement}",), tuple(scopes))

    def _counted(
        self,
        names: Sequence[str],
        behind: Mapping[str, Sequence[str]],
        bases: Mapping[str, str],
        by: Sequence[str],
        where: Sequence[str],
        since: date | None,
        until: date | None,
    ) -> list[Row]:
        """Values of metrics in the order of `by`, with the counts of patients behind them."""
        catalog = self.layer.catalog
        query = partial(self.layer.query, by=by, since=since, until=until)
        groups = [_short(name) for name in by]
        rows = _renamed(query(*names, where=where), groups)
        of_all = (count for found in behind.values() for count in found)
        counts = list(dict.fromkeys((*of_all, *bases.values())))
        # Asked for apart: beside them, groups would appear of which the metrics know nothing.
        for condition, members in _by_condition([catalog[count] for count in counts]).items():
            if not condition and set(members) <= set(names):
                found = {key(row, groups): row for row in rows}
            else:
                extra = [condition] if condition else []
                counted = query(*members, where=[*where, *extra])
                found = {key(row, groups): row for row in _renamed(counted, groups)}
            for row in rows:
                beside = found.get(key(row, groups), {})
                row.update({count_of(name): beside.get(name) for name in members})
        for name, base in bases.items():
            for row in rows:
                row[count_of(name)] = round((row[name] or 0) * (row[count_of(base)] or 0))
        return rows

    def _rows(self, sql: str) -> list[Row]:
        return _rounded(self._connection.execute(sql).fetch_arrow_table().to_pylist())


def _renamed(table: pa.Table, groups: Sequence[str]) -> list[Row]:
    """Rows by short names; None in a scope is for all of it, so what has none is named."""
    names = [*groups, *table.column_names[len(groups) :]]
    rows = _rounded(table.rename_columns(names).to_pylist())
    unnamed = [name for name in SCOPES if name in groups]
    return [{**row, **{name: NO_SCOPE for name in unnamed if row[name] is None}} for row in rows]


def _rounded(rows: list[Row]) -> list[Row]:
    """Without the last digits of doubles: sums of several threads differ in them."""
    return [
        {
            name: float(f"{value:.12g}") if isinstance(value, float) else value
            for name, value in row.items()
        }
        for row in rows
    ]


def _by_condition(counts: Sequence[Metric]) -> dict[str, list[str]]:
    """Names of counts by the condition under which what they count belongs to patients."""
    found: dict[str, list[str]] = {}
    for count in counts:
        found.setdefault(patient_rows(count), []).append(count.name)
    return found


def _with_all(order: Sequence[str], by: Sequence[str]) -> list[str]:
    """An order with all groups in it, so that no two rows are equal; none stays none."""
    named = {_column(name).removeprefix("-") for name in order}
    return [*order, *(name for name in by if _short(name) not in named)] if order else []


def _column(ordering: str) -> str:
    """The column that an ordering is by, with its direction."""
    direction = "-" if ordering.startswith("-") else ""
    return direction + _short(ordering.removeprefix("-"))


def _cuts(by: Sequence[str], scopes: Sequence[str]) -> list[list[str]]:
    """What to cut by, for all of a scope and for each: from none of them to all of them."""
    cuts = [list(by)]
    for scope in scopes:
        if _short(scope) != "month":
            cuts = [[name for name in cut if name != scope] for cut in cuts] + cuts
    return cuts


def _short(name: str) -> str:
    """`metric_time__month` is the month, `product__product_name` the product."""
    last = name.rpartition("__")[2]
    return {"product_name": "product"}.get(last, last)


def _label(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _command(
    names: Sequence[str],
    by: Sequence[str],
    where: Sequence[str],
    since: date | None,
    until: date | None,
    order: Sequence[str],
    limit: int | None,
) -> str:
    """How the same is asked for at a prompt."""
    words: list[Any] = ["cxe", "metrics", "query", *names]
    words += ["--by", ",".join(by)] if by else []
    words += [word for condition in where for word in ("--where", condition)]
    words += ["--since", since] if since else []
    words += ["--until", until] if until else []
    words += [f"--order={','.join(order)}"] if order else []
    words += ["--limit", limit] if limit else []
    return shlex.join(str(word) for word in words)
