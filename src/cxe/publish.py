"""Publish a guarded build: a read-only database and Parquet beside it, swapped in at once."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING, Any

from cxe.calibration.card import CARD_FILES
from cxe.home import full_disk_explained
from cxe.metrics.layer import LINEAGE, SEMANTIC_MANIFEST

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from cxe.home import Home

OPS_TABLES = (
    "runs",
    "files",
    "rejects",
    "row_accounts",
    "quality_results",
    "cvar_coefficients",
    "cvar_covariances",
)


def publish(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    run_id: str,
    keep_versions: int,
) -> Path:
    """Write `published/<run_id>` and point `published/current` at it.

    Readers that hold the old version open keep it: its folder may be pruned, its open file stays.

    Args:
        connection: the warehouse, with every gate passed.
        keep_versions: how many versions stay, this one included.

    Returns:
        The folder of the new version.

    Raises:
        CxeError: the disk is full; the version in place stays.
    """
    target = home.published / run_id
    unfinished = home.published / f".{run_id}.unfinished"
    with full_disk_explained(home):
        for leftover in home.published.glob(".*.unfinished*"):
            _remove(leftover)
        try:
            manifest = json.loads((home.target / "manifest.json").read_text(encoding="utf-8"))
            marts = _marts(manifest)
            _write(connection, unfinished, run_id, marts)
            _write_definitions(home, unfinished / "metrics", manifest, marts)
            _copy_model_card(home.reports, unfinished / "reports")
            _sync_all(unfinished)
            unfinished.rename(target)
            _point_at(home, target)
        except BaseException:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise
        _prune(home, keep_versions)
    return target


def _marts(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    """Mart models of the build; the schema may still hold tables of models since deleted."""
    return [
        node
        for _, node in sorted(manifest["nodes"].items())
        if node["resource_type"] == "model" and node["schema"] == "marts"
    ]


def _write_definitions(
    home: Home, folder: Path, manifest: dict[str, Any], marts: list[dict[str, Any]]
) -> None:
    """A number belongs to the definitions it was built with: they are published beside it."""
    folder.mkdir()
    shutil.copy(home.target / SEMANTIC_MANIFEST, folder)
    lineage = {mart["name"]: _upstream(manifest, mart["unique_id"]) for mart in marts}
    (folder / LINEAGE).write_text(json.dumps(lineage, indent=1), encoding="utf-8")


def _copy_model_card(source: Path, target: Path) -> None:
    """The card of the build, and nothing of the reports of other versions beside it."""
    target.mkdir()
    for name in CARD_FILES:
        shutil.copy(source / name, target)


def _upstream(manifest: dict[str, Any], node: str) -> list[str]:
    """Names of all that a node is built from, the nearest first."""
    found = dict.fromkeys(manifest["parent_map"][node])
    reached = list(found)
    while reached:
        parents = [parent for node in reached for parent in manifest["parent_map"].get(node, ())]
        reached = [parent for parent in dict.fromkeys(parents) if parent not in found]
        found.update(dict.fromkeys(reached))
    return [name.split(".", 2)[2] for name in found]


def _write(
    connection: duckdb.DuckDBPyConnection, folder: Path, run_id: str, marts: list[dict[str, Any]]
) -> None:
    (folder / "marts").mkdir(parents=True)
    database = folder / "cxe.duckdb"
    connection.execute(f"attach {_text(str(database))} as publication")
    try:
        connection.execute("create schema publication.marts; create schema publication.ops")
        for mart in marts:
            name = mart["name"]
            table = f"marts.{_name(name)}"
            connection.execute(f"create table publication.{table} as from {table}")
            parquet = _text(str(folder / "marts" / f"{name}.parquet"))
            connection.execute(f"copy {table} to {parquet} (format parquet, compression zstd)")
        for name in OPS_TABLES:
            connection.execute(f"create table publication.ops.{name} as from ops.{name}")
        # The published file says of itself what the warehouse says once the swap is done.
        connection.execute(
            "update publication.ops.runs set status = 'published' where run_id = ?", [run_id]
        )
        _comment(connection, marts)
        connection.execute("checkpoint publication")
    finally:
        connection.execute("detach publication")


def _comment(connection: duckdb.DuckDBPyConnection, marts: list[dict[str, Any]]) -> None:
    """The published file explains itself: BI tools show table and column comments."""
    for mart in marts:
        table = f"publication.marts.{_name(mart['name'])}"
        connection.execute(f"comment on table {table} is {_text(mart['description'])}")
        for column in mart["columns"].values():
            connection.execute(
                f"comment on column {table}.{_name(column['name'])}"
                f" is {_text(column['description'])}"
            )


def _point_at(home: Home, target: Path) -> None:
    """Swap the symlink in one step: a reader finds the old version or the new, never none."""
    link = home.published / f".{target.name}.unfinished-link"
    link.symlink_to(target.name)
    link.replace(home.current)
    _sync(home.published)


def _prune(home: Home, keep_versions: int) -> None:
    current = home.published_version()
    versions = sorted(
        path for path in home.published.iterdir() if path.is_dir() and not path.is_symlink()
    )
    for version in versions[: max(0, len(versions) - keep_versions)]:
        if version.name != current:
            shutil.rmtree(version)


def _remove(path: Path) -> None:
    if path.is_symlink() or path.is_file():
        path.unlink()
    else:
        shutil.rmtree(path)


def _sync_all(folder: Path) -> None:
    for path in (*folder.rglob("*"), folder, folder.parent):
        _sync(path)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _name(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
