"""The guard looks at what the numbers stand on, not at the marts that sum them up."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import command
from worlds import Cxe


@pytest.fixture(scope="session")
def cxe(parsed: Path) -> Cxe:
    """The command line without the marts of the flywheel, which no expectation reads."""
    return command(parsed, "report", "flywheel")
