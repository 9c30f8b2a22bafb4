"""The guard does not bark at nothing: healthy deliveries, also unusual ones, are published."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from worlds import Cxe

from cxe.simulate import simulate
from guard.test_faults import split_last_delivery
from guard.variations import VARIATIONS

# HCPs, months, seed, what is unusual about the last delivery.
WORLDS = (
    (60, 10, 21, "prices_up"),
    (40, 8, 22, "plain"),
    (80, 24, 23, "plain"),
    (400, 8, 24, "plain"),
    (200, 18, 25, "plain"),
    (400, 24, 26, "plain"),
    (120, 12, 27, "plain"),
    (300, 14, 28, "plain"),
    (40, 24, 29, "prices_up"),
    (150, 16, 30, "prices_up"),
    (350, 12, 31, "prices_up"),
    (60, 12, 32, "new_product"),
    (200, 10, 33, "new_product"),
    (400, 18, 34, "new_product"),
    (80, 9, 35, "new_territory"),
    (180, 20, 36, "new_territory"),
    (300, 24, 37, "new_territory"),
    (50, 14, 38, "bank_holidays"),
    (160, 12, 39, "bank_holidays"),
    (400, 14, 40, "bank_holidays"),
)


@pytest.mark.parametrize(
    ("hcps", "months", "seed", "variation"),
    [
        pytest.param(*world, marks=pytest.mark.thorough if number else [])
        for number, world in enumerate(WORLDS)
    ],
)
def test_a_healthy_world_is_published_twice(
    hcps: int, months: int, seed: int, variation: str, cxe: Cxe, tmp_path: Path
) -> None:
    simulate(tmp_path / "world", hcps=hcps, months=months, seed=seed)
    split_last_delivery(tmp_path / "world" / "extracts", tmp_path / "links")
    # Real files, because the variation writes to them.
    for part in ("early", "last"):
        shutil.copytree(tmp_path / "links" / part, tmp_path / part)
    VARIATIONS[variation](tmp_path / "last")
    versions = []
    for part in ("early", "last"):
        cxe("run", "--extracts", tmp_path / part, "--home", tmp_path / "home")
        versions.append((tmp_path / "home" / "published" / "current").readlink().name)
    assert len(set(versions)) == 2


def test_there_are_twenty_healthy_worlds_of_every_kind() -> None:
    assert len({seed for _, _, seed, _ in WORLDS}) == 20
    assert {variation for *_, variation in WORLDS} == set(VARIATIONS)
