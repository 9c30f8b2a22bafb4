"""The tables of the schema `raw`, and the SQL that fills one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import duckdb

    from cxe.contract import Extract

FILES = """
create table if not exists raw._files (
    file_id bigint not null,
    system varchar,
    extract varchar,
    path varchar not null,
    delivered_on date,
    mode varchar,
    bytes bigint,
    sha256 varchar,
    rows_read bigint not null,
    rows_landed bigint not null,
    rows_rejected bigint not null,
    status varchar not null,
    repeat_of bigint,
    message varchar,
    loaded_at timestamp not null
)
"""
REJECTS = """
create table if not exists raw._rejects (
    file_id bigint not null,
    line_number bigint not null,
    raw_text varchar not null,
    reason varchar not null,
    column_name varchar
)
"""
PROVENANCE = {
    "_extra": "varchar",
    "_file_id": "bigint",
    "_row_number": "bigint",
    "_delivered_on": "date",
    "_loaded_at": "timestamp",
    "_content_hash": "bigint",
}
# Control codes that text does not hold keep null apart from '' and a value from its neighbours.
NULL_MARK = "chr(30)"
VALUE_END = "chr(31)"


def create_raw_tables(
    connection: duckdb.DuckDBPyConnection, contract: dict[tuple[str, str], Extract]
) -> None:
    """Create the schema `raw` with a table for every extract; add columns the contract gained.

    Columns that left the contract stay: what was delivered is kept.
    """
    connection.execute("create schema if not exists raw")
    connection.execute(FILES)
    connection.execute(REJECTS)
    for extract in contract.values():
        columns = dict.fromkeys(extract.column_names, "varchar") | PROVENANCE
        definitions = [f"{identifier(name)} {kind}" for name, kind in columns.items()]
        table = raw_table(extract)
        connection.execute(f"create table if not exists {table} ({', '.join(definitions)})")
        for definition in definitions:
            connection.execute(f"alter table {table} add column if not exists {definition}")


def insert_rows(extract: Extract, values: Mapping[str, str], extra: str, source: str) -> str:
    """Compose the statement that fills an extract's table from one file.

    Args:
        extract: whose table.
        values: SQL expression of each contract column that the file has.
        extra: SQL expression of the unknown columns' JSON object.
        source: SQL relation to read, with the file's line or ordinal in `row_number`.

    Returns:
        SQL with the parameters $file_id, $delivered_on and $loaded_at, besides those of its parts.
    """
    names = [identifier(name) for name in extract.column_names]
    columns = [
        f"{values.get(name, 'null')}::varchar as {identifier(name)}"
        for name in extract.column_names
    ]
    hashed = f", {VALUE_END}, ".join(
        f"coalesce({name}, {NULL_MARK})" for name in [*names, "_extra"]
    )
    return f"""
        insert into {raw_table(extract)} ({", ".join([*names, *PROVENANCE])})
        with delivered as (
            select {", ".join(columns)}, {extra}::varchar as _extra, row_number from {source}
        )
        select
            {", ".join(names)}, _extra, $file_id, row_number, $delivered_on, $loaded_at,
            -- The lower half of the digest, moved from unsigned to signed.
            (md5_number_lower(concat({hashed}))::hugeint - 9223372036854775808)::bigint
        from delivered
    """


def raw_table(extract: Extract) -> str:
    """The extract's table, quoted."""
    return f"raw.{identifier(extract.raw_table)}"


def identifier(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
