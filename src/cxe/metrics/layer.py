"""The metrics of a published version: ask for them by name, get Arrow."""

from __future__ import annotations

import json
import re
from contextlib import AbstractContextManager
from datetime import datetime, time, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import duckdb

from cxe.errors import InputError
from cxe.home import memory_limit
from cxe.metrics.catalog import Metric, read_catalog, saved_queries

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from pathlib import Path

    import pyarrow as pa

    from cxe.home import Home
    from cxe.metrics.engine import Engine, GroupBy

SEMANTIC_MANIFEST = "semantic_manifest.json"
LINEAGE = "lineage.json"


class Metrics(AbstractContextManager["Metrics"]):
    """The metrics as defined when a version was published, over the data of that version.

    A version that is published later changes nothing here: open the home again to see it.
    """

    def __init__(self, home: Home) -> None:
        """Open the version that is current now, for reading only.

        Raises:
            InputError: nothing is published there, or without metrics.
        """
        if home.published_version() is None:
            raise InputError(f"Nothing is published in {home.root} yet: `cxe run` first.")
        # Resolved once: data and definitions have to come from the same version.
        self._folder: Path = home.current.resolve()
        manifest = self._folder / "metrics" / SEMANTIC_MANIFEST
        if not manifest.exists():
            raise InputError(
                f"{self._folder.name} was published by an older cxe, without metrics: `cxe run`."
            )
        self._manifest = manifest.read_text(encoding="utf-8")
        self.catalog: dict[str, Metric] = {
            name: metric
            for name, metric in read_catalog(self._manifest).items()
            if not metric.is_hidden
        }
        self.saved_queries: dict[str, Any] = saved_queries(self._manifest)

    def __exit__(self, *_: object) -> None:
        """Close the database."""
        self.close()

    def close(self) -> None:
        """Close the database, if it was opened."""
        if "_connection" in vars(self):
            self._connection.close()

    @property
    def version(self) -> str:
        """Run id of the version."""
        return self._folder.name

    def query(
        self,
        *metrics: str,
        by: Sequence[str] = (),
        where: Sequence[str] = (),
        order: Sequence[str] = (),
        limit: int | None = None,
        since: date | None = None,
        until: date | None = None,
    ) -> pa.Table:
        """Values of metrics, one row per group: the group-bys first, then the metrics.

        Args:
            metrics: names, as in `catalog`.
            by: group-bys, in full (`customer__segment`) or short (`segment`, `month`).
            where: conditions in SQL on group-bys; all have to hold.
            order: metrics or group-bys, `-` in front for the largest first; without it, by the
                group-bys.
            limit: rows at most.
            since: first day of the metrics' own time that counts; of metrics by week, weeks that
                begin before it do not.
            until: last day of it.

        Raises:
            InputError: a name or condition is wrong, or the metrics cannot be cut like that.
        """
        sql = self.sql(
            *metrics, by=by, where=where, order=order, limit=limit, since=since, until=until
        )
        return self._run(sql)

    def sql(
        self,
        *metrics: str,
        by: Sequence[str] = (),
        where: Sequence[str] = (),
        order: Sequence[str] = (),
        limit: int | None = None,
        since: date | None = None,
        until: date | None = None,
    ) -> str:
        """The SQL that `query` runs, with the same arguments and errors."""
        from cxe.metrics import asking

        names = asking.checked_names(metrics, self.catalog)
        if not names:
            raise InputError("Name at least one metric; `cxe metrics list` shows all.")
        items = self.group_bys(*names)
        if since and all(self._is_weekly(name) for name in names):
            # MetricFlow would take the week that the day lies in, and with it days before.
            since += timedelta(days=-since.weekday() % 7)
        groups = list(dict.fromkeys(asking.spelled(name, items) for name in by))
        self._refuse_missing_month(names, groups)
        conditions = [asking.spelled_filter(condition, items) for condition in where]
        ordered = [asking.spelled_order(name, names, items) for name in order] or groups
        return self._engine.sql(
            tuple(names),
            tuple(groups),
            (*conditions, *asking.having_happened(groups)),
            tuple(ordered),
            limit,
            datetime.combine(since, time.min) if since else None,
            datetime.combine(until, time.min) if until else None,
        )

    def saved(self, name: str) -> pa.Table:
        """Rows of a saved query.

        Raises:
            InputError: there is no such saved query.
        """
        return self._run(self.saved_sql(name))

    def saved_sql(self, name: str) -> str:
        """The SQL that `saved` runs."""
        if name not in self.saved_queries:
            known = ", ".join(sorted(self.saved_queries))
            raise InputError(f"There is no saved query {name}. There are: {known}.")
        from cxe.metrics import asking

        groups = self.saved_queries[name]["query_params"]["group_by"]
        # `TimeDimension('metric_time', 'month')` is ordered by as `metric_time__month`.
        order = tuple("__".join(re.findall(r"'(\w+)'", group)) for group in groups)
        conditions = tuple(asking.having_happened(order))
        return self._engine.sql((), where=conditions, order=order, saved_query=name)

    def group_bys(self, *metrics: str) -> list[GroupBy]:
        """What all of the metrics can be cut by."""
        return self._engine.group_bys(metrics)

    def _is_weekly(self, metric: str) -> bool:
        """Whether a metric knows whole weeks only."""
        times = (item for item in self.group_bys(metric) if item.name == "metric_time")
        return any(item.grains[0] == "week" for item in times)

    def upstream(self, metric: str) -> list[str]:
        """Models, seeds and extracts that a metric comes from, its marts first."""
        path = self._folder / "metrics" / LINEAGE
        lineage: dict[str, list[str]] = json.loads(path.read_text(encoding="utf-8"))
        marts = self.catalog[metric].models
        return list(dict.fromkeys([*marts, *(node for mart in marts for node in lineage[mart])]))

    def _refuse_missing_month(self, names: Sequence[str], groups: Sequence[str]) -> None:
        along_months = [name for name in names if self.catalog[name].needs_month]
        # By quarter, MetricFlow would compare quarters that begin a month apart.
        if along_months and "metric_time__month" not in groups:
            raise InputError(f"{', '.join(along_months)} looks along the months: cut it by month.")

    @cached_property
    def _engine(self) -> Engine:
        # A second of imports, which the catalog does without.
        from cxe.metrics.engine import Engine

        return Engine(self._manifest)

    @cached_property
    def _connection(self) -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect(str(self._folder / "cxe.duckdb"), read_only=True)
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("set enable_progress_bar = false")
        connection.execute(f"set memory_limit = '{memory_limit()}'")
        # Conditions are written by callers: they may read the marts, no files.
        connection.execute("set enable_external_access = false")
        return connection

    def _run(self, sql: str) -> pa.Table:
        try:
            return _with_dates(self._connection.execute(sql).fetch_arrow_table())
        except duckdb.Error as error:
            first_line = str(error).splitlines()[0]
            raise InputError(f"The published data cannot answer this: {first_line}") from error


def _with_dates(table: pa.Table) -> pa.Table:
    """Instants that are whole days, such as months, as dates."""
    import pyarrow as pa

    for index, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type):
            dates = table.column(index).cast(pa.date32(), safe=False)
            if dates.cast(field.type).equals(table.column(index)):
                table = table.set_column(index, field.name, dates)
    return table
