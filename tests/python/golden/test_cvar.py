"""CVAR, its fits and CLV as published equal what plain Python computes from the files."""

from __future__ import annotations

from pathlib import Path

import pytest
from worlds import published

from golden.cvar_marts import assert_identities, assert_same_cvar, assert_same_fits, stored_fits

# A home, and the extracts it was made from.
World = tuple[Path, Path]


@pytest.fixture(
    scope="module",
    params=["experience", "sample", "synthea", pytest.param("cdnow", marks=pytest.mark.thorough)],
)
def world(request: pytest.FixtureRequest) -> World:
    home: Path = request.getfixturevalue(f"{request.param}_home")
    if request.param in {"synthea", "cdnow"}:
        shared_data: Path = request.getfixturevalue("shared_data")
        return home, shared_data / request.param
    extracts: Path = request.getfixturevalue(f"{request.param}_extracts")
    return home, extracts


def test_risk_and_lifetime_value_equal_the_second_computation(world: World) -> None:
    assert_same_cvar(*world)


def test_fits_equal_those_of_another_optimiser(world: World) -> None:
    assert_same_fits(*world)


def test_parts_add_up_to_the_cent(world: World) -> None:
    home, _ = world
    assert_identities(home)


def test_compared_home_holds_every_kind_of_month_and_fit(experience_home: Path) -> None:
    with published(experience_home) as connection:
        statuses = connection.execute(
            "select distinct calibration_status from marts.fct_cvar"
        ).fetchall()
        some = connection.execute(
            "select count(*) filter (where experience_cvar > 0),"
            " count(*) filter (where value_protected > 0),"
            " count(*) filter (where recoverable_cvar between 0.01 and experience_cvar - 0.01),"
            " count(*) filter (where gross_cvar_low = 0 and gross_cvar > 0),"
            " count(*) filter (where gross_cvar = 0)"
            " from marts.fct_cvar where calibration_status = 'calibrated'"
        ).fetchone()
        lifetimes = connection.execute(
            "select count(*) filter (where residual > 0), count(*) filter (where clv is null)"
            " from marts.fct_clv"
        ).fetchone()
    assert {status for (status,) in statuses} == {
        "uncalibrated",
        "no_experience_effect",
        "calibrated",
    }
    for counts in (some, lifetimes):
        assert counts is not None
        assert all(counts), counts
    fitted_quarters = {
        (quarter, fit["fitted_quarter"])
        for (_, quarter), fit in stored_fits(experience_home).items()
    }
    # Chained from each of the quarters that can be the longest, and with none to chain.
    assert {(2, 1), (3, 2), (4, 3), (4, 4)} <= fitted_quarters
