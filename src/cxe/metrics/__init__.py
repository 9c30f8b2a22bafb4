"""Metrics by name: one definition per number, over the published version.

from cxe import metrics

with metrics.connect() as published:
published.query("gross_cvar", "relationship_health", by=["month", "territory"])
"""

from __future__ import annotations

import os
from pathlib import Path

from cxe.home import Home
from cxe.metrics.catalog import Metric
from cxe.metrics.layer import Metrics

__all__ = ["Metric", "Metrics", "connect"]


def connect(home: str | os.PathLike[str] | None = None) -> Metrics:
    """Open the metrics of the version that is published in a home.

    Args:
        home: its folder; None takes CXE_HOME, else `.cxe`.

    Raises:
        InputError: nothing is published there.
    """
    return Metrics(Home(Path(home or os.environ.get("CXE_HOME") or ".cxe").resolve()))
