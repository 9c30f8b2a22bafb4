"""The input contract, read from the dbt source YAML: its one home.

Landing, empty-table creation and the docs read the contract through this module; staging reads the
same YAML through dbt's graph (`macros/contract.sql`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import yaml

from cxe.errors import CxeError

if TYPE_CHECKING:
    from pathlib import Path

COLUMN_TYPES = frozenset({"id", "text", "bool", "int", "num", "date", "ts"})
PII_CLASSES = frozenset({"none", "business", "patient"})
EXTRACT_KEYS = frozenset(
    {
        "key",
        "key_parts_that_may_be_empty",
        "version_column",
        "deleted_when",
        "drives_as_of_date",
        "delivery",
        "extra_header_lines",
        "freshness_days",
        "entity",
    }
)
COLUMN_KEYS = frozenset({"type", "required", "pii", "codes"})


@dataclass(frozen=True)
class Column:
    """One column of an extract, as the vendor names it."""

    name: str
    type: str
    required: bool
    pii: str
    codes: tuple[str, ...]
    description: str


@dataclass(frozen=True)
class Extract:
    """One extract of a source system.

    Attributes:
        system: source system, which is also the folder name (`crm`, `access`, `support`).
        name: extract name, which is also the folder name below the system.
        columns: in contract order.
        key: names of the columns that identify a record.
        version_column: the system's own modification stamp; the newest version of a record wins.
            None where the system has none.
        drives_as_of_date: whether its newest delivery says how far the world is complete.
        extra_header_lines: lines between the header row and the first record.
        freshness_days: days after which a missing delivery is late.
    """

    system: str
    name: str
    description: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    version_column: str | None
    drives_as_of_date: bool
    extra_header_lines: int
    freshness_days: int

    @property
    def raw_table(self) -> str:
        """Name of its table in the schema `raw`."""
        return f"{self.system}__{self.name}"

    @property
    def folder(self) -> str:
        """Where its files are dropped, relative to the extracts root."""
        return f"{self.system}/{self.name}"

    @cached_property
    def column_names(self) -> tuple[str, ...]:
        """Contract column names in contract order."""
        return tuple(column.name for column in self.columns)


def load_contract(project_dir: Path) -> dict[tuple[str, str], Extract]:
    """Read every `models/staging/<system>/_<system>__sources.yml`.

    Args:
        project_dir: folder that holds `dbt_project.yml`.

    Returns:
        Extracts by (system, extract name), sorted.

    Raises:
        CxeError: a file is missing, or says something this module does not understand.
    """
    paths = sorted(project_dir.glob("models/staging/*/_*__sources.yml"))
    if not paths:
        raise CxeError(
            f"No input contract below {project_dir / 'models/staging'}: run from a cxe checkout."
        )
    extracts: dict[tuple[str, str], Extract] = {}
    for path in paths:
        for source in yaml.safe_load(path.read_text(encoding="utf-8"))["sources"]:
            # What cxe itself writes is described beside the contract, and is no part of it.
            if source["name"] in {"landing", "calibration", "operations"}:
                continue
            for table in source["tables"]:
                try:
                    extract = _extract(path, source["name"], table)
                except KeyError as missing:
                    raise CxeError(
                        f"{path.name}: {source['name']}.{table.get('name')}: {missing} is missing"
                    ) from missing
                extracts[extract.system, extract.name] = extract
    return dict(sorted(extracts.items()))


def _extract(path: Path, system: str, table: dict[str, Any]) -> Extract:
    where = f"{path.name}: {system}.{table['name']}"
    meta = table["config"]["meta"]
    _refuse_unknown(where, meta, EXTRACT_KEYS)
    columns = tuple(_column(where, column) for column in table["columns"])
    names = {column.name for column in columns}
    version_column = meta.get("version_column")
    mentioned = {*meta["key"], *meta.get("key_parts_that_may_be_empty", [])}
    if version_column:
        mentioned.add(version_column)
    if "deleted_when" in meta:
        mentioned.add(meta["deleted_when"]["column"])
    if not mentioned <= names:
        raise CxeError(f"{where} names columns it does not list: {sorted(mentioned - names)}")
    extract = Extract(
        system=system,
        name=table["name"],
        description=table["description"],
        columns=columns,
        key=tuple(meta["key"]),
        version_column=version_column,
        drives_as_of_date=meta.get("drives_as_of_date", False),
        extra_header_lines=meta.get("extra_header_lines", 0),
        freshness_days=meta["freshness_days"],
    )
    if table["identifier"] != extract.raw_table:
        raise CxeError(f"{where}: identifier must be {extract.raw_table}")
    return extract


def _column(where: str, column: dict[str, Any]) -> Column:
    where = f"{where}.{column['name']}"
    meta = column["config"]["meta"]
    _refuse_unknown(where, meta, COLUMN_KEYS)
    if meta["type"] not in COLUMN_TYPES:
        raise CxeError(f"{where}: type {meta['type']!r} is none of {sorted(COLUMN_TYPES)}")
    pii = meta.get("pii", "none")
    if pii not in PII_CLASSES:
        raise CxeError(f"{where}: pii {pii!r} is none of {sorted(PII_CLASSES)}")
    return Column(
        name=column["name"],
        type=meta["type"],
        required=meta.get("required", False),
        pii=pii,
        codes=tuple(str(code) for code in meta.get("codes", ())),
        description=column["description"],
    )


def _refuse_unknown(where: str, meta: dict[str, Any], known: frozenset[str]) -> None:
    unknown = sorted(set(meta) - known)
    if unknown:
        raise CxeError(f"{where}: unknown meta {unknown}; known are {sorted(known)}")
