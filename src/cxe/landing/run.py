"""Every file of the extracts folder into the raw tables, each in a transaction of its own."""

from __future__ import annotations

import logging
import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import duckdb

from cxe.errors import CxeError
from cxe.landing.folder import find_deliveries, fingerprint, refuse_if_changed
from cxe.landing.load import load_file
from cxe.landing.records import FileRejectedError, FileResult, LandingResult
from cxe.landing.tables import create_raw_tables, raw_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from cxe.contract import Extract
    from cxe.landing.folder import Fingerprint
    from cxe.landing.records import Delivery

SCRATCH_PREFIX = ".landing-"

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Pending:
    """A file that this run has to deal with.

    Attributes:
        fingerprint: None when it could not be read.
        problem: why it cannot be landed, as far as is known before reading it as a table.
        was_rejected: whether an earlier run rejected these very bytes; its row is replaced.
    """

    delivery: Delivery
    file_id: int
    fingerprint: Fingerprint | None
    problem: str | None
    was_rejected: bool


def land(
    connection: duckdb.DuckDBPyConnection,
    extracts_root: Path,
    contract: dict[tuple[str, str], Extract],
    *,
    loaded_at: datetime,
    on_file: Callable[[FileResult, int, int], None] | None = None,
) -> LandingResult:
    """Land what the extracts folder holds and earlier runs have not dealt with.

    A file that cannot be landed is recorded with the reason, and the others go on; whether that
    stops the run is the caller's decision.

    Args:
        connection: to the warehouse, which no other process is using.
        extracts_root: holds `<system>/<extract>/<files>`.
        contract: every known extract.
        loaded_at: recorded as the time of landing; without a time zone it is UTC.
        on_file: called after each file with its result, how many are done, and how many there are.

    Raises:
        InputError: there is no such folder, or no file of any known extract in it.
        CxeError: the warehouse or the disk below it refused a write. The file at hand is not
            recorded, those before it are; the next run goes on from there.
    """
    if loaded_at.tzinfo is not None:
        loaded_at = loaded_at.astimezone(UTC).replace(tzinfo=None)
    create_raw_tables(connection, contract)
    deliveries = find_deliveries(extracts_root, contract)
    pending = _pending(connection, deliveries)
    results: list[FileResult] = []
    with _scratch(connection) as scratch:
        for file in pending:
            try:
                result = _deal_with(connection, file, loaded_at, scratch)
            except (OSError, duckdb.Error) as error:
                raise CxeError(
                    f"Landing stopped at {file.delivery.relative}: the warehouse could not be "
                    f"written ({type(error).__name__}). Most often the disk is full: free space "
                    f"below {scratch.parent} and run again; the files before it have landed."
                ) from error
            results.append(result)
            logger.info("%s: %s, %s rows", result.path, result.status, result.rows_landed)
            if on_file:
                on_file(result, len(results), len(pending))
    return LandingResult(tuple(results), unchanged=len(deliveries) - len(pending))


def _pending(connection: duckdb.DuckDBPyConnection, deliveries: list[Delivery]) -> list[_Pending]:
    known = {
        (path, sha256): (file_id, status)
        for path, sha256, file_id, status in connection.execute(
            "select path, sha256, file_id, status from raw._files"
        ).fetchall()
    }
    last_id = max((file_id for file_id, _ in known.values()), default=0)
    pending: list[_Pending] = []
    with ThreadPoolExecutor(max_workers=2) as threads:
        # Ids follow the sorted paths: they must not depend on the file system or on timing.
        for delivery, (found, problem) in zip(
            deliveries, threads.map(_fingerprint, deliveries), strict=True
        ):
            file_id, status = known.get(
                (delivery.relative, found.sha256 if found else None), (None, None)
            )
            if status in ("landed", "repeat"):
                continue
            if file_id is None:
                last_id += 1
                file_id = last_id
            pending.append(
                _Pending(
                    delivery,
                    file_id,
                    found,
                    problem or delivery.problem,
                    was_rejected=status == "rejected",
                )
            )
    return pending


def _fingerprint(delivery: Delivery) -> tuple[Fingerprint | None, str | None]:
    try:
        return fingerprint(delivery.path), None
    except FileRejectedError as error:
        return None, str(error)


def _deal_with(
    connection: duckdb.DuckDBPyConnection, file: _Pending, loaded_at: datetime, scratch: Path
) -> FileResult:
    """Land, repeat or reject one file and record which, in one transaction."""
    connection.begin()
    try:
        try:
            result, repeat_of = _accept(connection, file, loaded_at, scratch)
        except FileRejectedError as error:
            connection.rollback()
            connection.begin()
            result, repeat_of = _result(file, "rejected", str(error)), None
        _record(connection, file, result, repeat_of, loaded_at)
        connection.commit()
    except BaseException:
        # After some failures there is no transaction left to roll back.
        with suppress(duckdb.Error):
            connection.rollback()
        raise
    return result


def _accept(
    connection: duckdb.DuckDBPyConnection, file: _Pending, loaded_at: datetime, scratch: Path
) -> tuple[FileResult, int | None]:
    """Insert the file's rows unless they stand there already; which file they came with then."""
    delivery, extract = file.delivery, file.delivery.extract
    if file.problem or file.fingerprint is None or extract is None:
        raise FileRejectedError(file.problem)
    original = connection.execute(
        """
        select file_id, path from raw._files
        where system = ? and extract = ? and sha256 = ? and status = 'landed'
        """,
        [delivery.system, delivery.folder, file.fingerprint.sha256],
    ).fetchone()
    if original:
        # The earliest delivery of a row says since when it was known.
        connection.execute(
            f"""
            update {raw_table(extract)} set _delivered_on = $delivered_on
            where _file_id = $file_id and _delivered_on > $delivered_on
            """,
            {"file_id": original[0], "delivered_on": delivery.delivered_on},
        )
        message = f"The same bytes as {original[1]}: not landed again."
        return _result(file, "repeat", message), original[0]
    namesake = connection.execute(
        "select max(file_id) from raw._files where path = ? and status <> 'rejected'",
        [delivery.relative],
    ).fetchone()
    loaded = load_file(
        connection,
        delivery,
        extract,
        file_id=file.file_id,
        loaded_at=loaded_at,
        scratch=scratch / "copy.csv",
    )
    refuse_if_changed(delivery.path, file.fingerprint)
    notes = [loaded.note] if loaded.note else []
    if namesake and namesake[0]:
        notes.append(f"Other bytes than file {namesake[0]} of this name: a new delivery.")
    if loaded.rows_rejected:
        notes.append(
            f"{loaded.rows_rejected} broken records stand in raw._rejects: have them corrected and "
            "delivered again."
        )
    result = replace(
        _result(file, "landed", " ".join(notes) or None),
        rows_read=loaded.rows_landed + loaded.rows_rejected,
        rows_landed=loaded.rows_landed,
        rows_rejected=loaded.rows_rejected,
    )
    return result, None


def _result(file: _Pending, status: str, message: str | None) -> FileResult:
    return FileResult(
        file_id=file.file_id,
        path=file.delivery.relative,
        system=file.delivery.system,
        extract=file.delivery.folder,
        status=status,
        rows_read=0,
        rows_landed=0,
        rows_rejected=0,
        message=message,
    )


def _record(
    connection: duckdb.DuckDBPyConnection,
    file: _Pending,
    result: FileResult,
    repeat_of: int | None,
    loaded_at: datetime,
) -> None:
    if file.was_rejected:
        connection.execute("delete from raw._files where file_id = ?", [file.file_id])
    row = {
        "file_id": result.file_id,
        "system": result.system,
        "extract": result.extract,
        "path": result.path,
        "delivered_on": file.delivery.delivered_on,
        "mode": file.delivery.mode,
        "bytes": file.fingerprint.bytes if file.fingerprint else None,
        "sha256": file.fingerprint.sha256 if file.fingerprint else None,
        "rows_read": result.rows_read,
        "rows_landed": result.rows_landed,
        "rows_rejected": result.rows_rejected,
        "status": result.status,
        "repeat_of": repeat_of,
        "message": result.message,
        "loaded_at": loaded_at,
    }
    connection.execute(
        f"insert into raw._files ({', '.join(row)}) values ({', '.join('?' * len(row))})",
        list(row.values()),
    )


@contextmanager
def _scratch(connection: duckdb.DuckDBPyConnection) -> Iterator[Path]:
    """A folder beside the warehouse, where room is reckoned with; `/tmp` is often small."""
    database = connection.execute(
        "select path from duckdb_databases() where database_name = current_database()"
    ).fetchone()
    beside = Path(database[0]).parent if database and database[0] else None
    if beside:
        # A run that was killed could not tidy up.
        for leftover in beside.glob(f"{SCRATCH_PREFIX}*"):
            shutil.rmtree(leftover)
    with TemporaryDirectory(prefix=SCRATCH_PREFIX, dir=beside) as folder:
        yield Path(folder)
