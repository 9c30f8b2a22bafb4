"""`sqlfluff` without work that has no effect on what it finds.

Its worker processes load this file before they begin.
"""

from __future__ import annotations

import gc

from sqlfluff.cli.commands import cli
from sqlfluff.core import FluffConfig
from sqlfluff.core.parser import BaseSegment
from sqlfluff.utils.reflow import ReflowSequence

analyse = ReflowSequence.from_root
latest: list[tuple[BaseSegment, FluffConfig, ReflowSequence]] = []


def analyse_once(root_segment: BaseSegment, config: FluffConfig) -> ReflowSequence:
    """What four rules ask for of every file, one after the other, to make their own of it."""
    if not latest or latest[0][0] is not root_segment or latest[0][1] is not config:
        latest[:] = [(root_segment, config, analyse(root_segment, config))]
    sequence = latest[0][2]
    return ReflowSequence(
        [*sequence.elements], root_segment, sequence.reflow_config, sequence.depth_map
    )


ReflowSequence.from_root = analyse_once  # type: ignore[method-assign]
# Syntax trees are large and live long: looking through them for garbage finds little.
gc.set_threshold(1_000_000, 20, 20)

if __name__ == "__main__":
    cli()
