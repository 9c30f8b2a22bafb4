"""The home: the one directory a warehouse lives in, and the lock that admits one writer to it."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from cxe.errors import BusyError, CxeError

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE_SECONDS = 3
PROJECT_DIR = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Home:
    """Paths below a home directory. The file stem `cxe` is the catalog name dbt bakes in."""

    root: Path

    @property
    def warehouse(self) -> Path:
        """The warehouse at work: raw and every layer."""
        return self.root / "warehouse" / "cxe.duckdb"

    @property
    def published(self) -> Path:
        """Folder of the published versions."""
        return self.root / "published"

    @property
    def current(self) -> Path:
        """Symlink to the version readers use."""
        return self.published / "current"

    @property
    def reports(self) -> Path:
        """A folder per report of a published version; and the model card of the last build."""
        return self.root / "reports"

    @property
    def report(self) -> Path:
        """First page of the newest report."""
        return self.reports / "current" / "index.html"

    @property
    def work_lists(self) -> Path:
        """A folder per published version with its work list: single cases, not to be passed on."""
        return self.root / "work_lists"

    @property
    def work_list(self) -> Path:
        """The newest work list."""
        return self.work_lists / "current" / "work-list.html"

    @property
    def quality(self) -> Path:
        """Evidence of the gates: a folder per run."""
        return self.root / "quality"

    def data_docs(self, run_id: str) -> Path:
        """First page of what the gates of a run found."""
        return self.quality / run_id / "data_docs" / "index.html"

    @property
    def target(self) -> Path:
        """What dbt compiles."""
        return self.root / "target"

    @property
    def logs(self) -> Path:
        """What dbt and cxe log."""
        return self.root / "logs"

    def published_version(self) -> str | None:
        """Run id of the version readers use, None before the first."""
        return self.current.readlink().name if self.current.is_symlink() else None

    def create(self) -> None:
        """Make the folders that a run writes to.

        Raises:
            CxeError: the home cannot be written.
        """
        try:
            folders = (self.warehouse.parent, self.published, self.quality, self.target, self.logs)
            for folder in folders:
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CxeError(
                f"The home {self.root} cannot be written: {error.strerror}. "
                "Choose another with --home or CXE_HOME."
            ) from error


@contextmanager
def writing(home: Home) -> Iterator[None]:
    """Hold the home's lock; the kernel releases it however the process ends.

    Raises:
        BusyError: another process holds it.
    """
    home.create()
    with (home.root / "lock").open("a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read().strip() or "unknown"
            raise BusyError(
                f"Another run is writing to {home.root} (process {holder}). Wait until it ends, "
                "or give this one a home of its own with --home."
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


@contextmanager
def open_warehouse(home: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the warehouse for writing, with the limits that dbt works under.

    Raises:
        BusyError: another program has the file open.
        CxeError: the file cannot be opened or written.
    """
    connection = _connect(home)
    try:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("set enable_progress_bar = false")
        connection.execute(f"set memory_limit = '{memory_limit()}'")
        yield connection
    finally:
        connection.close()


def _connect(home: Home) -> duckdb.DuckDBPyConnection:
    # `cxe status` reads the file for an instant; a run that starts just then waits for it.
    patience = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return duckdb.connect(str(home.warehouse))
        except duckdb.IOException as error:
            if "lock" not in str(error):
                raise CxeError(f"The warehouse cannot be opened: {error}") from error
            if time.monotonic() > patience:
                raise BusyError(
                    f"Another program has {home.warehouse} open. Close it; readers belong on "
                    f"{home.current / 'cxe.duckdb'}."
                ) from error
            time.sleep(0.1)


def memory_limit() -> str:
    """What DuckDB may use (CXE_MEMORY_LIMIT), for example `4GB`."""
    return os.environ.get("CXE_MEMORY_LIMIT", "4GB")


@contextmanager
def full_disk_explained(home: Home) -> Iterator[None]:
    """Turn the errors of a disk that cannot take more into one with a remedy.

    Raises:
        CxeError: the disk is full or refused a write.
    """
    try:
        yield
    except (OSError, duckdb.IOException, duckdb.FatalException) as error:
        raise CxeError(disk_message(home)) from error


def disk_message(home: Home) -> str:
    """What to tell a user whose disk refused a write."""
    return (
        f"The disk below {home.root} could not be written: it is full, or refuses more. Free space "
        "there (or choose another home) and run again; what was published stays as it was."
    )
