"""Order of arrival, splitting and repetition change nothing but provenance."""

from __future__ import annotations

from pathlib import Path

import pytest
from worlds import Cxe, arrival_plan, mart_differences

from cxe.simulate import simulate

PLANS = 20
PLANS_IN_EVERY_RUN = 1


@pytest.fixture(scope="module")
def small_world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    world = tmp_path_factory.mktemp("small")
    simulate(world, hcps=40, months=10, seed=3)
    return world / "extracts"


@pytest.fixture(scope="module")
def small_home(
    unchecked_cxe: Cxe, small_world: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    home = tmp_path_factory.mktemp("small_home")
    unchecked_cxe("run", "--extracts", small_world, "--home", home)
    return home


@pytest.mark.parametrize(
    "plan",
    [
        pytest.param(n, marks=[] if n < PLANS_IN_EVERY_RUN else [pytest.mark.thorough])
        for n in range(PLANS)
    ],
)
def test_any_order_split_and_repetition_gives_equal_marts(
    plan: int, unchecked_cxe: Cxe, small_world: Path, small_home: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    drops = arrival_plan(small_world, tmp_path / "drops", seed=plan)
    for drop in drops[:-1]:
        # Some plans build and publish in between, as a warehouse that runs every night does.
        unchecked_cxe("run" if plan % 4 == 0 else "land", "--extracts", drop, "--home", home)
    unchecked_cxe("run", "--extracts", drops[-1], "--home", home)
    assert mart_differences(small_home, home) == {}


def test_a_world_as_known_on_a_day_is_the_world_delivered_by_that_day(
    unchecked_cxe: Cxe, small_world: Path, small_home: Path, tmp_path: Path
) -> None:
    days = sorted({path.name.split("__")[-2] for path in small_world.rglob("user__*__full.csv")})
    day = days[len(days) // 2]
    delivered = tmp_path / "delivered"
    for path in small_world.rglob("*__*.*"):
        name = path.relative_to(small_world)
        if path.name.rsplit("__20", 1)[1][:8] <= day[2:]:
            target = delivered / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(path)
    then, now = tmp_path / "then", tmp_path / "now"
    unchecked_cxe("run", "--extracts", delivered, "--home", then)
    unchecked_cxe("run", "--extracts", small_world, "--home", now, "--as-known-on", day)
    assert mart_differences(then, now) == {}
    assert mart_differences(small_home, now) != {}
