"""Work that is done twice, or for nothing: what kind, whose, when, at which cost."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import chain, pairwise
from typing import TYPE_CHECKING

from golden.cases import cases_of, prior_auths_of
from golden.core import PROJECT_DIR
from golden.customers import happened
from golden.duplicate_touches import duplicate_touches_in, interaction_id
from golden.economics_panel import panel_of, territory_on
from golden.months import first_day, month_of
from golden.steps import steps_by_case

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from golden.cases import Case
    from golden.core import World
    from golden.interactions import Interaction

AGAIN_WITHIN = timedelta(days=7)
HIDDEN_TAX_COSTS = PROJECT_DIR / "seeds" / "hidden_tax_costs.csv"


@dataclass(frozen=True)
class Incident:
    """One case of extra work; of nobody known where an organisation asked."""

    cause: str
    customer_id: str | None
    occurred_at: datetime


@dataclass(frozen=True)
class HiddenTax:
    """Incidents of one cause in a territory and month."""

    incidents: int
    hidden_tax_cost: Decimal


def hidden_tax_of(world: World) -> dict[tuple[date, str, str], HiddenTax]:
    """By month, territory on the day, and cause."""
    panel, costs = panel_of(world), hidden_tax_costs()
    incidents = Counter(
        (
            first_day(month_of(incident.occurred_at.date())),
            territory_on(world, incident.customer_id, incident.occurred_at.date()),
            incident.cause,
        )
        for incident in incidents_of(world)
        if month_of(incident.occurred_at.date()) in panel
    )
    return {key: HiddenTax(count, count * costs[key[2]]) for key, count in incidents.items()}


def hidden_tax_costs() -> dict[str, Decimal]:
    with HIDDEN_TAX_COSTS.open(encoding="utf-8", newline="") as seed:
        return {row["cause"]: Decimal(row["cost"]) for row in csv.DictReader(seed)}


def incidents_of(world: World) -> Iterator[Incident]:
    cases = cases_of(world)
    yield from _reopened_cases(world)
    yield from _repeat_contacts(world.interactions)
    yield from _appeals(cases)
    yield from _missing_information(world, cases)
    for touch in duplicate_touches_in(world.interactions):
        yield Incident("duplicate_touch", touch.customer_id, touch.occurred_at)


def _reopened_cases(world: World) -> Iterator[Incident]:
    """Every time a support case left the status Closed, for whatever or nothing."""
    cases = {
        case["Id"]: case
        for case in world.sources.live("case")
        if happened(case["CreatedDate"], world.as_of)
    }
    for change in world.sources.live("case_history"):
        if (
            change["CaseId"] in cases
            and change["Field"] == "Status"
            and change["OldValue"] == "Closed"
            and change["NewValue"] != "Closed"
            and happened(change["CreatedDate"], world.as_of)
        ):
            customer_id, _ = world.sources.parties(cases[change["CaseId"]]["AccountId"])
            yield Incident("reopened_case", customer_id, change["CreatedDate"])


def _repeat_contacts(interactions: list[Interaction]) -> Iterator[Incident]:
    """Support cases opened within a week of the customer's one before."""
    of_customer: dict[str, list[Interaction]] = defaultdict(list)
    for touch in interactions:
        if touch.type == "support_case" and touch.customer_id is not None:
            of_customer[touch.customer_id].append(touch)
    for customer_id, touches in of_customer.items():
        touches.sort(key=lambda touch: (touch.occurred_at, interaction_id(touch)))
        for before, after in pairwise(touches):
            if after.occurred_at - before.occurred_at <= AGAIN_WITHIN:
                yield Incident("repeat_contact", customer_id, after.occurred_at)


def _appeals(cases: Mapping[str, Case]) -> Iterator[Incident]:
    for request in prior_auths_of(cases):
        if request.parent_pa_id is not None:
            yield Incident("appeal", cases[request.case_id].customer_id, request.submitted_at)


def _missing_information(world: World, cases: Mapping[str, Case]) -> Iterator[Incident]:
    """Each time a case came to wait for information, not every event while it did."""
    for steps in steps_by_case(world, cases).values():
        for before, step in pairwise(chain([None], steps)):
            if (
                step is not None
                and step.step == "missing_info"
                and (before is None or before.step != step.step)
            ):
                yield Incident("missing_information", step.customer_id, step.entered_at)
