"""Touches that come on the heels of another function's, to the same customer and product."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from golden.interactions import Interaction

ON_THE_HEELS = timedelta(hours=48)


def interaction_id(touch: Interaction) -> str:
    return f"{touch.type}:{touch.record_id}"


def duplicate_touches_in(interactions: Iterable[Interaction]) -> list[Interaction]:
    """Outbound touches begun within 48 hours of an earlier one of another function."""
    of_pair: dict[tuple[str, str], list[Interaction]] = defaultdict(list)
    for touch in interactions:
        if (
            touch.direction == "outbound"
            and touch.customer_id is not None
            and touch.product_id is not None
            and touch.function is not None
        ):
            of_pair[touch.customer_id, touch.product_id].append(touch)
    return [touch for touches in of_pair.values() for touch in _duplicates_among(touches)]


def _duplicates_among(touches: list[Interaction]) -> Iterator[Interaction]:
    touches.sort(key=lambda touch: (touch.occurred_at, interaction_id(touch)))
    for number, touch in enumerate(touches):
        if any(
            earlier.function != touch.function
            and touch.occurred_at - earlier.occurred_at <= ON_THE_HEELS
            for earlier in touches[:number]
        ):
            yield touch
