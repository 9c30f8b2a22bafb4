"""Small worlds of collisions: tiny pools of ids and times, so that every rule has to decide.

A believable world rarely has two claims of one instant or an NPI on four accounts; here it is the
normal case. What no rule decides is kept apart: two versions of one record differ in their stamp.
"""

from __future__ import annotations

import csv
import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Row = list[object]

DELIVERIES = ("2025-06-01", "2025-09-01", "2026-01-01")
# Some events lie before the first fill's price, and some after the world's last day.
FIRST_DAY = date(2024, 1, 1)
DAYS = 740
SECONDS_OF_STAMPS = 30_000_000
TIMESTAMP_FORMATS = (
    "%Y-%m-%dT%H:%M:%SZ",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%dT%H:%M:%S-05:00",
    "%Y-%m-%dT%H:%M:%S+02:00",
)
# Three instants, one of them written in two ways, and one after the world's last day.
INSTANTS = (
    "2025-03-01T00:00:00Z",
    "2025-03-01 00:00:00",
    "2025-06-01T01:00:00+01:00",
    "2024-05-01T02:00:00+02:00",
    "2026-01-05T00:00:00Z",
)
PEOPLE = tuple(f"A{number:02d}" for number in range(40))
ORGANIZATIONS = tuple(f"O{number}" for number in range(6))
UNKNOWN_ACCOUNTS = ("A98", "A99")
ACCOUNTS = PEOPLE + ORGANIZATIONS + UNKNOWN_ACCOUNTS
NPIS = tuple(f"15500000{number:02d}" for number in range(30))
PRESCRIBERS = (*NPIS, "1559999901", "1559999902")
USERS = tuple(f"U{number}" for number in range(6))
PRODUCTS = tuple(f"P{number}" for number in range(5))
KNOWN_OR_NOT = (*PRODUCTS, "P9")
NDCS = ("00000000001", "00000000002", "00000000003", "00000000004")
NDCS_OR_NONE = (*NDCS, "00000000009")
CALLS = tuple(f"C{number:03d}" for number in range(250))
CALLS_PER_GROUP = 5
HUB_CASES = tuple(f"HC{number}" for number in range(40))
PAYERS = ("COMMERCIAL", "MEDICARE_D", "MEDICAID", "CASH")


@dataclass
class _Dice:
    """One seed's throws; `stamps` never repeats one."""

    random: random.Random
    stamps: Iterator[int] = field(init=False)

    def __post_init__(self) -> None:
        self.stamps = iter(self.random.sample(range(SECONDS_OF_STAMPS), 20_000))

    def one_of[T](self, values: tuple[T, ...]) -> T:
        return self.random.choice(values)
