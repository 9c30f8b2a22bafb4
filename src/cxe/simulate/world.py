"""Who lives in the world: customers, organisations, staff, payers, and what is fixed about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cxe.simulate.clock import DAY, NEVER, Array, Calendar
from cxe.simulate.names import BRANDS, PHARMACIES, SPECIALTIES, STATES

if TYPE_CHECKING:
    from collections.abc import Sequence

HCPS_PER_TERRITORY = 60
TERRITORIES_PER_REGION = 3
HCPS_PER_ORGANISATION = 6
WRITERS_AT_START = 0.75
MERGED_SHARE = 0.02

# Payers: type, log slowness of decisions, log odds of an approval, share of prescriptions.
_PAYERS = (
    (0, 0.00, 0.9, 0.20),
    (0, -0.20, 1.4, 0.13),
    (0, 0.35, 0.2, 0.12),
    (0, 0.10, 0.7, 0.09),
    (1, 0.05, 0.8, 0.16),
    (1, 0.30, 0.4, 0.10),
    (2, 0.45, 0.0, 0.09),
    (2, 0.15, 0.5, 0.06),
    (3, 0.00, 2.0, 0.05),
)
PAYER_TYPE = np.array([payer[0] for payer in _PAYERS])
PAYER_SLOWNESS = np.array([payer[1] for payer in _PAYERS])
PAYER_LENIENCE = np.array([payer[2] for payer in _PAYERS])
PAYER_SHARE = np.array([payer[3] for payer in _PAYERS])
PAYER_IDS = tuple(f"PYR{number:03d}" for number in range(1, len(_PAYERS) + 1))


@dataclass(frozen=True)
class World:
    """Everything that does not change by what happens; arrays are one per HCP unless said.

    Accounts are numbered: HCPs from 0, then the duplicates of merged HCPs, then organisations.
    """

    calendar: Calendar
    hcps: int
    organisations: int
    territories: int
    npi: Array
    first_name: Array
    last_name: Array
    territory: Array
    later_territory: Array
    realigned_at: Array
    organisation: Array
    later_organisation: Array
    moved_at: Array
    state: Array
    zip3: Array
    specialty: Array
    credential: Array
    segment: Array
    later_segment: Array
    resegmented_at: Array
    potential: Array
    writes_from: Array
    brand_shares: Array
    digital: Array
    answers: Array
    enters_at: Array
    is_kol: Array
    do_not_call: Array
    pdrp_at: Array
    duplicate: Array
    merged_at: Array
    older_duplicate: Array
    older_merged_at: Array
    launch_at: Array
    payer_shares: Array

    @property
    def duplicates(self) -> int:
        """How many accounts were merged into another."""
        return int(
            np.count_nonzero(self.duplicate >= 0) + np.count_nonzero(self.older_duplicate >= 0)
        )

    def organisation_account(self, organisation: Array) -> Array:
        """Account numbers of organisations."""
        return self.hcps + self.duplicates + organisation

    def territory_at(self, hcp: Array, at: Array | int) -> Array:
        """The territory of each HCP at an instant."""
        return np.where(
            at >= self.realigned_at[hcp], self.later_territory[hcp], self.territory[hcp]
        )

    def account(self, rng: np.random.Generator, hcp: Array, at: Array) -> Array:
        """The account an event is booked on: often the duplicate until the merge, seldom after."""
        luck = rng.random(len(hcp))
        account = hcp.astype(np.int64)
        old, older = self.duplicate[hcp], self.older_duplicate[hcp]
        use_old = (old >= 0) & (luck < np.where(at < self.merged_at[hcp], 0.5, 0.06))
        account = np.where(use_old, old, account)
        use_older = (older >= 0) & (luck < np.where(at < self.older_merged_at[hcp], 0.25, 0.03))
        return np.where(use_older, older, account)

    def present(self, at: int) -> Array:
        """Which HCPs the CRM knows at an instant."""
        return self.enters_at <= at


def luhn_check_digit(payload: Array) -> Array:
    """Check digit of nine-digit NPI payloads, over "80840" + NPI as the standard says."""
    total = np.full(len(payload), 24, dtype=np.int64)  # what the prefix 80840 contributes
    rest = payload.astype(np.int64)
    for place in range(9):
        digit = rest % 10
        rest = rest // 10
        doubled = digit * 2 if place % 2 == 0 else digit
        total += doubled // 10 + doubled % 10
    return -total % 10


def make_world(rng: np.random.Generator, hcps: int, calendar: Calendar) -> World:
    """Draw the population.

    Args:
        rng: this module's own stream.
        hcps: how many customers.
        calendar: months of the world.
    """
    start, end = int(calendar.starts[0]), calendar.end
    territories = max(4, hcps // HCPS_PER_TERRITORY)
    organisations = max(4, hcps // HCPS_PER_ORGANISATION)
    organisation_territory = rng.integers(0, territories, organisations)
    organisation = rng.integers(0, organisations, hcps)
    territory = organisation_territory[organisation]
    segment = rng.choice(4, hcps, p=(0.15, 0.25, 0.35, 0.25))
    payload = 100_000_000 + rng.choice(100_000_000, hcps, replace=False)
    realigned = rng.random(hcps) < 0.05  # noqa: PLR2004
    resegmented = rng.random(hcps) < 0.15  # noqa: PLR2004
    moved = rng.random(hcps) < 0.03  # noqa: PLR2004
    late = rng.random(hcps) < 0.04  # noqa: PLR2004
    writes_now = rng.random(hcps) < WRITERS_AT_START
    launch_at = np.array([start - 1500 * DAY, start - 700 * DAY, start + (end - start) * 2 // 5])
    return World(
        calendar=calendar,
        hcps=hcps,
        organisations=organisations,
        territories=territories,
        npi=(payload * 10 + luhn_check_digit(payload)).astype(np.int64),
        first_name=rng.integers(0, 40, hcps),
        last_name=rng.integers(0, 50, hcps),
        territory=territory,
        later_territory=(territory + 1) % territories,
        realigned_at=_some_time(rng, realigned, start, end),
        organisation=organisation,
        later_organisation=rng.integers(0, organisations, hcps),
        moved_at=_some_time(rng, moved, start, end),
        state=territory % len(STATES),
        zip3=(territory * 37 + rng.integers(0, 12, hcps)) % 899 + 100,
        specialty=rng.choice(len(SPECIALTIES), hcps, p=(0.3, 0.25, 0.2, 0.15, 0.1)),
        credential=rng.choice(6, hcps, p=(0.68, 0.1, 0.12, 0.07, 0.02, 0.01)),
        segment=segment,
        later_segment=np.clip(segment + rng.choice((-1, 1), hcps), 0, 3),
        resegmented_at=_some_time(rng, resegmented, start, end),
        potential=_heavy_tailed(rng, segment),
        writes_from=np.where(writes_now & ~late, 0, calendar.months),
        brand_shares=_brand_shares(rng, hcps),
        digital=rng.beta(2, 2, hcps),
        answers=rng.beta(2, 2, hcps),
        enters_at=np.where(late, rng.integers(start, end, hcps), start - DAY),
        is_kol=rng.random(hcps) < 0.03,  # noqa: PLR2004
        do_not_call=rng.random(hcps) < 0.01,  # noqa: PLR2004
        pdrp_at=_some_time(rng, rng.random(hcps) < 0.04, start - 700 * DAY, end),  # noqa: PLR2004
        **_merges(rng, hcps, late, start, end),
        launch_at=launch_at,
        payer_shares=rng.dirichlet(PAYER_SHARE * 14, territories),
    )


def _some_time(rng: np.random.Generator, happens: Array, start: int, end: int) -> Array:
    return np.where(happens, rng.integers(start, end, len(happens)), NEVER)


def _heavy_tailed(rng: np.random.Generator, segment: Array) -> Array:
    level = np.array([0.85, 0.45, 0.26, 0.16])[segment]
    return np.minimum(level * rng.lognormal(-0.3, 0.75, len(segment)), 8.0)


def _brand_shares(rng: np.random.Generator, hcps: int) -> Array:
    return rng.dirichlet(np.array([2.4, 1.6, 1.0]), hcps) if len(BRANDS) > 1 else np.ones((hcps, 1))


def _merges(
    rng: np.random.Generator, hcps: int, late: Array, start: int, end: int
) -> dict[str, Array]:
    """Duplicates of some HCPs; every tenth merged HCP, at least one, has a chain of two."""
    merged = rng.permutation(np.flatnonzero(~late))[: max(2, int(hcps * MERGED_SHARE))]
    chained = merged[: max(1, len(merged) // 10)]
    duplicate, older = np.full(hcps, -1), np.full(hcps, -1)
    duplicate[merged] = hcps + np.arange(len(merged))
    older[chained] = hcps + len(merged) + np.arange(len(chained))
    middle = (start + end) // 2
    merged_at, older_merged_at = np.full(hcps, NEVER), np.full(hcps, NEVER)
    merged_at[merged] = rng.integers(start + 30 * DAY, end - DAY, len(merged))
    merged_at[chained] = rng.integers(middle, end - DAY, len(chained))
    older_merged_at[chained] = rng.integers(start + 30 * DAY, middle, len(chained))
    return {
        "duplicate": duplicate,
        "merged_at": merged_at,
        "older_duplicate": older,
        "older_merged_at": older_merged_at,
    }


def pick(rng: np.random.Generator, shares: Array) -> Array:
    """One column index per row of `shares` (rows sum to 1), drawn with those chances."""
    limits = np.cumsum(shares, axis=1)[:, :-1]
    picked: Array = (rng.random((len(shares), 1)) > limits).sum(axis=1)
    return picked


def chance(rng: np.random.Generator, size: int, probability: Array | float) -> Array:
    """Booleans that are true with the given chances."""
    return rng.random(size) < probability


def choose(rng: np.random.Generator, size: int, shares: Sequence[float]) -> Array:
    """Indices drawn with the given chances."""
    return np.searchsorted(np.cumsum(shares)[:-1], rng.random(size), side="right").astype(np.int8)


def pharmacy_of(case: Array) -> Array:
    """The specialty pharmacy that serves a case."""
    return case % len(PHARMACIES)
