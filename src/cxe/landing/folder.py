"""Which files lie in the extracts folder, and what their paths say."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from cxe.errors import InputError
from cxe.landing.records import Delivery, FileRejectedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cxe.contract import Extract

NAME = re.compile(
    r"(?P<extract>.+?)__(?P<date>\d{4}-\d{2}-\d{2})__(?P<mode>full|delta)(__\d+)?"
    r"\.(csv|csv\.gz|parquet)"
)
UNFINISHED = (".part", ".tmp")
EXAMPLE = "{extract}__2024-01-31__full.csv (or __delta, __full__2, .csv.gz, .parquet)"
DEPTH = 3


@dataclass(frozen=True)
class Fingerprint:
    """What tells one version of a file from another; `modified_ns` only while landing reads it."""

    bytes: int
    sha256: str
    modified_ns: int


def find_deliveries(root: Path, contract: dict[tuple[str, str], Extract]) -> list[Delivery]:
    """List the files below the extracts root, sorted by their relative POSIX paths.

    Hidden files and folders are left out, and files still being written (`.part`, `.tmp`).

    Raises:
        InputError: there is no such folder, or nothing in it lies where an extract belongs.
    """
    if not root.is_dir():
        raise InputError(
            f"There is no extracts folder {root}. Name the folder that holds "
            "<system>/<extract>/<files> with --extracts."
        )
    deliveries = [_delivery(path, root, contract) for path in _walk(root)]
    if not any(delivery.extract for delivery in deliveries):
        raise InputError(
            f"{root} holds no file of any known extract. Files belong in folders such as "
            f"{root}/{_folders(contract)[0]}/, named like {_example(contract)}."
        )
    return sorted(deliveries, key=lambda delivery: delivery.relative)


def fingerprint(path: Path) -> Fingerprint:
    """Digest the bytes of a file.

    Raises:
        FileRejectedError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise FileRejectedError(
            f"{path.name} cannot be read ({error.strerror}): check its permissions."
        ) from error
    return Fingerprint(status.st_size, digest, status.st_mtime_ns)


def refuse_if_changed(path: Path, known: Fingerprint) -> None:
    """Make sure that what was read is what was digested.

    Raises:
        FileRejectedError: the file was written to meanwhile.
    """
    status = path.stat()
    if (status.st_size, status.st_mtime_ns) != (known.bytes, known.modified_ns):
        raise FileRejectedError(
            f"{path.name} changed while it was read: deliver it as {path.name}.part, rename it "
            "when it is complete, and run again."
        )


def _walk(root: Path) -> Iterator[Path]:
    # Linked folders are followed, as shares are often linked in; a link into its own parents must
    # not go on for ever.
    seen: set[Path] = set()
    for folder, folders, files in os.walk(root, followlinks=True):
        resolved = Path(folder).resolve()
        if resolved in seen:
            folders.clear()
            continue
        seen.add(resolved)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in files:
            if not name.startswith(".") and not name.endswith(UNFINISHED):
                yield Path(folder, name)


def _delivery(path: Path, root: Path, contract: dict[tuple[str, str], Extract]) -> Delivery:
    parts = path.relative_to(root).parts
    system = parts[0] if len(parts) > 1 else None
    folder = parts[1] if len(parts) > 2 else None  # noqa: PLR2004 (system, extract, file)
    extract = contract.get((system or "", folder or ""))
    match = NAME.fullmatch(path.name)
    delivered_on = _date(match["date"]) if match else None
    return Delivery(
        path=path,
        relative=path.relative_to(root).as_posix(),
        system=system,
        folder=folder,
        extract=extract,
        delivered_on=delivered_on,
        mode=match["mode"] if match else None,
        problem=_problem(parts, extract, match, delivered_on, contract),
    )


def _problem(
    parts: tuple[str, ...],
    extract: Extract | None,
    match: re.Match[str] | None,
    delivered_on: date | None,
    contract: dict[tuple[str, str], Extract],
) -> str | None:
    name = parts[-1]
    if extract is None:
        known = _folders(contract)
        near = get_close_matches("/".join(parts[:2]), known, n=1) or known[:1]
        return f"{name} lies in no extract's folder: move it to one, such as {near[0]}/."
    if len(parts) > DEPTH:
        return f"{name} lies too deep: move it up into {extract.folder}/."
    if match is None or match["extract"] != extract.name:
        return f"{name} is not named by the rule: call it {EXAMPLE.format(extract=extract.name)}."
    if delivered_on is None:
        return f"{name}: there is no day {match['date']}: put the delivery date into the name."
    return None


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _folders(contract: dict[tuple[str, str], Extract]) -> list[str]:
    return sorted(extract.folder for extract in contract.values())


def _example(contract: dict[tuple[str, str], Extract]) -> str:
    return EXAMPLE.format(extract=_folders(contract)[0].partition("/")[2])
