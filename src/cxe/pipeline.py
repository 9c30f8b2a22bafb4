"""The main job: land, build and guard every layer, publish."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb

from cxe import ops
from cxe.build import BuildResult, build, check_layer
from cxe.contract import load_contract
from cxe.errors import CxeError, InputError
from cxe.guard.gate import guarding
from cxe.home import PROJECT_DIR, Home, full_disk_explained, open_warehouse, writing
from cxe.landing import LandingResult, create_raw_tables, land
from cxe.publish import publish

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date
    from pathlib import Path

    from cxe.contract import Extract
    from cxe.ops import CheckResult
    from cxe.progress import Progress

KEEP_VERSIONS = 3


@dataclass(frozen=True)
class RunResult:
    """What a run did.

    Attributes:
        landing: result by file, None when nothing was to be landed.
        building: None when nothing was to be built.
        published: folder of the new version, None when nothing was published.
        report: first page of its report, None when there is none.
    """

    run_id: str
    landing: LandingResult | None
    building: BuildResult | None
    as_of_date: date | None
    as_known_on: date | None
    published: Path | None
    report: Path | None


def run(
    home: Home,
    progress: Progress,
    *,
    extracts: Path | None,
    building: bool = True,
    publishing: bool = True,
    as_of: date | None = None,
    as_known_on: date | None = None,
    calibrating_anew: bool = False,
    accepted: Collection[str] = (),
    keep_versions: int = KEEP_VERSIONS,
) -> RunResult:
    """Do the steps asked for, under the home's lock, as one run.

    Args:
        extracts: root of the delivered files; None builds from what was landed before.
        building: build and guard the layers.
        publishing: publish the build of this run.
        as_of: last day of the world; None takes the default of definitions, section 0.
        as_known_on: keep only rows delivered by then; None keeps all.
        calibrating_anew: fit the retained-share model even if nothing it rests on has changed.
        accepted: names of expectations that are reported and do not block in this run.
        keep_versions: published versions that stay.

    Raises:
        InputError: nothing to land, or nothing landed to build from.
        GateError: a check failed; nothing was published.
        BusyError: another run has the home.
        CxeError: anything else that a user can mend, such as a full disk. If only the report could
            not be written, the version is published and the run is recorded so.
    """
    contract = load_contract(PROJECT_DIR)
    landing: LandingResult | None = None
    built: BuildResult | None = None
    published: Path | None = None
    written: Path | None = None
    period: tuple[date | None, date | None] = (None, None)
    with writing(home), full_disk_explained(home):
        with open_warehouse(home) as connection:
            create_raw_tables(connection, contract)
            run_id = ops.start_run(connection, home)
        try:
            with ExitStack() as evidence:
                # Nothing is published before the evidence of its gates is complete.
                guard = building and evidence.enter_context(
                    guarding(home, run_id, as_of=as_of, as_known_on=as_known_on, accepted=accepted)
                )
                if extracts is not None:
                    progress.step("land")
                    landing = _land(home, run_id, extracts, contract, progress)
                if guard:
                    _refuse_empty(home)
                    variables = {
                        "as_of_date": as_of.isoformat() if as_of else None,
                        "as_known_on": as_known_on.isoformat() if as_known_on else None,
                    }
                    built = build(
                        home, run_id, progress, variables, guard, calibrating_anew=calibrating_anew
                    )
            with open_warehouse(home) as connection:
                if built is not None:
                    period = ops.record_period(connection, run_id)
                if built is not None and publishing:
                    progress.step("publish")
                    published = publish(connection, home, run_id, keep_versions)
                done = "published" if published else "built" if built else "landed"
                ops.end_run(connection, run_id, done)
        except CxeError as error:
            _end_failed(home, run_id, error)
            raise
        if published is not None:
            written = _report_published(home, progress)
    return RunResult(run_id, landing, built, *period, published, written)


def _land(
    home: Home,
    run_id: str,
    extracts: Path,
    contract: dict[tuple[str, str], Extract],
    progress: Progress,
) -> LandingResult:
    with open_warehouse(home) as connection:
        landing = land(
            connection,
            extracts,
            contract,
            loaded_at=ops.utc_now(),
            on_file=lambda _, done, total: progress.advance(done, total),
        )
        ops.record_landing(
            connection,
            run_id,
            landed=sum(file.status == "landed" for file in landing.files),
            rejected=sum(file.status == "rejected" for file in landing.files),
        )
    return landing


def check(home: Home, progress: Progress, layer: str) -> tuple[str, list[CheckResult]]:
    """Run the expectations of one layer as it stands, as a run of its own.

    Args:
        layer: raw, staging, intermediate or marts.

    Returns:
        Run id and what every expectation found.

    Raises:
        InputError: nothing landed or built to check.
        GateError: an expectation that blocks was not met.
        BusyError: another run has the home.
    """
    with writing(home), full_disk_explained(home):
        with open_warehouse(home) as connection:
            create_raw_tables(connection, load_contract(PROJECT_DIR))
            run_id = ops.start_run(connection, home)
            as_of, as_known_on = ops.last_period(connection)
        try:
            _refuse_empty(home)
            with guarding(home, run_id, as_of=as_of, as_known_on=as_known_on) as guard:
                checks = check_layer(home, run_id, progress, guard, layer)
            with open_warehouse(home) as connection:
                ops.end_run(connection, run_id, "checked")
        except CxeError as error:
            # A look at the warehouse spoils no build that is there to be published.
            _end_failed(home, run_id, error, "checked")
            raise
    return run_id, checks


def publish_last_build(
    home: Home, progress: Progress, keep_versions: int = KEEP_VERSIONS
) -> RunResult:
    """Publish the newest build that passed its gates and was not published yet, with its report.

    Raises:
        InputError: the last run did not end as a guarded build.
        CxeError: such as a full disk; the message says whether the version is published.
    """
    with writing(home):
        with open_warehouse(home) as connection:
            create_raw_tables(connection, load_contract(PROJECT_DIR))
            connection.execute(ops.CREATE)
            last = connection.execute(
                "select run_id, status, as_of_date, as_known_on from ops.runs"
                " where status <> 'checked' order by run_id desc"
            ).fetchone()
            if last is None or last[1] != "built":
                status = "there is none" if last is None else f"it is {last[1]}"
                raise InputError(
                    f"The last run must be a build that passed its gates, but {status}: "
                    "`cxe build` first."
                )
            progress.step("publish")
            published = publish(connection, home, last[0], keep_versions)
            ops.end_run(connection, last[0], "published")
        written = _report_published(home, progress)
    return RunResult(last[0], None, None, last[2], last[3], published, written)


def report(home: Home, progress: Progress) -> Path:
    """Write the report of the published version again, such as with a newer cxe.

    Returns:
        Its first page.

    Raises:
        InputError: nothing is published.
        BusyError: another run has the home; two reports would write the same folder.
        CxeError: the disk is full.
    """
    if home.published_version() is None:
        raise InputError(f"Nothing is published in {home.root} yet: `cxe run` first.")
    with writing(home):
        return _write_report(home, progress)


def _report_published(home: Home, progress: Progress) -> Path | None:
    """Report what was just published; without its report it is published all the same."""
    try:
        return _write_report(home, progress)
    except CxeError as error:
        raise CxeError(
            f"Version {home.published_version()} is published, but its report could not be "
            f"written. {error} Then write it with `cxe report`."
        ) from error


def _write_report(home: Home, progress: Progress) -> Path:
    from cxe.report.site import write_report

    progress.step("report")
    with full_disk_explained(home):
        write_report(home)
    return home.report


def _refuse_empty(home: Home) -> None:
    with open_warehouse(home) as connection:
        landed = connection.execute(
            "select count(*) from raw._files where status = 'landed'"
        ).fetchone()
    if not landed or not landed[0]:
        raise InputError(
            f"Nothing has been landed in {home.root}: run `cxe land --extracts DIR` with at least "
            "one readable extract."
        )


def _end_failed(home: Home, run_id: str, error: CxeError, status: str = "failed") -> None:
    """Keep why a run failed, if the disk still takes it; the next run closes it otherwise."""
    try:
        with open_warehouse(home) as connection:
            ops.end_run(connection, run_id, status, str(error))
    except (CxeError, OSError, duckdb.Error):
        return
