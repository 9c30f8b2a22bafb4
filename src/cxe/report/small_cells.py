"""Small cells: numbers of 10 patients or fewer are not shown (definitions, section 11)."""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations
from typing import TYPE_CHECKING, Any

from cxe.report.answers import HIDDEN

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from cxe.metrics import Metric
    from cxe.report.answers import Row

# Rows of a table that add up, and the place of their total where it stands in the table.
Line = tuple[list[int], int | None]

LARGEST_SMALL_CELL = 10
# Each of what is counted in these units belongs to a patient.
PATIENT_UNITS = frozenset(
    ("cases", "starts", "requests", "appeals", "loops", "handoffs", "steps", "fills")
)
# Metrics in another unit of which each still belongs to a patient, or may.
PATIENT_COUNTS = frozenset(
    (
        "overdue_promises",
        # What a customer and a product have come to is often the story of one patient.
        "prescribing_relationships",
        "started_relationships",
        "loyal_relationships",
        "lapsed_relationships",
    )
)
# Marts, or metrics, of which some rows belong to a patient, and which these are.
PATIENT_ROWS = {
    "fct_promises": "channel_group = 'access'",
    "fct_barriers": "hub_case is not null",
    "fct_hidden_tax": "cause in ('appeal', 'missing_information')",
    "fct_moments": "moment in ('pa_denial', 'first_shipment', 'adverse_event_report')",
    "prescribe_starts_lost": "stage = 'prescribed'",
}
_PARTLY = {"promises", "barriers", "incidents", "moments", "relationships"}
# Of what several may belong to one patient, metrics that count the cases behind it. Own promises
# and those on the customer's clock have those of all promises, of which they are a part.
CASES = {
    "promises_settled": "promised_cases",
    "promises_kept": "kept_promise_cases",
    "promises_broken": "broken_promise_cases",
    "own_promises_settled": "promised_cases",
    "own_promises_kept": "kept_promise_cases",
    "elapsed_promises_settled": "promised_cases",
    "elapsed_promises_kept": "kept_promise_cases",
    "fills": "shipped_cases",
}
# Counts in one unit of which none is a part of another: who comes to a pharmacy, who leaves it and
# what it took back; what was lost and what only moved.
APART = (
    frozenset(("pharmacy_transfers_in", "pharmacy_transfers_out", "reversed_fills")),
    frozenset(("organization_starts_moved", "organization_net_starts_lost")),
)
# What else a share tells: the rest of it, which has cases of its own.
_RESTS = {"promise_kept_rate": ("promises_broken",)}
# Metrics that stand on patients without counting them, and what counts these.
STANDING_ON = {
    "pdc_mean": "received_cases",
    "enrollment_days_p90": "received_cases",
    "time_to_therapy_median_days": "received_start_cases",
    "step_wait_hours_p90": "case_steps",
    "fulfillment_value_lost": "fulfillment_starts_lost",
    "prescribe_value_lost": "prescribe_starts_lost",
    "shipped_value": "fills",
    "margin": "fills",
    "pipeline_value": "open_start_cases",
    "hidden_tax_cost": "hidden_tax_incidents",
    "promise_ratio_median": "promises_settled",
    "value_unblocked": "starts_after_removal",
    "open_case_days_p90": "open_cases",
    "pa_days_to_decision_median": "pa_decisions",
    "copay_assistance_value": "copay_assisted_cases",
}


def counts_behind(name: str, catalog: Mapping[str, Metric]) -> list[str]:
    """Metrics that count the patients behind a metric, itself if it does; none for most.

    Args:
        name: of the metric.
        catalog: all metrics, by name.
    """
    metric = catalog[name]
    is_count = metric.unit in PATIENT_UNITS or name in PATIENT_COUNTS
    if is_count or is_partly_of_patients(metric):
        cases = CASES.get(name, "")
        return [name, cases] if cases in catalog else [name]
    if name in STANDING_ON:
        return counts_behind(STANDING_ON[name], catalog)
    return list(
        dict.fromkeys(
            count
            for part in (*metric.inputs, *_RESTS.get(name, ()))
            if part in catalog
            for count in counts_behind(part, catalog)
        )
    )


def is_partly_of_patients(metric: Metric) -> bool:
    """Whether a metric counts rows of which only some belong to a patient's case."""
    return metric.unit in _PARTLY and bool(patient_rows(metric))


def is_comparable(metric: Metric) -> bool:
    """Whether another count in its unit may be a part of what a metric counts.

    Relationships that came to a start in a month are none of those that came to a prescription.
    """
    return metric.unit != "relationships"


def patient_rows(metric: Metric) -> str:
    """Condition under which what a metric counts belongs to patients; empty if all of it does."""
    return PATIENT_ROWS.get(metric.name) or PATIENT_ROWS.get(metric.models[0], "")


def hide(
    rows: Sequence[Row],
    groups: Sequence[str],
    behind: Mapping[str, Sequence[str]],
    units: Mapping[str, str],
    *,
    scopes: Sequence[str] = (),
    told: Collection[str] = (),
    cases: Mapping[str, str] | None = None,
    apart: Collection[Collection[str]] = (),
) -> list[Row]:
    """Rows with small cells replaced by `HIDDEN`.

    A cell is small where one of the counts behind it is. Of two counts in one unit that a row
    tells, the smaller one is hidden where few patients tell them apart: of 50 cases 48
    unfulfilled ones are 2 fulfilled ones. What would give a hidden count away is hidden too: the
    smallest other one of those that add up to a total, and the other part of the same whole.

    Args:
        rows: values by name, counts included.
        groups: columns that tell rows apart.
        behind: counts behind each column, by its name.
        units: of the counts; only what is counted in the same unit can be told apart.
        scopes: groups of which None is the total of the others.
        told: counts that a reader sees, besides those that are a column of `behind` themselves.
        cases: counts of the cases behind counts of what a case may have several of.
        apart: counts in one unit of which none is a part of another, in groups.
    """
    values = {
        count: [row[count] or 0 for row in rows]
        for count in dict.fromkeys(count for counts in behind.values() for count in counts)
    }
    hidden = {
        count: {place for place, value in enumerate(of) if _is_small([value])}
        for count, of in values.items()
    }
    # What must not be had by subtraction: the counts, and the rest that each leaves of a larger.
    measures = {count: [of] for count, of in values.items()}
    parts = []
    for whole, part in _pairs(values, behind, units, _known_counts(behind, units, told)):
        if any(whole in group and part in group for group in apart):
            continue
        rest = [abs(one - other) for one, other in zip(values[whole], values[part], strict=True)]
        measures[part].append(rest)
        hidden[part] |= {
            place
            for place, value in enumerate(rest)
            if _is_small([value]) and place not in hidden[whole]
        }
        parts += [
            (whole, part, other) for other in values if other != part and values[other] == rest
        ]
    lines = _lines(rows, groups, scopes)
    before: dict[str, int] = {}
    while before != (sizes := {count: len(places) for count, places in hidden.items()}):
        before = sizes
        for count, of in measures.items():
            for measure in of:
                _close(hidden[count], measure, lines)
        for count, of_cases in (cases or {}).items():
            hidden[count] |= hidden[of_cases]
        for whole, part, other in parts:
            hidden[part] |= hidden[other] | hidden[whole]
            hidden[other] |= hidden[part]
    found = [dict(row) for row in rows]
    for shown, counts in behind.items():
        for place in set[int]().union(*(hidden[count] for count in counts)):
            found[place][shown] = HIDDEN
    return found


def small_steps(counts: Sequence[int], kept: Collection[int] = ()) -> set[int]:
    """Places of rising or falling counts that 1 to 10 patients tell from the last one shown.

    Of 500 cases received and 495 enrolled the second number would say that 5 were not. Counts that
    are the same as the last one shown say nothing new and stay.

    Args:
        counts: of patients, in the order of the stages or days that they went through.
        kept: places that are shown rather than the ones before them.
    """
    hidden: set[int] = set()
    shown: list[int] = []
    for place, count in enumerate(counts):
        if _is_small([count]):
            hidden.add(place)
            continue
        while place in kept and shown and _is_small([abs(count - counts[shown[-1]])]):
            if shown[-1] in kept:
                break
            hidden.add(shown.pop())
        if shown and _is_small([abs(count - counts[shown[-1]])]):
            hidden.add(place)
        else:
            shown.append(place)
    return hidden


def small_stages(
    counts: Mapping[str | None, Sequence[int]], kept: Collection[int] = ()
) -> dict[str | None, set[int]]:
    """Places of stages that few patients tell from the one before, in a whole and its parts.

    Args:
        counts: of patients by stage; of each part and, by the name None, of the whole.
        kept: places that are shown rather than the ones before them.

    Returns:
        Places to hide, by part: the small steps, and what the whole less other parts would tell.
    """
    hidden = {part: small_steps(found, kept) for part, found in counts.items()}
    parts = [part for part in counts if part is not None]
    for place in range(len(counts.get(None, ()))):
        while others := [
            part for part in parts if place not in hidden[part] and counts[part][place]
        ]:
            gone = [counts[part] for part in parts if place in hidden[part]]
            steps = sum(abs(found[place] - (found[place - 1] if place else 0)) for found in gone)
            # All parts together are the whole, and what one of them hides is the rest of it.
            is_told = not gone if place in hidden[None] else len(gone) == 1 or _is_small([steps])
            if not is_told:
                break
            hidden[min(others, key=lambda part: counts[part][place])].add(place)
    return hidden


def _is_small(counts: Sequence[Any]) -> bool:
    return any(count is not None and 0 < count <= LARGEST_SMALL_CELL for count in counts)


def _known_counts(
    behind: Mapping[str, Sequence[str]], units: Mapping[str, str], told: Collection[str]
) -> set[str]:
    """Counts that are shown or that a share of a shown one tells."""
    known = {*told, *(name for name, counts in behind.items() if name in counts)}
    before: set[str] = set()
    while before != known:
        before = set(known)
        for counts in behind.values():
            of = {units.get(count) for count in counts if count in known} - {None}
            known |= {count for count in counts if units.get(count) in of}
    return known


def _pairs(
    values: Mapping[str, Sequence[Any]],
    behind: Mapping[str, Sequence[str]],
    units: Mapping[str, str],
    known: Collection[str],
) -> list[tuple[str, str]]:
    """Counts of the same unit that a reader can compare, the larger one first."""
    total = {count: sum(of) for count, of in values.items()}
    ranked = sorted(values, key=lambda count: -total[count])
    return [
        (whole, part)
        for whole, part in combinations(ranked, 2)
        if whole in units
        and units[whole] == units.get(part)
        and (
            {whole, part} <= set(known)
            or any({whole, part} <= set(counts) for counts in behind.values())
        )
    ]


def _lines(rows: Sequence[Row], groups: Sequence[str], scopes: Sequence[str]) -> list[Line]:
    """Rows that differ in one column only."""
    found = []
    for group in groups:
        lines: defaultdict[tuple[Any, ...], list[int]] = defaultdict(list)
        for place, row in enumerate(rows):
            lines[tuple(row[name] for name in groups if name != group)].append(place)
        for line in lines.values():
            totals = [place for place in line if group in scopes and rows[place][group] is None]
            added = [place for place in line if place not in totals]
            found.append((added, totals[0] if totals else None))
    return found


def _close(hidden: set[int], values: Sequence[Any], lines: Sequence[Line]) -> None:
    """Hide what would give away hidden values, along every line."""
    for added, total in lines:
        gone = [place for place in added if place in hidden]
        is_total_gone = total is not None and total in hidden
        if is_total_gone and any(values[place] for place in gone):
            continue
        if not is_total_gone and not _gives_away(gone, values):
            continue
        others = [place for place in added if place not in hidden and values[place]]
        if others:
            hidden.add(min(others, key=values.__getitem__))
        elif gone and total is not None:
            hidden.add(total)


def _gives_away(gone: Sequence[int], values: Sequence[Any]) -> bool:
    """Whether total less what is shown says how many are hidden, and they are few."""
    is_little = len(gone) == 1 or sum(values[place] for place in gone) <= LARGEST_SMALL_CELL
    return bool(gone) and is_little
