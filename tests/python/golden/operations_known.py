"""What the marts of operations are computed from, each computed once per world."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from golden.barriers import barriers_of
from golden.cases import cases_of, prior_auths_of
from golden.chains import chains_by_case
from golden.compare import computed
from golden.journeys import journeys_of
from golden.months import first_day, month_of
from golden.profiles import Histories, History, parents_in, profiles_in
from golden.promises import promises_of
from golden.steps import steps_by_case
from golden.surveys import surveys_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from golden.barriers import Barrier
    from golden.cases import Case
    from golden.chains import Chain
    from golden.core import World
    from golden.fills import Fill
    from golden.journeys import Journey
    from golden.promises import Promise
    from golden.steps import Step

# A patient and the product, or the drug where no product has its code.
Therapy = tuple[str, str | None]


@dataclass(frozen=True)
class Known:
    """A world with what happened to its cases; `therapies` are fills in the order they shipped."""

    world: World
    cases: Mapping[str, Case]
    chains: Sequence[Chain]
    steps: Mapping[str, Sequence[Step]]
    journeys: Mapping[str, Journey]
    promises: Sequence[Promise]
    barriers: Sequence[Barrier]
    therapies: Mapping[Therapy, Sequence[Fill]]
    profiles: Histories
    parents: History[str | None]

    @property
    def journeys_to_a_start(self) -> list[Journey]:
        return [journey for journey in self.journeys.values() if journey.is_start_journey]


@cache
def known_in(extracts: Path, as_of: date | None = None) -> Known:
    world = computed(extracts, as_of)
    cases = cases_of(world)
    steps = steps_by_case(world, cases)
    chains = chains_by_case(prior_auths_of(cases))
    therapies: dict[Therapy, list[Fill]] = defaultdict(list)
    for fill in world.fills:
        if (therapy := therapy_of(fill)) is not None:
            therapies[therapy].append(fill)
    return Known(
        world=world,
        cases=cases,
        chains=[chain for of_case in chains.values() for chain in of_case],
        steps=steps,
        journeys={journey.case_id: journey for journey in journeys_of(world, cases, steps)},
        promises=promises_of(world, cases, surveys_of(world.sources)),
        barriers=barriers_of(world.sources, cases),
        therapies=therapies,
        profiles=profiles_in(extracts),
        parents=parents_in(extracts),
    )


def therapy_of(fill_or_case: Fill | Case) -> Therapy | None:
    """None without a patient."""
    if fill_or_case.patient is None:
        return None
    return fill_or_case.patient, fill_or_case.product_id or fill_or_case.ndc


def first_of_month(day: date) -> date:
    return first_day(month_of(day))
