"""Scores as readers rely on them: better experience never hurts, and the model card agrees."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from worlds import published

SCORES = ("trust", "ease", "sentiment", "reciprocity")
BETTER = {
    **{name: f"{name} = {name} + random() * (100 - {name})" for name in SCORES},
    "overdue promises": "overdue_promises = greatest(0, overdue_promises - 1)",
    "variability": "q_stddev = q_stddev * random()",
}
SCORED_FROM = ("int_cvar_covariates", "int_cvar_quarters_scored", "int_cvar_scored")


def compiled(home: Path, model: str) -> str:
    folder = home / "target" / "compiled" / "cxe" / "models"
    return next(folder.rglob(f"{model}.sql")).read_text(encoding="utf-8")


def rescored(home: Path, change: str) -> duckdb.DuckDBPyConnection:
    """The scores of a home's own SQL, after a change to every row of relationship health."""
    warehouse = duckdb.connect()
    warehouse.execute(f"attach '{home / 'warehouse' / 'cxe.duckdb'}' as cxe (read_only)")
    warehouse.execute("select setseed(0.5)")
    warehouse.execute(
        "create table int_relationships_scored as from cxe.intermediate.int_relationships_scored"
    )
    warehouse.execute(f"update int_relationships_scored set {change}")
    replaced = ["int_relationships_scored"]
    for model in SCORED_FROM:
        query = compiled(home, model)
        for name in replaced:
            query = query.replace(f'"cxe"."intermediate"."{name}"', name)
        warehouse.execute(f"create table {model} as {query}")
        replaced.append(model)
    return warehouse


@pytest.mark.parametrize("change", BETTER)
def test_better_experience_never_raises_gross_cvar(experience_home: Path, change: str) -> None:
    with rescored(experience_home, BETTER[change]) as warehouse:
        lower, higher = warehouse.execute(
            "select count(*) filter (better.gross_cvar < standing.gross_cvar),"
            " count(*) filter (better.gross_cvar > standing.gross_cvar)"
            " from int_cvar_scored as better"
            " inner join cxe.intermediate.int_cvar_scored as standing using (customer_id, month)"
        ).fetchall()[0]
    assert higher == 0
    # A driver whose coefficient is at its bound moves nothing; trust has one in every fit.
    assert lower > 0 or change != "trust"


def test_experience_at_its_promise_level_neither_risks_nor_protects(experience_home: Path) -> None:
    references = (
        "trust = 85, ease = 75, sentiment = 75, reciprocity = 40, q_stddev = 0.3,"
        " overdue_promises = 0"
    )
    with rescored(experience_home, references) as warehouse:
        found = warehouse.execute(
            "select max(abs(experience_gap)), max(experience_cvar_high), count(*)"
            " from int_cvar_scored where keeps_experience"
        ).fetchall()[0]
    assert found[:2] == (0, 0)
    assert found[2] > 500


def card_of(home: Path) -> tuple[dict[str, Any], str]:
    """A home's published model card, as data and as text."""
    folder = home / "published" / "current" / "reports"
    return json.loads((folder / "model_card.json").read_text()), (
        folder / "model_card.md"
    ).read_text()


def test_the_card_repeats_the_marts(experience_home: Path) -> None:
    card, text = card_of(experience_home)
    with published(experience_home) as connection:
        row = connection.execute(
            "select sum(gross_cvar), sum(experience_cvar), sum(value_protected) from marts.fct_cvar"
            " where month = (select max(month) from marts.fct_cvar)"
        ).fetchone()
    assert row is not None
    totals, as_set = card["totals"], card["sensitivity"][0]
    names = ("gross_cvar", "experience_cvar", "value_protected")
    assert [totals[name] for name in names] == [float(value) for value in row]
    # Computed apart from the marts, to ask what if: under the same assumptions it is the same.
    assert as_set["experience_cvar"] == pytest.approx(totals["experience_cvar"], abs=5)
    assert as_set["value_protected"] == pytest.approx(totals["value_protected"], abs=5)
    assert f"{row[0]:,.0f}" in text
