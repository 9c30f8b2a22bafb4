"""Metric catalogue: what every number means, where it comes from, and how to ask for it."""

from __future__ import annotations

import re
from calendar import monthrange
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cxe.contract import load_contract
from cxe.home import PROJECT_DIR
from cxe.metrics.page import GROUPS
from cxe.report.blocks import Page

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cxe.metrics import Metric
    from cxe.report.blocks import Block
    from cxe.report.source import Source

YEAR = 12
TIERS = {1: "1, for the board", 2: "2, for teams", 3: "3, exploratory"}
ADDITIVITY = {
    "additive": "adds up over everything",
    "semi_additive": "a stock: adds up over everything but time",
    "non_additive": "does not add up",
}


@dataclass(frozen=True)
class Entry:
    """What the page says of a metric.

    Attributes:
        metric: itself.
        part_of: names of the metrics that are made of it.
        extracts: what it comes from in the end, as `system.extract`.
        cuts: what it can be cut by.
        value: of the whole company, as a text; None where it has none.
        value_command: what gives that value.
        command: what gives it by month.
        sql: what asking for it runs.
    """

    metric: Metric
    part_of: Sequence[str]
    extracts: Sequence[str]
    cuts: Sequence[str]
    value: str | None
    value_command: str
    command: str
    sql: str


def page(source: Source) -> Page:
    """The page.

    Args:
        source: the published version.
    """
    layer = source.layer
    entries = _entries(source)
    marts = sorted({mart for metric in layer.catalog.values() for mart in metric.models})
    # The marts of a metric head its lineage: of a metric on one mart, the rest is the mart's own.
    sole = {
        metric.models[0]: name for name, metric in layer.catalog.items() if len(metric.models) == 1
    }
    return Page(
        "metrics.html",
        "Metric catalogue",
        "Every number, once: what it means, who answers for it, how it is computed.",
        [],
        "metrics.html.jinja",
        {
            "groups": {
                title: sorted(
                    (entry for entry in entries if entry.metric.group == group),
                    key=lambda entry: (entry.metric.tier, entry.metric.label),
                )
                for group, title in GROUPS.items()
            },
            "groups_by_name": GROUPS,
            "tiers": TIERS,
            "additivity": ADDITIVITY,
            "owners": sorted({metric.owner for metric in layer.catalog.values()}),
            "marts": {mart: layer.upstream(sole[mart])[1:] for mart in marts if mart in sole},
            "saved_queries": [_saved(query) for _, query in sorted(layer.saved_queries.items())],
            "year": source.months[-YEAR:],
            "shown_on": shown_on,
        },
    )


def shown_on(pages: Sequence[Page]) -> Mapping[str, list[tuple[Page, list[Block]]]]:
    """Where the report shows each metric: pages and their blocks."""
    found: defaultdict[str, list[tuple[Page, list[Block]]]] = defaultdict(list)
    for one in pages:
        on_page: defaultdict[str, list[Block]] = defaultdict(list)
        for block in one.blocks:
            for metric in block.answer.metrics:
                on_page[metric.name].append(block)
        for name, blocks in on_page.items():
            found[name].append((one, blocks))
    return found


def _entries(source: Source) -> list[Entry]:
    layer = source.layer
    extracts = {f"{system}.{extract}" for system, extract in load_contract(PROJECT_DIR)}
    values = _values(source)
    part_of = defaultdict(list)
    for metric in layer.catalog.values():
        for name in metric.inputs:
            part_of[name].append(metric.name)
    return [
        Entry(
            metric=metric,
            part_of=part_of[name],
            extracts=sorted(extracts.intersection(layer.upstream(name))),
            cuts=sorted(item.name for item in layer.group_bys(name) if not item.is_alias),
            value=values.get(name),
            value_command=_value_command(source, metric),
            command=f"cxe metrics query {name} --by month",
            sql=layer.sql(name, by=["month"] if metric.needs_month else []),
        )
        for name, metric in layer.catalog.items()
    ]


def _values(source: Source) -> dict[str, str]:
    """Each metric of the whole company over the last year, or in its last month."""
    if not source.months:
        return {}
    # One question for all metrics of the same marts: of each alone, it took three times as long.
    alike: defaultdict[tuple[tuple[str, ...], bool], list[str]] = defaultdict(list)
    for name, metric in source.layer.catalog.items():
        alike[metric.models, metric.needs_month].append(name)
    found: dict[str, str] = {}
    for (_, needs_month), names in alike.items():
        answer = source.ask(*names, **_asked(source, needs_month=needs_month))
        for row in answer.rows:
            found |= {name: answer.text(row, name) for name in names if row[name] is not None}
    return found


def _asked(source: Source, *, needs_month: bool) -> dict[str, Any]:
    last = source.months[-1]
    until = last.replace(day=monthrange(last.year, last.month)[1])
    if needs_month:
        return {"by": ["month"], "since": last, "until": until}
    return {"since": source.months[-YEAR:][0], "until": until}


def _value_command(source: Source, metric: Metric) -> str:
    if not source.months:
        return ""
    asked = _asked(source, needs_month=metric.needs_month)
    by = " --by month" if metric.needs_month else ""
    return f"cxe metrics query {metric.name}{by} --since {asked['since']} --until {asked['until']}"


def _saved(query: Mapping[str, Any]) -> dict[str, Any]:
    asked = query["query_params"]
    # `TimeDimension('metric_time', 'month')` is the month, `Entity('territory')` the territory.
    cuts = [re.findall(r"'(\w+)'", cut)[-1] for cut in asked["group_by"]]
    return {
        "name": query["name"],
        "label": query["label"],
        "description": " ".join((query["description"] or "").split()),
        "metrics": asked["metrics"],
        "cuts": cuts,
    }
