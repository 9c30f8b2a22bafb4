"""Spare dbt work that changes nothing it builds, checks, prints or logs."""

from __future__ import annotations

import gc
from functools import wraps
from typing import Any

from dbt_common.clients.jinja import MacroFuzzTemplate, NativeSandboxTemplate
from dbt_common.events.base_types import EventLevel
from dbt_common.events.event_manager import EventManager


def spare_dbt_needless_work() -> None:
    """Change dbt for the rest of this process; doing so again changes nothing."""
    if "new_context" in vars(NativeSandboxTemplate):
        return
    # For every argument of a generic test dbt copies all of its macros: a tenth of a small run.
    # The templates it renders SQL with look macros up when they are called; let these do so too.
    NativeSandboxTemplate.new_context = (  # type: ignore[method-assign]
        MacroFuzzTemplate.new_context  # type: ignore[assignment]
    )
    # dbt keeps millions of objects; looking through them for garbage all the time finds little.
    gc.set_threshold(100_000, 20, 20)
    fire = EventManager.fire_event

    # Nobody listens to the ten thousand debug events of a small run, yet dbt makes a message and a
    # line of text of each: another tenth.
    @wraps(fire)
    def fire_event(
        self: EventManager, e: Any, level: EventLevel | None = None, *rest: Any, **named: Any
    ) -> None:
        if (level or e.level_tag()) != EventLevel.DEBUG:
            fire(self, e, level, *rest, **named)

    EventManager.fire_event = fire_event  # type: ignore[method-assign]
