"""The rules of the layers hold for every model, without an exceptions list."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

if TYPE_CHECKING:
    from pathlib import Path

Node = dict[str, Any]
# What a layer may read: resource types, or layers (of marts: the folder below them).
MAY_READ = {
    "staging": {"source", "staging"},
    "intermediate": {"staging", "seed", "intermediate"},
    "marts": {"intermediate", "seed", "marts.core"},
    "marts.scorecards": {"intermediate", "seed", "marts"},
}


@cache
def manifest(home: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((home / "target" / "manifest.json").read_text())
    return loaded


def models(home: Path) -> list[Node]:
    nodes = manifest(home)["nodes"].values()
    found = [node for node in nodes if node["resource_type"] == "model"]
    assert found
    return found


def layers_of(node: Node) -> set[str]:
    """Names under which a rule may speak of a node, such as `marts` and `marts.core`."""
    if node["resource_type"] != "model":
        return {node["resource_type"]}
    layer, folder = node["fqn"][1:3]
    return {layer, f"{layer}.{folder}"}


def checks_of(home: Path, model: Node) -> list[Node]:
    return [
        node
        for node in manifest(home)["nodes"].values()
        if node["resource_type"] == "test" and node.get("attached_node") == model["unique_id"]
    ]


def is_key_test(test: Node) -> bool:
    return bool(test["test_metadata"]["name"] == "key")


def test_a_layer_reads_only_what_lies_below_it(sample_home: Path) -> None:
    everything = manifest(sample_home)["nodes"] | manifest(sample_home)["sources"]
    broken = []
    for model in models(sample_home):
        layer, folder = model["fqn"][1:3]
        allowed = MAY_READ.get(f"{layer}.{folder}", MAY_READ[layer])
        broken += [
            f"{model['name']} reads {parent}"
            for parent in model["depends_on"]["nodes"]
            if not layers_of(everything[parent]) & allowed
        ]
    assert broken == []


def test_every_model_and_column_is_described(sample_home: Path) -> None:
    broken = [model["name"] for model in models(sample_home) if not model["description"].strip()]
    for model in models(sample_home):
        broken += [
            f"{model['name']}.{column['name']}"
            for column in model["columns"].values()
            if not column["description"].strip()
        ]
    assert broken == []


def test_the_documented_columns_are_the_columns_of_the_table(sample_home: Path) -> None:
    with duckdb.connect(
        str(sample_home / "warehouse" / "cxe.duckdb"), read_only=True
    ) as connection:
        rows = connection.execute(
            "select table_schema, table_name, column_name from information_schema.columns"
        ).fetchall()
    built: dict[tuple[str, str], set[str]] = {}
    for schema, table, column in rows:
        built.setdefault((schema, table), set()).add(column)
    broken = {}
    for model in models(sample_home):
        difference = built[model["schema"], model["name"]] ^ set(model["columns"])
        if difference:
            broken[model["name"]] = sorted(difference)
    assert broken == {}


def test_every_model_tests_its_key(sample_home: Path) -> None:
    untested = [
        model["name"]
        for model in models(sample_home)
        if not any(is_key_test(test) for test in checks_of(sample_home, model))
    ]
    assert untested == []


def test_every_mart_is_a_public_contract_with_an_owner(sample_home: Path) -> None:
    broken = [
        model["name"]
        for model in models(sample_home)
        if model["fqn"][1] == "marts"
        and not (
            model["contract"]["enforced"]
            and model["access"] == "public"
            and model["config"]["group"]
            and model["config"]["meta"].get("owner")
        )
    ]
    assert broken == []


def test_only_marts_are_public(sample_home: Path) -> None:
    broken = [
        model["name"]
        for model in models(sample_home)
        if model["fqn"][1] != "marts" and model["access"] == "public"
    ]
    assert broken == []


@pytest.mark.parametrize("exposure", ["published_warehouse", "report"])
def test_what_stands_on_the_published_version_depends_on_every_mart(
    sample_home: Path, exposure: str
) -> None:
    depends_on = manifest(sample_home)["exposures"][f"exposure.cxe.{exposure}"]["depends_on"]
    marts = {model["unique_id"] for model in models(sample_home) if model["fqn"][1] == "marts"}
    assert set(depends_on["nodes"]) == marts


@pytest.mark.parametrize("layer", ["staging", "intermediate", "marts"])
def test_every_model_says_its_grain_first(sample_home: Path, layer: str) -> None:
    broken = [
        model["name"]
        for model in models(sample_home)
        if model["fqn"][1] == layer and not model["raw_code"].startswith("-- One row")
    ]
    assert broken == []
