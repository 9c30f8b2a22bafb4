"""Customer value as published equals what plain Python computes."""

from __future__ import annotations

from pathlib import Path

import pytest

from golden.value_marts import assert_same_value, assert_same_value_bridge


def test_sample_world_value_equals_the_second_computation(
    sample_extracts: Path, sample_home: Path
) -> None:
    assert_same_value(sample_home, sample_extracts)


def test_value_of_customers_without_cases_equals_the_second_computation(
    shared_data: Path, synthea_home: Path
) -> None:
    assert_same_value(synthea_home, shared_data / "synthea")


def test_sample_world_value_bridge_equals_the_second_computation(
    sample_extracts: Path, sample_home: Path
) -> None:
    assert_same_value_bridge(sample_home, sample_extracts)


@pytest.mark.thorough
def test_cdnow_value_bridge_equals_the_second_computation(
    shared_data: Path, cdnow_home: Path
) -> None:
    assert_same_value_bridge(cdnow_home, shared_data / "cdnow")
