"""The gates of a run: what the expectations of a layer say, as checks of the run."""

from __future__ import annotations

import json
import multiprocessing
import shutil
import sys
from contextlib import contextmanager, suppress
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import duckdb

from cxe.errors import CxeError, InputError
from cxe.guard.suites import CONTEXT, Expectation, expectations, read_suites
from cxe.guard.worker import serve
from cxe.ops import CheckResult

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import date
    from multiprocessing.connection import Connection
    from pathlib import Path

    from cxe.guard.judge import Finding
    from cxe.home import Home

KEEP_RUNS = 10


class Guard:
    """Runs the expectations of a layer; `guarding` makes one."""

    def __init__(self, pipe: Connection, folder: Path, accepted: Collection[str]) -> None:
        """Args: what `guarding` prepared."""
        self._pipe = pipe
        self._folder = folder
        self._accepted = accepted
        self._expectations = {
            expectation.name: expectation
            for suite in read_suites(folder).values()
            for expectation in expectations(suite)
        }

    def check(self, layer: str) -> list[CheckResult]:
        """Run a layer's expectations on the warehouse, which must be closed.

        Raises:
            CxeError: they could not be run.
        """
        if not any(expectation.layer == layer for expectation in self._expectations.values()):
            return []
        return [
            self._result(finding, self._expectations[f"{finding.suite}.{finding.name}"])
            for finding in self._ask(layer)
        ]

    def close(self) -> None:
        """Finish the pages."""
        self._ask(None)

    def _ask(self, layer: str | None) -> list[Finding]:
        try:
            # A process that could not begin has said why, and hears nothing.
            with suppress(BrokenPipeError):
                self._pipe.send(layer)
            answer = self._pipe.recv()
        except (EOFError, ConnectionError):
            answer = RuntimeError("their process ended")
        if isinstance(answer, Exception):
            raise CxeError(f"The expectations could not be run: {answer}")
        return list(answer)

    def _result(self, finding: Finding, expectation: Expectation) -> CheckResult:
        blocks = expectation.severity == "error"
        status = "pass" if finding.is_met else "warn"
        if finding.is_met is None and blocks:
            status = "error"
        elif not finding.is_met and blocks:
            status = "accepted" if expectation.name in self._accepted else "fail"
        return CheckResult(
            layer=expectation.layer,
            check_name=expectation.name,
            relation=expectation.relation,
            severity=expectation.severity,
            status=status,
            failures=finding.failures if finding.is_met is not None else None,
            description=expectation.description,
            remedy=expectation.remedy,
            query_path=f"quality/{self._folder.name}/data_docs/{finding.page}",
            owner=expectation.owner,
            examples="\n".join(finding.rows) or None,
        )


@contextmanager
def guarding(
    home: Home,
    run_id: str,
    *,
    as_of: date | None = None,
    as_known_on: date | None = None,
    accepted: Collection[str] = (),
) -> Iterator[Guard]:
    """A guard for a run, with a folder of its own for evidence.

    Args:
        home: whose warehouse is guarded.
        run_id: the run.
        as_of: last day of the run's world, if it was asked for.
        as_known_on: day of its knowledge, if it was asked for.
        accepted: names of expectations that are reported and do not block in this run.

    Raises:
        InputError: an accepted expectation that does not exist.
    """
    _refuse_unknown(accepted)
    published = _comparable(home, as_of, as_known_on)
    folder = home.quality / run_id
    _prepare(folder, compares=published is not None)
    # A process that knows the library hands it on; otherwise a new one imports it on its own.
    forks = "great_expectations" in sys.modules
    context: Any = multiprocessing.get_context("fork" if forks else "spawn")
    ours, theirs = context.Pipe()
    process = context.Process(
        target=serve,
        args=(theirs, ours if forks else None, folder, home.warehouse, published, accepted),
        daemon=True,
    )
    process.start()
    theirs.close()
    guard = Guard(ours, folder, accepted)
    try:
        yield guard
    except BaseException:
        # Why the run ended matters more than a page that could not be written.
        with suppress(CxeError):
            guard.close()
        raise
    else:
        guard.close()
    finally:
        ours.close()
        process.join()
        _prune(home)


def _refuse_unknown(accepted: Collection[str]) -> None:
    known = [found.name for suite in read_suites().values() for found in expectations(suite)]
    unknown = sorted(set(accepted) - set(known))
    if unknown:
        near = get_close_matches(unknown[0], known, n=3, cutoff=0.3)
        raise InputError(f"No expectation is named {unknown[0]!r}. Nearest: {', '.join(near)}.")


def _comparable(home: Home, as_of: date | None, as_known_on: date | None) -> Path | None:
    """The published version, unless this run looks at an earlier day than it does."""
    database = home.current / "cxe.duckdb"
    if not database.exists():
        return None
    with duckdb.connect(str(database), read_only=True) as connection:
        found = connection.execute(
            "select as_of_date, as_known_on from ops.runs where run_id = ?",
            [home.published_version()],
        ).fetchone()
    for asked, then in zip((as_of, as_known_on), found or (), strict=False):
        if asked is not None and then is not None and asked < then:
            return None
    return database.resolve()


def _prepare(folder: Path, *, compares: bool) -> None:
    """Lay the project's suites into a run's folder, without those that have nothing to compare."""
    shutil.copytree(CONTEXT, folder)
    if compares:
        return
    for path in (folder / "expectations").glob("*/*.json"):
        suite = json.loads(path.read_text(encoding="utf-8"))
        kept = [
            content
            for content, expectation in zip(suite["expectations"], expectations(suite), strict=True)
            if not expectation.compares
        ]
        path.write_text(json.dumps(suite | {"expectations": kept}, indent=2), encoding="utf-8")


def _prune(home: Home) -> None:
    """Keep the evidence of the last runs, and of every version that can still be read."""
    folders = sorted(path for path in home.quality.iterdir() if path.is_dir())
    for folder in folders[:-KEEP_RUNS]:
        if not (home.published / folder.name).exists():
            shutil.rmtree(folder)
