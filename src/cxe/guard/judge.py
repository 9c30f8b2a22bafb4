"""Great Expectations at work: runs the checkpoints of a run and writes its Data Docs."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

# Before the import: the library would report its use to its makers.
os.environ["GX_ANALYTICS_ENABLED"] = "false"

import great_expectations as gx
from great_expectations.core.freshness_diagnostics import (
    CheckpointFreshnessDiagnostics,
    ValidationDefinitionFreshnessDiagnostics,
)
from great_expectations.core.run_identifier import RunIdentifier
from great_expectations.data_context.types.resource_identifiers import ValidationResultIdentifier

from cxe.guard import data_docs
from cxe.guard import expectations as _expectations  # noqa: F401 - suites name its class
from cxe.guard.datasource import DuckDBExecutionEngine
from cxe.guard.previous import attach_previous
from cxe.home import memory_limit

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from great_expectations.core import ExpectationValidationResult
    from sqlalchemy import Connection

SHOWN_ROWS = 3
# Whether a definition still equals its file takes half of the time, eight readings of each; here
# all of them were read from a folder that nobody else writes to.
library: Any = gx
library.Checkpoint.is_fresh = lambda _: CheckpointFreshnessDiagnostics([])
library.ValidationDefinition.is_fresh = lambda _: ValidationDefinitionFreshnessDiagnostics([])


@dataclass(frozen=True)
class Finding:
    """What one expectation found.

    Attributes:
        suite: its suite's name.
        page: its suite's page, below the Data Docs.
        name: its own name.
        is_met: whether the data are as expected; None where it could not be computed.
        failures: rows against it, None where it is no matter of rows.
        rows: the first of them, in words.
    """

    suite: str
    page: str
    name: str
    is_met: bool | None
    failures: int | None
    rows: tuple[str, ...]


class Judge:
    """The context of one run."""

    def __init__(
        self, folder: Path, warehouse: Path, published: Path | None, accepted: Collection[str]
    ) -> None:
        """Open the context of a folder.

        Args:
            folder: context of this run, by its name; results and pages are written there.
            warehouse: database that is judged; open during `check` only.
            published: version to compare with, None without any.
            accepted: names of expectations whose pages say so.
        """
        data_docs.accepted = frozenset(accepted)
        os.environ["CXE_WAREHOUSE"] = str(warehouse)
        self._context = gx.get_context(mode="file", context_root_dir=folder)
        self._run = RunIdentifier(run_name=folder.name)
        self._folder = folder
        self._published = published

    def check(self, layer: str) -> list[Finding]:
        """Run a layer's checkpoint."""
        DuckDBExecutionEngine.prepare = self._prepare
        try:
            result = self._context.checkpoints.get(layer).run(run_id=self._run)
        finally:
            DuckDBExecutionEngine.close_all()
        return [
            _finding(key, found)
            for key, suite in result.run_results.items()
            for found in suite.results
        ]

    def _prepare(self, connection: Connection) -> None:
        connection.exec_driver_sql(f"set memory_limit = '{memory_limit()}'")
        attach_previous(connection, self._published)

    def render(self, layer: str) -> None:
        """Write the pages of a layer that was checked."""
        store = self._context.validation_results_store
        keys = [
            key
            for key in store.list_keys()
            if isinstance(key, ValidationResultIdentifier)
            and key.expectation_suite_identifier.name.startswith(f"{layer}.")
        ]
        self._context.build_data_docs(resource_identifiers=keys, build_index=False)

    def render_index(self) -> None:
        """Write the page that leads to the others."""
        none_again: Any = [None]
        self._context.build_data_docs(resource_identifiers=none_again)
        # Pages of ours need none of the library's pictures and fonts: 4 MB a run.
        shutil.rmtree(self._folder / "data_docs" / "static", ignore_errors=True)


def page_of(key: ValidationResultIdentifier) -> str:
    """Where a suite's page stands below the Data Docs."""
    suite = key.expectation_suite_identifier.name.replace(".", "/")
    return "/".join(("validations", suite, *key.run_id.to_tuple(), f"{key.batch_identifier}.html"))


def _finding(key: ValidationResultIdentifier, found: ExpectationValidationResult) -> Finding:
    config: Any = found.expectation_config
    result: dict[str, Any] = found.result
    rows = result.get("details", {}).get("unexpected_rows")
    observed: Any = result.get("observed_value")
    if rows is not None:
        failures, words = int(observed), [f"{row['example']}: {row['finding']}" for row in rows]
    else:
        failures, words = None, [f"{observed} was found"]
    return Finding(
        suite=key.expectation_suite_identifier.name,
        page=page_of(key),
        name=config.meta["name"],
        is_met=None if not result else bool(found.success),
        failures=failures,
        rows=() if found.success or not result else tuple(words[:SHOWN_ROWS]),
    )
