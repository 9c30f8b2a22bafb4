"""What moves trust, and what trust moves.

Trust is a logit with inertia: it drifts back to each customer's own level and is pushed by promises
kept and, harder, by promises broken. How fast owners deliver differs by territory and customer,
drifts over the months, and suffers shocks in one territory or one function.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cxe.simulate.clock import NEVER, Array, Calendar
from cxe.simulate.world import World

FUNCTIONS = (
    "hub", "pharmacy", "nurse", "support", "medical", "marketing", "access", "sales", "office",
)  # fmt: skip
HUB, PHARMACY, NURSE, SUPPORT, MEDICAL, MARKETING, ACCESS, SALES, OFFICE = range(len(FUNCTIONS))

_INERTIA = 0.95
_OWN_LEVEL_SPREAD = 0.45
_MONTHLY_NOISE = 0.13
_KEPT, _BROKEN = 0.11, -0.27
_LARGEST_PUSH = 0.9
_STOP_BASE, _STOP_SLOPE = -4.35, 6.0
AVERAGE_TRUST = 0.55


@dataclass(frozen=True)
class Processes:
    """Log slowness of each function, by territory, month and customer."""

    team: Array
    drift: Array
    shock: Array
    customer: Array

    def slowness(self, function: int, world: World, hcp: Array, at: Array) -> Array:
        """Log slowness of a function for customers at instants."""
        month = np.clip(
            np.searchsorted(world.calendar.starts, at, side="right") - 1, 0, self.drift.shape[1] - 1
        )
        territory = world.territory_at(hcp, at)
        slowness: Array = (
            self.team[function, territory]
            + self.drift[function, month]
            + self.shock[function, territory, month]
            + self.customer[function, hcp]
        )
        return slowness


def make_processes(rng: np.random.Generator, world: World) -> Processes:
    """Draw how well each function works, where and when."""
    months, functions = world.calendar.months, len(FUNCTIONS)
    site = rng.normal(0, 0.35, (functions, world.organisations))
    site_in_common = rng.normal(0, 0.3, world.organisations)
    shock = np.zeros((functions, world.territories, months))
    onset = rng.integers(months // 3, max(months // 3 + 1, 2 * months // 3), 3)
    shock[HUB, rng.integers(world.territories), onset[0] : onset[0] + 4] = 1.1
    shock[PHARMACY, rng.integers(world.territories), onset[1] : onset[1] + 5] = 1.0
    shock[SUPPORT, :, onset[2] : onset[2] + 3] = 0.6
    return Processes(
        team=rng.normal(0, 0.25, (functions, world.territories)),
        drift=np.cumsum(rng.normal(0, 0.06, (functions, months)), axis=1),
        shock=shock,
        customer=(
            (site + site_in_common)[:, world.organisation]
            + rng.normal(0, 0.3, (functions, world.hcps))
        ).astype(np.float32),
    )


class Ledger:
    """Promises settled to each customer in each month: what will push trust."""

    def __init__(self, world: World) -> None:
        """Start with nothing settled."""
        self._calendar: Calendar = world.calendar
        shape = (world.calendar.months, world.hcps)
        self._push = np.zeros(shape, dtype=np.float32)
        self._kept = np.zeros(shape, dtype=np.float32)
        self._weight = np.zeros(shape, dtype=np.float32)

    def settle(
        self, hcp: Array, start: Array, delivered: Array, due: Array, weight: float = 1.0
    ) -> Array:
        """Record promises: kept when delivered by the due instant, else broken at it.

        Returns:
            Which of them were kept.
        """
        kept = delivered <= due
        month = self._calendar.month_of(np.where(kept, delivered, due))
        counts = (month >= 0) & (start < NEVER)
        cell = month[counts] * self._push.shape[1] + hcp[counts]
        for grid, values in (
            (self._push, np.where(kept, _KEPT, _BROKEN) * weight),
            (self._kept, kept * weight),
            (self._weight, np.full(len(kept), weight)),
        ):
            np.add.at(grid.reshape(-1), cell, values[counts])
        return kept

    def feel(self, month: int, hcp: Array, push: Array | float) -> None:
        """Move trust of some customers by something that is no promise."""
        self._push[month] += np.bincount(
            hcp, np.broadcast_to(push, len(hcp)), self._push.shape[1]
        ).astype(np.float32)

    def push(self, month: int) -> Array:
        """What the month does to each customer's trust; much at once is felt less."""
        felt: Array = _LARGEST_PUSH * np.tanh(self._push[month] / _LARGEST_PUSH)
        return felt

    def recent(self, month: int) -> Array:
        """Share of the month's promises kept, by customer; the usual share where there are none."""
        share: Array = (self._kept[month] + 0.7) / (self._weight[month] + 1)
        return share


@dataclass
class Minds:
    """The hidden state of every customer; `log_odds` of trust changes month by month."""

    own_level: Array
    log_odds: Array

    @property
    def trust(self) -> Array:
        """Trust in [0, 1]."""
        return 1 / (1 + np.exp(-self.log_odds))


def make_minds(rng: np.random.Generator, processes: Processes) -> Minds:
    """Draw where each customer starts: partly from how well it has been served before."""
    served = -processes.customer[[HUB, PHARMACY, NURSE, SUPPORT]].mean(axis=0)
    own_level = 0.25 + _OWN_LEVEL_SPREAD * rng.standard_normal(len(served))
    return Minds(own_level, own_level + 1.2 * served + 0.3 * rng.standard_normal(len(served)))


def move_trust(rng: np.random.Generator, minds: Minds, push: Array) -> None:
    """One month on."""
    noise = _MONTHLY_NOISE * rng.standard_normal(len(push))
    distance = minds.log_odds - minds.own_level
    minds.log_odds = minds.own_level + _INERTIA * distance + push + noise


def stopping_hazard(trust: Array, experience_effect: float) -> Array:
    """Chance that a prescriber of this trust starts no further patient after this month."""
    log_odds = _STOP_BASE - experience_effect * _STOP_SLOPE * (trust - AVERAGE_TRUST)
    return 1 / (1 + np.exp(-log_odds))


def start_appetite(trust: Array, experience_effect: float) -> Array:
    """Factor on how often a prescriber of this trust starts a patient."""
    return np.exp(1.6 * experience_effect * (trust - AVERAGE_TRUST))
