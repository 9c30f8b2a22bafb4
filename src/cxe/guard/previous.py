"""The published version, in the form of the one at work, for expectations that compare the two."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection

SCHEMAS = ("marts", "ops")
TABLES = """
    select schema_name, table_name, column_name, data_type
    from duckdb_columns()
    where database_name = '{database}' and schema_name in ('marts', 'ops') and not internal
    order by schema_name, table_name, column_index
"""


def attach_previous(connection: Connection, published: Path | None) -> None:
    """Show the published marts and evidence as `previous.marts` and `previous.ops`.

    Every table has the columns it has now: null, or no rows at all, where the published version
    was built before there were any.

    Args:
        connection: the warehouse; it stays as it is.
        published: database of the published version; without one there is nothing to attach.
    """
    if published is None:
        return

    def columns(database: str) -> dict[tuple[str, str], dict[str, str]]:
        found: dict[tuple[str, str], dict[str, str]] = {}
        for schema, table, column, kind in connection.exec_driver_sql(
            TABLES.format(database=database)
        ).fetchall():
            found.setdefault((schema, table), {})[column] = kind
        return found

    connection.exec_driver_sql(f"attach '{_escaped(str(published))}' as published (read_only)")
    connection.exec_driver_sql("attach ':memory:' as previous (read_write)")
    for schema in SCHEMAS:
        connection.exec_driver_sql(f"create schema previous.{schema}")
    now, then = columns("cxe"), columns("published")
    for (schema, table), kinds in (then | now).items():
        known = then.get((schema, table), {})
        expressions = ", ".join(
            f'"{name}"' if name in known else f'cast(null as {kind}) as "{name}"'
            for name, kind in kinds.items()
        )
        source = f'from published.{schema}."{table}"' if known else "where false"
        connection.exec_driver_sql(
            f'create view previous.{schema}."{table}" as select {expressions} {source}'
        )


def _escaped(text: str) -> str:
    return text.replace("'", "''")
