"""The suites say what they must, and are what the contract and the command make of them."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest
from jinja2 import ChoiceLoader, DictLoader, FileSystemLoader
from sqlalchemy import create_engine

from cxe.contract import load_contract
from cxe.errors import InputError
from cxe.guard.gate import _prepare
from cxe.guard.previous import attach_previous
from cxe.guard.queries import QUERIES, TEMPLATES, written_out
from cxe.guard.suites import CONTEXT, LAYERS, expectations, read_suites, write_context
from cxe.home import PROJECT_DIR

SUITES = read_suites()
# Results hold counts and figures only: no value of a row reaches a page or a message but what a
# query chooses to say. Uniqueness is dbt's.
KINDS = {
    "expect_query_to_find_nothing",
    "expect_column_max_to_be_between",
    "expect_column_min_to_be_between",
    "expect_column_mean_to_be_between",
    "expect_table_row_count_to_be_between",
}


def contents(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_writing_the_suites_again_changes_nothing(tmp_path: Path) -> None:
    shutil.copytree(CONTEXT, tmp_path / "context")
    write_context(tmp_path / "context")
    assert contents(tmp_path / "context") == contents(CONTEXT)


def test_every_extract_has_a_suite_and_every_layer_a_checkpoint() -> None:
    contract = load_contract(PROJECT_DIR)
    assert {f"raw.{extract.raw_table}" for extract in contract.values()} <= set(SUITES)
    for layer in LAYERS:
        checkpoint = json.loads((CONTEXT / "checkpoints" / f"{layer}.json").read_text())
        named = {definition["name"] for definition in checkpoint["validation_definitions"]}
        assert named == {name for name in SUITES if name.startswith(f"{layer}.")}
        assert named


@pytest.mark.parametrize("suite", SUITES.values(), ids=SUITES)
def test_every_expectation_says_what_it_promises_and_who_does_what(suite: dict[str, Any]) -> None:
    assert suite["meta"]["why"].endswith(".")
    names = [expectation["meta"]["name"] for expectation in suite["expectations"]]
    assert len(set(names)) == len(names)
    for expectation in suite["expectations"]:
        assert expectation["type"] in KINDS
        assert expectation["severity"] in {"critical", "warning"}
        assert expectation["description"].endswith(".")
        assert expectation["meta"]["owner"]
        assert expectation["meta"]["remedy"].endswith(".")
        if "query" in expectation["kwargs"]:
            sql = written_out(
                expectation["kwargs"]["query"], expectation["kwargs"].get("arguments", {})
            )
            assert "{batch}" in sql
            assert " as example" in sql
            assert " as finding" in sql


def test_every_query_is_asked_by_a_suite() -> None:
    asked = {
        expectation["kwargs"].get("query")
        for suite in SUITES.values()
        for expectation in suite["expectations"]
    }
    there = {
        path.relative_to(QUERIES).with_suffix("").as_posix() for path in QUERIES.rglob("*.sql")
    }
    assert there - {"places"} == asked - {None}


@pytest.mark.parametrize(
    ("query", "arguments", "message"),
    [
        ("no_such_query", {}, "does not exist: great_expectations/queries/no_such_query.sql"),
        ("values_alike", {}, "values_alike.sql lacks an argument: 'column' is undefined"),
        ("values_alike", {"column": "a", "colour": "b"}, "has no argument colour"),
    ],
)
def test_a_query_asked_wrongly_says_so(query: str, arguments: dict[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        written_out(query, arguments)


def test_the_how_to_enters_an_expectation_into_the_context(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (PROJECT_DIR / "docs/how-to/add-an-expectation.md").read_text(encoding="utf-8")
    (suite,) = re.findall(r"^```json\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    (place,) = re.findall(r"`(great_expectations/\S+copay_claims\.json)`", text)
    shutil.copytree(CONTEXT, tmp_path / "great_expectations")
    (tmp_path / place).write_text(suite, encoding="utf-8")
    write_context(tmp_path / "great_expectations")
    added = json.loads((tmp_path / place).read_text())
    assert {"id", *json.loads(suite)} <= set(added)
    checkpoint = json.loads(
        (tmp_path / "great_expectations/checkpoints/staging.json").read_text(encoding="utf-8")
    )
    named = {definition["name"] for definition in checkpoint["validation_definitions"]}
    assert json.loads(suite)["name"] in named
    (query,) = re.findall(r"^```sql\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    (place,) = re.findall(r"`great_expectations/queries/(\S+)\.sql`", text)
    loaders = [FileSystemLoader(QUERIES), DictLoader({f"{place}.sql": query})]
    monkeypatch.setattr(TEMPLATES, "loader", ChoiceLoader(loaders))
    assert [expectation.severity for expectation in expectations(added)] == ["warn", "error"]


def test_without_a_published_version_nothing_is_compared(tmp_path: Path) -> None:
    _prepare(tmp_path / "first", compares=False)
    _prepare(tmp_path / "next", compares=True)
    first, following = (
        [one for suite in read_suites(tmp_path / run).values() for one in expectations(suite)]
        for run in ("first", "next")
    )
    assert not any(expectation.compares for expectation in first)
    assert {one.name for one in following} - {one.name for one in first} == {
        one.name for one in following if one.compares
    }
    assert len(first) < len(following)


def test_a_published_version_of_another_form_can_be_compared_with(tmp_path: Path) -> None:
    now, then = tmp_path / "cxe.duckdb", tmp_path / "published.duckdb"
    with duckdb.connect(str(now)) as connection:
        connection.execute("create schema marts; create schema ops")
        connection.execute("create table marts.fct_fills (fill_id varchar, net_value integer)")
        connection.execute("create table marts.fct_new (id integer)")
    with duckdb.connect(str(then)) as connection:
        connection.execute("create schema marts; create schema ops")
        connection.execute("create table marts.fct_fills as select '1' as fill_id")
        connection.execute("create table ops.row_accounts as select 'crm' as system")
    engine = create_engine(f"duckdb:///{now}", connect_args={"read_only": True})
    with engine.connect() as reading:
        attach_previous(reading, then)

        def rows(table: str) -> list[Any]:
            return list(reading.exec_driver_sql(f"select * from previous.{table}").fetchall())

        assert rows("marts.fct_fills") == [("1", None)]
        assert rows("marts.fct_new") == []
        assert rows("ops.row_accounts") == [("crm",)]
    engine.dispose()
