"""A believable sample world as extracts, deterministic for a seed, with the truth beside it."""

from cxe.simulate.faults import FAULTS
from cxe.simulate.run import SimulationSummary, simulate

__all__ = ["FAULTS", "SimulationSummary", "simulate"]
