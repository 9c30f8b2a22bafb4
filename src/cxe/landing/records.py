"""What the steps of landing hand to each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from cxe.contract import Extract


class FileRejectedError(Exception):
    """A file cannot be landed at all; the message says where in the file, why, and the remedy."""


@dataclass(frozen=True)
class Delivery:
    """One file below the extracts root, with what its path says.

    Attributes:
        relative: POSIX path relative to the root.
        system: first folder, None for a file that lies directly in the root.
        folder: second folder, None for a file that lies above it.
        extract: the extract it belongs to, None where the folders are unknown.
        delivered_on, mode: as the name says, None where the name is off the pattern.
        problem: why the path alone forbids landing it, None where nothing does.
    """

    path: Path
    relative: str
    system: str | None
    folder: str | None
    extract: Extract | None
    delivered_on: date | None
    mode: str | None
    problem: str | None


@dataclass(frozen=True)
class Reject:
    """A record that is no row of its file.

    Attributes:
        line_number: physical line on which it starts; the header of a plain file is line 1.
        raw_text: the text without its line end; a record that never closes a quote is cut after
            its first line, and reading goes on with the next.
        column_name: header name of the field where reading failed, where known.
    """

    line_number: int
    raw_text: str
    reason: str
    column_name: str | None


@dataclass(frozen=True)
class FileResult:
    """What became of one file.

    Attributes:
        file_id: its key in `raw._files`.
        path: POSIX path relative to the extracts root.
        status: `landed`, `repeat` (these bytes had landed before) or `rejected` (as a whole).
        rows_read: always the sum of `rows_landed` and `rows_rejected`.
        message: what a person should know, with the remedy; None where there is nothing to say.
    """

    file_id: int
    path: str
    system: str | None
    extract: str | None
    status: str
    rows_read: int
    rows_landed: int
    rows_rejected: int
    message: str | None


@dataclass(frozen=True)
class LandingResult:
    """What became of the files of one run.

    Attributes:
        files: in the order of their paths, those that earlier runs had dealt with left out.
        unchanged: how many those were.
    """

    files: tuple[FileResult, ...]
    unchanged: int
