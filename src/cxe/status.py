"""What a home says about itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb
from rich.console import Console
from rich.table import Table

from cxe.errors import InputError
from cxe.freshness import extracts_sql

if TYPE_CHECKING:
    from pathlib import Path

    from cxe.home import Home

RECENT_RUNS = 10
WIDTH = 120


def read_status(home: Home) -> dict[str, Any]:
    """Recent runs, the published version, extracts with freshness, what to look at.

    It comes from the warehouse, or from the published version while a run has the warehouse.

    Raises:
        InputError: nothing has run in this home yet.
    """
    with _open(home) as connection:

        def rows(query: str) -> list[dict[str, Any]]:
            result = connection.execute(query)
            names = [column[0] for column in result.description or ()]
            return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

        found: dict[str, Any] = {
            "home": str(home.root),
            "published": home.published_version(),
            "report": _of_published(home, home.report),
            "work_list": _of_published(home, home.work_list),
            "runs": rows(
                "select run_id, status, started_at, finished_at, as_of_date, files_landed,"
                f" files_rejected from ops.runs order by run_id desc limit {RECENT_RUNS}"
            ),
            "extracts": rows(
                "select system, extract, newest_delivered_on, files_landed, rows_landed, is_late"
                f" from ({extracts_sql()}) where newest_delivered_on is not null order by all"
            ),
            "files_to_look_at": rows(
                "select path, status, rows_rejected, message from ops.files"
                " where status = 'rejected' or rows_rejected > 0 order by file_id"
            ),
            "checks_to_look_at": rows(
                "select check_name, status, failures, examples, remedy from ops.quality_results"
                " where run_id = (select max(run_id) from ops.quality_results)"
                " and status <> 'pass' order by check_name"
            ),
        }
    found["data_docs"] = next(
        (str(page) for run in found["runs"] if (page := home.data_docs(run["run_id"])).exists()),
        None,
    )
    return found


def _of_published(home: Home, page: Path) -> str | None:
    """A page that was written of the published version, not of an earlier one."""
    is_current = page.parent.resolve().name == home.published_version()
    return str(page) if is_current and page.exists() else None


def _open(home: Home) -> duckdb.DuckDBPyConnection:
    for database in (home.warehouse, home.current / "cxe.duckdb"):
        connection = _try_open(database)
        if connection is not None:
            return connection
    raise InputError(f"Nothing has run in {home.root} yet: `cxe run` first.")


def _try_open(database: Path) -> duckdb.DuckDBPyConnection | None:
    if not database.exists():
        return None
    try:
        connection = duckdb.connect(str(database), read_only=True)
        connection.execute("select examples from ops.quality_results limit 0")
    except (duckdb.IOException, duckdb.CatalogException, duckdb.BinderException):
        return None
    return connection


def render_status(found: dict[str, Any]) -> str:
    """The status as tables for a terminal."""
    console = Console(width=WIDTH)
    with console.capture() as capture:
        console.print(f"Home {found['home']}, published version {found['published']}")
        if found["published"]:
            for name in ("report", "work_list"):
                label = name.replace("_", " ").capitalize()
                console.print(f"{label}: {found[name] or 'missing, `cxe report` writes it'}")
        console.print(f"What the newest gates found: {found['data_docs'] or 'no run yet'}")
        for title, rows in found.items():
            if not isinstance(rows, list) or not rows:
                continue
            table = Table(title=title.replace("_", " ").capitalize(), title_justify="left")
            for name in rows[0]:
                table.add_column(name.replace("_", " "), overflow="fold")
            for row in rows:
                table.add_row(*("" if value is None else str(value) for value in row.values()))
            console.print(table)
    return capture.get()
