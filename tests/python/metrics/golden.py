"""What a golden value of a metric is made of."""

from __future__ import annotations

from dataclasses import dataclass

MONTH = "metric_time__month"


@dataclass(frozen=True)
class Golden:
    """SQL on the published marts that a metric is compared with.

    Attributes:
        total: one value; rows of month and value for a metric that has to be asked by month.
        by: group-by items of the cut.
        cut: rows of the group columns, then the value.
    """

    total: str
    by: tuple[str, ...]
    cut: str


def ratio(part: str, whole: str) -> str:
    """A ratio that is null where nothing stands below the line."""
    return f"cast({part} as double) / nullif({whole}, 0)"


def counted(rows: str, table: str, value: str, *items: str) -> Golden:
    """A value of rows, in total and by columns of theirs that the items end with.

    Args:
        rows: common table expressions, the last of which is the table.
        table: its name.
        value: an aggregate of it.
        items: group-bys; the metric's month is the column `month`.
    """
    columns = ", ".join(item.rpartition("__")[2] for item in items)
    return Golden(
        total=f"{rows} select {value} from {table}",
        by=items,
        cut=f"{rows} select {columns}, {value} from {table} group by all",
    )


def at_month_end(rows: str, table: str, value: str, *items: str) -> Golden:
    """A value of a state: in the newest month, and by month and columns."""
    by_month = counted(rows, table, value, MONTH, *items)
    newest = "where month = (select max(month) from marts.dim_months)"
    return Golden(total=f"{by_month.total} {newest}", by=by_month.by, cut=by_month.cut)
