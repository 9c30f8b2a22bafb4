"""What several tests do with worlds and homes: split, repeat, compare."""

from __future__ import annotations

import csv
import gzip
import io
import random
import shutil
import subprocess
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from cxe.guard.suites import expectations, read_suites

Cxe = Callable[..., subprocess.CompletedProcess[str]]
# For runs that are about something else than what the guard makes of their deliveries.
ACCEPT_ALL = [
    part
    for suite in read_suites().values()
    for expectation in expectations(suite)
    for part in ("--accept", expectation.name)
]
PROVENANCE = {"source_row_id"}
# As of this day `mid_month_home` is built.
MID_MONTH = date(2025, 8, 14)


def published(home: Path) -> duckdb.DuckDBPyConnection:
    """The version readers of a home use."""
    return duckdb.connect(str(home / "published" / "current" / "cxe.duckdb"), read_only=True)


def mart_differences(home: Path, other_home: Path) -> dict[str, int]:
    """Rows by mart that only one of two homes has, provenance columns aside; empty when equal."""
    differences = {}
    with duckdb.connect() as connection:
        for name, root in (("one", home), ("other", other_home)):
            database = root / "published" / "current" / "cxe.duckdb"
            connection.execute(f"attach '{database}' as {name} (read_only)")
        tables = connection.execute(
            "select distinct table_name from duckdb_tables() where schema_name = 'marts'"
        ).fetchall()
        assert tables
        for (table,) in tables:
            columns = connection.execute(f"describe one.marts.{table}").fetchall()
            names = ", ".join(f'"{row[0]}"' for row in columns if row[0] not in PROVENANCE)
            sides = [f"select {names} from {name}.marts.{table}" for name in ("one", "other")]
            count = connection.execute(
                f"select count(*) from (({sides[0]} except all {sides[1]})"
                f" union all ({sides[1]} except all {sides[0]}))"
            ).fetchone()
            if count and count[0]:
                differences[table] = count[0]
    return differences


def _records(path: Path) -> tuple[list[list[str]], list[list[str]]]:
    """Header lines and records of a delivered file, as text."""
    if path.suffix == ".parquet":
        table = pq.read_table(path).to_pydict()
        rows = [
            ["" if v is None else str(v) for v in row] for row in zip(*table.values(), strict=True)
        ]
        return [list(table)], rows
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    lines = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    headers = 3 if path.name.startswith("survey_response") else 1
    return lines[:headers], lines[headers:]


def _write(path: Path, headers: list[list[str]], rows: list[list[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([*headers, *rows])


def arrival_plan(extracts: Path, out: Path, seed: int) -> list[Path]:
    """Deliver a world otherwise: files split into deltas, repeated, and spread over several drops.

    Args:
        extracts: root of the world as delivered.
        out: folder for the drops.
        seed: which of the many plans.

    Returns:
        Roots of the drops, in order of arrival; each repeats nothing of an earlier one by path.
    """
    dice = random.Random(seed)
    drops = [out / f"drop_{number}" for number in range(dice.randint(2, 4))]
    for drop in drops:
        drop.mkdir(parents=True)
    serial = 100
    for path in sorted(extracts.rglob("*__*.*")):
        folder = path.parent.relative_to(extracts)
        extract, day = path.parent.name, path.name.rsplit("__20", 1)[1][:8]
        pieces: list[Path] = []
        if dice.random() < 0.4 and not path.name.endswith(".parquet"):
            headers, rows = _records(path)
            dice.shuffle(rows)
            parts = dice.randint(1, 3)
            for part in range(parts):
                serial += 1
                piece = out / f"{extract}__20{day}__delta__{serial}.csv"
                _write(piece, headers, rows[part::parts])
                pieces.append(piece)
        else:
            piece = out / path.name
            shutil.copy(path, piece)
            pieces.append(piece)
        for piece in pieces:
            target = dice.choice(drops) / folder / piece.name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(piece, target)
            if dice.random() < 0.2:
                serial += 1
                suffix = piece.name.split(".", 1)[1]
                repeat = f"{extract}__20{day}__delta__{serial}.{suffix}"
                again = dice.choice(drops) / folder / repeat
                again.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(target, again)
    return [drop for drop in drops if any(drop.rglob("*.*"))]
