"""Options that several commands share."""

from __future__ import annotations

import os
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cxe.home import Home

if TYPE_CHECKING:
    from collections.abc import Callable


def options(*decorators: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """One decorator of several, the first of them shown first."""

    def decorate(command: Any) -> Any:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return decorate


def _home(_context: click.Context, _parameter: click.Parameter, value: Path | None) -> Home:
    return Home((value or Path(os.environ.get("CXE_HOME") or ".cxe")).resolve())


def _day(
    _context: click.Context, _parameter: click.Parameter, value: datetime | None
) -> date | None:
    return value.date() if value else None


home_option = click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    callback=_home,
    help="Directory the warehouse lives in (default: CXE_HOME, else .cxe).",
)
extracts_option = click.option(
    "--extracts",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("extracts"),
    show_default=True,
    help="Root folder of the delivered files: <system>/<extract>/<file>.",
)


def day_option(*names: str, help: str) -> Callable[[Any], Any]:
    """An option that takes a day in ISO form and gives a date."""
    return click.option(*names, type=click.DateTime(["%Y-%m-%d"]), callback=_day, help=help)


as_of_option = day_option(
    "--as-of",
    help="Last day of the world (default: how far the slowest driving extract is complete).",
)
as_known_on_option = day_option(
    "--as-known-on",
    help="Use only what was delivered by this day (default: everything).",
)
accept_option = click.option(
    "--accept",
    "accepted",
    multiple=True,
    metavar="NAME",
    help="Let this expectation report what it finds and not block; repeat for several.",
)
output_options = options(
    click.option("--quiet", is_flag=True, help="No progress display."),
    click.option("--json", "as_json", is_flag=True, help="Print the result as JSON."),
)
