"""Rows of metrics as a table to read, CSV, JSON or Parquet."""

from __future__ import annotations

import io
import json
import sys
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table

from cxe.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pyarrow as pa

# Wide enough for a dozen columns; a terminal wraps or scrolls what it cannot show.
MAX_WIDTH = 200


def write(
    table: pa.Table, form: str, output: Path | None, units: Mapping[str, str] | None = None
) -> None:
    """Write rows in a form, to a file or the terminal.

    Args:
        table: the rows.
        form: table, csv, json or parquet.
        output: file to write; None prints.
        units: unit by column, which decides how a table writes numbers.

    Raises:
        InputError: the file cannot be written, or Parquet would go to a terminal.
    """
    if form == "parquet":
        import pyarrow.parquet

        if output is None and sys.stdout.isatty():
            raise InputError("Parquet is no text: name a file with --output, or pipe it.")
        buffer = io.BytesIO()
        pyarrow.parquet.write_table(table, buffer)
        content = buffer.getvalue()
    else:
        content = as_text(table, form, units).encode()
    if output is None:
        click.get_binary_stream("stdout").write(content)
        return
    try:
        output.write_bytes(content)
    except OSError as error:
        raise InputError(f"{output} cannot be written: {error.strerror}.") from error


def as_text(table: pa.Table, form: str, units: Mapping[str, str] | None = None) -> str:
    """Rows as csv, json or a table; each ends with a line break."""
    if form == "csv":
        import pyarrow.csv

        buffer = io.BytesIO()
        pyarrow.csv.write_csv(table, buffer)
        return buffer.getvalue().decode()
    if form == "json":
        return json.dumps(table.to_pylist(), default=_plain, indent=1) + "\n"
    return _as_table(table, units or {})


def _as_table(table: pa.Table, units: Mapping[str, str]) -> str:
    shown = Table()
    for field in table.schema:
        is_number = field.name in units or _is_number(field.type)
        shown.add_column(field.name, justify="right" if is_number else "left", overflow="fold")
    for row in table.to_pylist():
        shown.add_row(*(_readable(value, units.get(name, "")) for name, value in row.items()))
    console = Console(width=min(MAX_WIDTH, max(80, console_width())))
    with console.capture() as capture:
        console.print(shown)
    return capture.get()


def console_width() -> int:
    """Width of the terminal, or of a wide page where there is none."""
    return Console().width if sys.stdout.isatty() else MAX_WIDTH


def _is_number(kind: Any) -> bool:
    import pyarrow as pa

    return bool(
        pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    )


def _readable(value: Any, unit: str) -> str:
    if value is None:
        return ""
    if isinstance(value, float | Decimal) and not isinstance(value, bool):
        if unit == "share":
            return f"{value:.1%}"
        is_whole = isinstance(value, Decimal) and value == value.to_integral_value()
        return f"{value:,.0f}" if is_whole and unit != "currency" else f"{value:,.2f}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return str(value)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    return str(value)
