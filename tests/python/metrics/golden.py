"""What a golden value of a metric is made of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Golden:
    """SQL on the published marts that a metric is compared with.

    Attributes:
        total: one value; rows of month and value for a metric that has to be asked by month.
        by: group-by items of the cut.
        cut: rows of the group columns, then the value.
    """

    total: str
    by: tuple[str, ...]
    cut: str
