"""The model card says what the marts say, and what is missing where there is no model."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from worlds import Cxe, mart_differences, published

from cxe.simulate import simulate


def card_of(home: Path) -> tuple[dict[str, Any], str]:
    """A home's published model card, as data and as text."""
    folder = home / "published" / "current" / "reports"
    return json.loads((folder / "model_card.json").read_text()), (
        folder / "model_card.md"
    ).read_text()


def test_the_card_repeats_the_marts(calibrated_home: Path) -> None:
    card, text = card_of(calibrated_home)
    with published(calibrated_home) as connection:
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


def test_the_card_of_a_short_history_says_what_is_missing(cxe: Cxe, tmp_path: Path) -> None:
    simulate(tmp_path / "world", hcps=20, months=6, seed=1)
    cxe("run", "--extracts", tmp_path / "world" / "extracts", "--home", tmp_path / "home")
    card, text = card_of(tmp_path / "home")
    assert card["status"] == "uncalibrated"
    assert "wants 9 months of history, of which there are 6, and 200 active" in text
    with published(tmp_path / "home") as connection:
        assert connection.execute(
            "select distinct calibration_status, gross_cvar from marts.fct_cvar"
        ).fetchall() == [("uncalibrated", None)]


def test_calibrating_anew_finds_the_same(cxe: Cxe, sample_home: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(sample_home, home, symlinks=True)
    done = cxe("calibrate", "--home", home)
    assert "model_card.md" in done.stdout
    cxe("publish", "--home", home)
    assert mart_differences(sample_home, home) == {}
    assert card_of(sample_home) == card_of(home)
    assert fits_of(sample_home) == fits_of(home)


def fits_of(home: Path) -> list[tuple[object, ...]]:
    with published(home) as connection:
        found = connection.execute("from ops.cvar_coefficients order by all").fetchall()
    assert found
    return found
