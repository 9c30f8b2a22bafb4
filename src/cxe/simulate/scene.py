"""One month of the world, as every module of the month loop sees it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cxe.simulate.behaviour import Ledger, Processes
from cxe.simulate.clock import DAY, Array
from cxe.simulate.world import World, pick

_LAUNCH_PUSH_DAYS = 180


@dataclass(frozen=True)
class Scene:
    """A month: its bounds, the population, how well things work, what customers feel.

    Attributes:
        start, end: first second of the month and of the next.
        trust: per HCP, as the month begins.
        present: which HCPs the CRM knows.
    """

    world: World
    processes: Processes
    ledger: Ledger
    month: int
    start: int
    end: int
    trust: Array
    present: Array

    def draw(self, rng: np.random.Generator, rate: Array) -> Array:
        """HCPs, once per event, for Poisson rates per HCP; sorted."""
        return np.repeat(np.arange(self.world.hcps), rng.poisson(rate * self.present))

    def launched(self, rng: np.random.Generator, hcp: Array, at: Array) -> Array:
        """A brand on the market for each event; a new one gets more than its share at first."""
        shares = self.world.brand_shares[hcp].copy()
        age = at[:, None] - self.world.launch_at
        is_new = age < _LAUNCH_PUSH_DAYS * DAY
        shares *= np.where(age < 0, 0.0, np.where(is_new, 3.0, 1.0))
        return pick(rng, shares / shares.sum(axis=1, keepdims=True))

    def slowness(self, function: int, hcp: Array, at: Array) -> Array:
        """Log slowness of a function for customers at instants."""
        return self.processes.slowness(function, self.world, hcp, at)
