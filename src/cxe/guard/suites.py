"""The expectation suites of the project: read, completed and written by `make suites`.

Suites of the raw layer are made from the input contract. The others are written by people; here
they only get the ids by which Great Expectations tells their parts apart, and are entered into its
context: a data asset and a validation definition each, a checkpoint per layer.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import yaml

from cxe.contract import load_contract
from cxe.guard.queries import written_out
from cxe.guard.raw_suites import columns_suite, deliveries_suite, raw_suite
from cxe.home import PROJECT_DIR

LAYERS = ("raw", "staging", "intermediate", "marts")
CONTEXT = PROJECT_DIR / "great_expectations"
ASSETS = "fluent_datasources:\n"
SEVERITIES = {"critical": "error", "warning": "warn"}


@dataclass(frozen=True)
class Expectation:
    """What a suite says of one expectation.

    Attributes:
        name: layer, table and the expectation's own name, with dots between.
        relation: table or extract it looks at.
        severity: `error` blocks, `warn` is reported.
        compares: whether it compares with the published version.
    """

    name: str
    layer: str
    relation: str
    severity: str
    description: str
    owner: str
    remedy: str
    compares: bool


def read_suites(context: Path = CONTEXT) -> dict[str, dict[str, Any]]:
    """The suites below a context's folder, by name."""
    suites = {}
    for path in sorted((context / "expectations").glob("*/*.json")):
        suite = json.loads(path.read_text(encoding="utf-8"))
        suites[suite["name"]] = suite
    return suites


def expectations(suite: dict[str, Any]) -> list[Expectation]:
    """What a suite says of each of its expectations."""
    layer, relation = suite["name"].split(".", 1)
    return [
        Expectation(
            name=f"{suite['name']}.{expectation['meta']['name']}",
            layer=layer,
            relation=relation,
            severity=SEVERITIES[expectation["severity"]],
            description=expectation["description"],
            owner=expectation["meta"]["owner"],
            remedy=expectation["meta"]["remedy"],
            compares="previous." in _sql(expectation["kwargs"]),
        )
        for expectation in suite["expectations"]
    ]


def _sql(kwargs: dict[str, Any]) -> str:
    if "query" not in kwargs:
        return ""
    return written_out(kwargs["query"], kwargs.get("arguments", {}))


def write_context(context: Path = CONTEXT) -> None:
    """Write the raw suites, complete the others, and enter all of them into the context."""
    contract = load_contract(PROJECT_DIR)
    made = [deliveries_suite(contract), columns_suite(), *map(raw_suite, contract.values())]
    suites = {
        name: suite for name, suite in read_suites(context).items() if not name.startswith("raw.")
    } | {suite["name"]: suite for suite in made}
    for suite in suites.values():
        _write(
            context / "expectations" / f"{suite['name'].replace('.', '/')}.json", _with_ids(suite)
        )
        _write(
            context / "validation_definitions" / f"{suite['name']}.json",
            {
                "name": suite["name"],
                "id": _id("validation", suite["name"]),
                "data": {
                    "datasource": {"name": "warehouse", "id": _id("datasource")},
                    "asset": {"name": suite["name"], "id": _id("asset", suite["name"])},
                    "batch_definition": {"name": "all", "id": _id("batch", suite["name"])},
                },
                "suite": {"name": suite["name"], "id": _id("suite", suite["name"])},
            },
        )
    for layer in LAYERS:
        names = sorted(name for name in suites if name.startswith(f"{layer}."))
        _write(
            context / "checkpoints" / f"{layer}.json",
            {
                "name": layer,
                "id": _id("checkpoint", layer),
                "result_format": "COMPLETE",
                "validation_definitions": [
                    {"name": name, "id": _id("validation", name)} for name in names
                ],
                "actions": [],
            },
        )
    _remove_others(context, suites)
    _write_assets(context, suites)


def _with_ids(suite: dict[str, Any]) -> dict[str, Any]:
    """The suite in the order its readers look for things, with ids that follow from the names."""
    return {
        "name": suite["name"],
        "id": _id("suite", suite["name"]),
        "meta": suite["meta"],
        "notes": None,
        "expectations": [
            {
                "type": expectation["type"],
                "kwargs": expectation["kwargs"],
                "severity": expectation["severity"],
                "description": expectation["description"],
                "meta": expectation["meta"],
                "id": _id("expectation", suite["name"], expectation["meta"]["name"]),
            }
            for expectation in suite["expectations"]
        ],
    }


def _write_assets(context: Path, suites: dict[str, dict[str, Any]]) -> None:
    assets = {
        name: {
            "type": "query",
            "id": _id("asset", name),
            "query": suite["meta"].get("batch", f"select * from {name}"),
            "batch_definitions": {"all": {"id": _id("batch", name), "partitioner": None}},
        }
        for name, suite in sorted(suites.items())
    }
    datasource = {
        "type": "duckdb",
        "id": _id("datasource"),
        "connection_string": "duckdb:///${CXE_WAREHOUSE}",
        "kwargs": {"connect_args": {"read_only": True}},
        "assets": assets,
    }
    path = context / "great_expectations.yml"
    text, _, _ = path.read_text(encoding="utf-8").partition(ASSETS)
    written = yaml.safe_dump({"warehouse": datasource}, sort_keys=False, width=10_000)
    indented = "".join(f"  {line}" for line in written.splitlines(keepends=True))
    path.write_text(f"{text}{ASSETS}{indented}", encoding="utf-8")


def _remove_others(context: Path, suites: dict[str, dict[str, Any]]) -> None:
    """Definitions of suites that are gone."""
    for path in (context / "validation_definitions").glob("*.json"):
        if path.stem not in suites:
            path.unlink()
    for path in (context / "expectations").glob("*/*.json"):
        if f"{path.parent.name}.{path.stem}" not in suites:
            path.unlink()


def _id(*parts: str) -> str:
    return str(uuid5(NAMESPACE_URL, "/".join(("cxe", *parts))))


def _write(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write_context()
