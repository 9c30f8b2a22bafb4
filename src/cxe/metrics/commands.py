"""`cxe metrics`: list, show, query, sql."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cxe.options import day_option, home_option, options

if TYPE_CHECKING:
    from collections.abc import Callable

    from cxe.home import Home
    from cxe.metrics.catalog import Metric

LIST_COLUMNS = ("name", "label", "group", "tier", "unit", "owner")


def _several(_context: click.Context, _parameter: click.Parameter, value: tuple[str, ...]) -> Any:
    return tuple(part.strip() for item in value for part in item.split(",") if part.strip())


query_options: Callable[[Any], Any] = options(
    click.argument("metrics", metavar="METRIC...", nargs=-1),
    home_option,
    click.option(
        "--by",
        multiple=True,
        callback=_several,
        help="Cut by: month, territory, customer__segment, ...; repeat or join by commas.",
    ),
    click.option(
        "--where", multiple=True, help="Condition in SQL on what can be cut by; all have to hold."
    ),
    click.option(
        "--order",
        multiple=True,
        callback=_several,
        help="Metric or cut to order by; -NAME (written --order=-NAME) for the largest first.",
    ),
    click.option("--limit", type=click.IntRange(min=1), help="Rows at most."),
    day_option("--since", help="First day of the metrics' own time that counts."),
    day_option("--until", help="Last day of it."),
    click.option("--saved", metavar="NAME", help="A saved query instead of metrics."),
)


@click.group()
def metrics() -> None:
    """Ask for numbers by name, over the published version."""


@metrics.command("list")
@options(
    home_option,
    click.option("--group", help="Only metrics of this group, such as journey or cvar."),
    click.option("--tier", type=click.IntRange(1, 3), help="Only this tier; 1 is for the board."),
    click.option(
        "--format",
        "form",
        type=click.Choice(["table", "csv", "json"]),
        default="table",
        show_default=True,
    ),
)
def list_(home: Home, group: str | None, tier: int | None, form: str) -> None:
    """Name all metrics."""
    import pyarrow as pa

    from cxe.metrics import render
    from cxe.metrics.layer import Metrics

    with Metrics(home) as published:
        shown = [
            metric
            for metric in published.catalog.values()
            if group in {None, metric.group} and tier in {None, metric.tier}
        ]
    rows = [{column: getattr(metric, column) for column in LIST_COLUMNS} for metric in shown]
    click.echo(render.as_text(pa.Table.from_pylist(rows, _list_schema()), form), nl=False)


@metrics.command()
@click.argument("metric")
@options(
    home_option,
    click.option(
        "--format",
        "form",
        type=click.Choice(["table", "json"]),
        default="table",
        show_default=True,
    ),
)
def show(metric: str, home: Home, form: str) -> None:
    """Say what a metric means, who owns it, and where it comes from."""
    from cxe.metrics.asking import checked_names
    from cxe.metrics.layer import Metrics

    with Metrics(home) as published:
        checked_names([metric], published.catalog)
        shown = _shown(published.catalog[metric])
        by = ["month"] if published.catalog[metric].needs_month else []
        shown |= {
            "cut_by": [item.name for item in published.group_bys(metric) if not item.is_alias],
            "upstream": published.upstream(metric),
            "sql": published.sql(metric, by=by),
        }
    if form == "json":
        click.echo(json.dumps(shown, indent=2))
        return
    for name, value in shown.items():
        text = ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
        title = f"{name.replace('_', ' ')}:"
        click.echo(f"{title}\n{text}" if name == "sql" else f"{title:<14}{text or '-'}")


@metrics.command()
@query_options
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "json", "parquet"]),
    default="table",
    show_default=True,
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write instead of the terminal.",
)
def query(
    metrics: tuple[str, ...],
    home: Home,
    saved: str | None,
    form: str,
    output: Path | None,
    **asked: Any,
) -> None:
    """Print the values of metrics, one row per group."""
    from cxe.metrics import render
    from cxe.metrics.layer import Metrics

    with Metrics(home) as published:
        _refuse_both(metrics, saved, asked)
        table = published.saved(saved) if saved else published.query(*metrics, **asked)
        units = {name: metric.unit for name, metric in published.catalog.items()}
    render.write(table, form, output, units)


@metrics.command()
@query_options
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
)
def sql(metrics: tuple[str, ...], home: Home, saved: str | None, form: str, **asked: Any) -> None:
    """Print the SQL that `query` would run, for the published file."""
    from cxe.metrics.layer import Metrics

    with Metrics(home) as published:
        _refuse_both(metrics, saved, asked)
        statement = published.saved_sql(saved) if saved else published.sql(*metrics, **asked)
    shown = {"version": published.version, "sql": statement}
    click.echo(json.dumps(shown, indent=2) if form == "json" else statement)


def _refuse_both(metrics: tuple[str, ...], saved: str | None, asked: dict[str, Any]) -> None:
    if saved and (metrics or any(asked.values())):
        raise click.UsageError("A saved query says itself what to ask for: give --saved alone.")


def _shown(metric: Metric) -> dict[str, Any]:
    return {key: value for key, value in asdict(metric).items() if key != "is_hidden"}


def _list_schema() -> Any:
    import pyarrow as pa

    return pa.schema(
        [(column, pa.int64() if column == "tier" else pa.string()) for column in LIST_COLUMNS]
    )
