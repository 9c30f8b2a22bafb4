"""The faults real extracts contain, planted on request, each with what and where."""

from __future__ import annotations

from difflib import get_close_matches
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from cxe.errors import InputError
from cxe.simulate import fault_rows, fault_shapes
from cxe.simulate.fault_files import Plot

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import numpy as np

    from cxe.simulate.write import Delivery

# In the order of planting: records first, then what spoils whole files.
_PLANTS: tuple[Callable[[Plot], int], ...] = (
    fault_rows.missing_npi,
    fault_rows.failing_npi,
    fault_rows.soft_deletes,
    fault_rows.same_record_in_full_and_delta,
    fault_rows.appeal_without_parent,
    fault_rows.fill_before_enrolment,
    fault_rows.reversal_without_claim,
    fault_rows.unknown_prescriber,
    fault_rows.reopened_case,
    fault_rows.survey_without_account,
    fault_rows.consent_flip_one_day,
    fault_rows.unseen_code,
    fault_rows.decimal_comma,
    fault_rows.future_dates,
    fault_shapes.resent_name_other_bytes,
    fault_shapes.time_zone_mix,
    fault_shapes.changed_header_order,
    fault_shapes.trailing_total_line,
    fault_shapes.crlf_and_bom,
    fault_shapes.empty_file,
    fault_shapes.header_only_file,
    fault_shapes.truncated_gzip,
)
_NATURAL = {
    "group_call_child_rows": "Attendee rows below the parent row of a group call; always there.",
    "merged_account_history": "Rows on an account that was merged into another; always there.",
}
FAULTS: Mapping[str, str] = MappingProxyType(
    _NATURAL | {plant.__name__: (plant.__doc__ or "").strip() for plant in _PLANTS}
)


def requested(names: Sequence[str]) -> frozenset[str]:
    """Check fault names; `all` stands for every one.

    Raises:
        InputError: a name is unknown.
    """
    unknown = sorted(set(names) - set(FAULTS) - {"all"})
    if unknown:
        near = get_close_matches(unknown[0], FAULTS, n=3, cutoff=0.3) or sorted(FAULTS)
        raise InputError(f"Unknown fault {unknown[0]!r}. Nearest: {', '.join(near)}; or all.")
    return frozenset(FAULTS) if "all" in names else frozenset(names)


def plant(
    rng: np.random.Generator,
    out: Path,
    deliveries: dict[str, list[Delivery]],
    names: frozenset[str],
    natural: Mapping[str, int],
) -> dict[str, dict[str, Any]]:
    """Plant the named faults.

    Args:
        rng: this module's own stream.
        out: the folder that holds `extracts`.
        deliveries: the healthy files, by extract.
        names: from `requested`.
        natural: how often the natural ones occur.

    Returns:
        By fault: description, count, and places (file, or file and line).
    """
    found: dict[str, dict[str, Any]] = {
        name: {"description": FAULTS[name], "count": natural[name], "places": []}
        for name in sorted(names & set(_NATURAL))
    }
    used: dict[str, set[tuple[str, ...]]] = {}
    numbers = 0
    for plants, stream in zip(_PLANTS, rng.spawn(len(_PLANTS)), strict=True):
        name = plants.__name__
        numbers += 1000
        if name not in names:
            continue
        plot = Plot(out, deliveries, stream, used=used)
        plot.numbers += numbers
        count = plants(plot)
        found[name] = {"description": FAULTS[name], "count": count, "places": plot.places}
    return found
