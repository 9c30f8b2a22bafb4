"""The command line: `cxe`, also `python -m cxe`."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cxe import __version__
from cxe.errors import CxeError
from cxe.guard.suites import LAYERS
from cxe.metrics.commands import metrics
from cxe.options import (
    accept_option,
    as_known_on_option,
    as_of_option,
    extracts_option,
    home_option,
    options,
    output_options,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cxe.home import Home
    from cxe.ops import CheckResult
    from cxe.pipeline import RunResult

SHOWN_FILES = 20


class _Group(click.Group):
    """Turns expected failures into one message and an exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a CxeError ends it with its message and code."""
        try:
            return super().invoke(ctx)
        except CxeError as error:
            if (ctx.params or {}).get("debug"):
                raise
            click.echo(f"Error: {error}", err=True)
            sys.exit(error.exit_code)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="cxe")
def main() -> None:
    """Customer Excellence Warehouse: from raw extracts to published marts.

    Exit codes: 0 done, 2 bad input or usage, 3 a gate failed (what was published stays as it was),
    4 another run has the home, 1 anything else (such as a full disk).
    """


main.add_command(metrics)


@main.command()
@options(
    extracts_option, home_option, as_of_option, as_known_on_option, accept_option, output_options
)
def run(extracts: Path, home: Home, quiet: bool, as_json: bool, **options: Any) -> None:
    """Land, build, guard every layer, publish, report: the main job."""
    _run(home, quiet, as_json, extracts=extracts, **options)


@main.command()
@options(extracts_option, home_option, output_options)
def land(extracts: Path, home: Home, quiet: bool, as_json: bool) -> None:
    """Land new files into the raw layer, and nothing else."""
    _run(home, quiet, as_json, extracts=extracts, building=False)


@main.command()
@options(home_option, as_of_option, as_known_on_option, accept_option, output_options)
def build(home: Home, quiet: bool, as_json: bool, **options: Any) -> None:
    """Build and guard every layer from what was landed; publish nothing."""
    _run(home, quiet, as_json, extracts=None, publishing=False, **options)


@main.command()
@options(home_option, as_of_option, as_known_on_option, accept_option, output_options)
def calibrate(home: Home, quiet: bool, as_json: bool, **options: Any) -> None:
    """Build, with the model of value at risk fitted anew; publish nothing.

    `run` and `build` fit it whenever what it rests on has changed.
    """
    _run(home, quiet, as_json, extracts=None, publishing=False, calibrating_anew=True, **options)
    if not as_json:
        click.echo(f"Model card: {home.reports / 'model_card.md'}")


@main.command()
@options(
    click.option(
        "--layer", type=click.Choice(LAYERS), required=True, help="Whose expectations to run."
    ),
    home_option,
    output_options,
)
def guard(layer: str, home: Home, quiet: bool, as_json: bool) -> None:
    """Run the expectations of one layer on what was landed or built; change nothing else."""
    from cxe.pipeline import check
    from cxe.progress import shown

    with shown(quiet=quiet or as_json) as progress:
        run_id, checks = check(home, progress, layer)
    if as_json:
        document = {"run_id": run_id, "checks": [asdict(found) for found in checks]}
        click.echo(json.dumps(document, default=str, indent=2))
        return
    _report_checks(home, run_id, checks)


@main.command()
@options(home_option, output_options)
def publish(home: Home, quiet: bool, as_json: bool) -> None:
    """Publish the last build that passed its gates; write its report and work list."""
    from cxe.pipeline import publish_last_build
    from cxe.progress import shown

    with shown(quiet=quiet or as_json) as progress:
        result = publish_last_build(home, progress)
    _report(home, result, as_json)


@main.command()
@options(home_option, output_options)
def report(home: Home, quiet: bool, as_json: bool) -> None:
    """Write report and work list of what is published again, as `run` and `publish` do."""
    from cxe.pipeline import report as write
    from cxe.progress import shown

    with shown(quiet=quiet or as_json) as progress:
        page = write(home, progress)
    if as_json:
        document = {"report": str(page), "work_list": str(home.work_list)}
        click.echo(json.dumps(document, indent=2))
        return
    _name_report(home)


@main.command()
@options(home_option, click.option("--json", "as_json", is_flag=True, help="Print JSON."))
def status(home: Home, as_json: bool) -> None:
    """Say what ran, what is published and how fresh each extract is."""
    from cxe.status import read_status, render_status

    found = read_status(home)
    click.echo(json.dumps(found, default=str, indent=2) if as_json else render_status(found))


@main.command()
@click.argument("out", type=click.Path(file_okay=False, path_type=Path))
@click.option("--hcps", type=click.IntRange(min=10), default=500, show_default=True)
@click.option("--months", type=click.IntRange(min=4), default=24, show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True)
@click.option(
    "--experience-effect",
    type=click.FloatRange(min=0),
    default=1.0,
    show_default=True,
    help="How much experience drives stopping and shrinking; 0 is not at all.",
)
@click.option(
    "--faults",
    multiple=True,
    help="Plant a fault, or `all`; repeat for several. `list` prints their names.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def simulate(
    out: Path,
    hcps: int,
    months: int,
    seed: int,
    experience_effect: float,
    faults: tuple[str, ...],
    as_json: bool,
) -> None:
    """Write a believable sample world to OUT/extracts, its hidden truth to OUT/truth."""
    from cxe.simulate import FAULTS
    from cxe.simulate import simulate as make_world

    if faults == ("list",):
        for name, description in FAULTS.items():
            click.echo(f"{name}: {description}")
        return
    summary = make_world(
        out,
        hcps=hcps,
        months=months,
        seed=seed,
        faults=faults,
        experience_effect=experience_effect,
    )
    if as_json:
        click.echo(json.dumps(asdict(summary), default=str, indent=2))
        return
    click.echo(f"{sum(summary.rows.values()):,} rows in {summary.files} files in {out}/extracts")
    for name, count in summary.faults.items():
        click.echo(f"  planted {name}: {count}")


def _run(home: Home, quiet: bool, as_json: bool, **options: Any) -> None:
    from cxe.pipeline import run as run_pipeline
    from cxe.progress import shown

    with shown(quiet=quiet or as_json) as progress:
        result = run_pipeline(home, progress, **options)
    _report(home, result, as_json)


def _report(home: Home, result: RunResult, as_json: bool) -> None:
    files = result.landing.files if result.landing else ()
    warnings = result.building.warnings if result.building else ()
    if as_json:
        document = {
            "run_id": result.run_id,
            "files": [asdict(file) for file in files],
            "warnings": [asdict(check) for check in warnings],
            "as_of_date": result.as_of_date,
            "as_known_on": result.as_known_on,
            "published": result.published,
            "report": result.report,
            "work_list": home.work_list if result.report else None,
            "data_docs": home.data_docs(result.run_id) if result.building else None,
        }
        click.echo(json.dumps(document, default=str, indent=2))
        return
    if result.landing:
        landed = [file for file in files if file.status == "landed"]
        rows = sum(file.rows_landed for file in landed)
        repeats = sum(file.status == "repeat" for file in files)
        rejected = sum(file.rows_rejected for file in landed)
        click.echo(
            f"Landed {rows:,} rows of {len(landed)} new files; {repeats} files repeat earlier ones,"
            f" {rejected:,} rows were rejected."
        )
    noted = [file for file in files if file.message and file.status != "repeat"]
    for file in noted[:SHOWN_FILES]:
        click.echo(f"  {file.status}: {file.path}: {file.message}")
    if len(noted) > SHOWN_FILES:
        click.echo(f"  ... and {len(noted) - SHOWN_FILES} more files with a message: cxe status")
    if result.building:
        _report_checks(home, result.run_id, result.building.checks)
        click.echo(f"As of {result.as_of_date}.")
    if result.published:
        click.echo(f"Published {result.run_id}: query {home.current / 'cxe.duckdb'}")
    if result.report:
        _name_report(home)


def _name_report(home: Home) -> None:
    click.echo(f"Report: {home.report}")
    click.echo(f"Work list: {home.work_list} (single cases: do not pass it on)")


def _report_checks(home: Home, run_id: str, checks: Sequence[CheckResult]) -> None:
    passed = sum(check.status == "pass" for check in checks)
    warned = [check for check in checks if check.status in {"warn", "accepted"}]
    click.echo(f"Checks: {passed} passed, {len(warned)} warned. Evidence: {home.data_docs(run_id)}")
    for check in warned:
        word = "warned" if check.status == "warn" else "accepted"
        counted = "Could not be computed." if check.failures is None else f"{check.failures} rows."
        found = (check.examples or counted).replace("\n", "; ")
        click.echo(f"  {word}: {check.check_name}: {found} {check.remedy}")


if __name__ == "__main__":
    main()
