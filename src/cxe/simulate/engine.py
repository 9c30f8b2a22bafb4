"""The month loop: who prescribes, what the company does about it, what that does to trust."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from cxe.simulate import access, crm, fills, support
from cxe.simulate.behaviour import (
    AVERAGE_TRUST,
    Ledger,
    Minds,
    make_minds,
    make_processes,
    move_trust,
    start_appetite,
    stopping_hazard,
)
from cxe.simulate.clock import DAY, NEVER, Array, Calendar, office_times
from cxe.simulate.scene import Scene
from cxe.simulate.world import World, chance, make_world, pick

# One random stream per module, so that a new draw in one leaves the others as they were.
STREAMS = (
    "world",
    "processes",
    "minds",
    "prescribing",
    "access",
    "fills",
    "crm",
    "support",
    "faults",
)
_MONTHS_OF_ESTABLISHED_PATIENTS = 18.0
_ADOPTION = 0.012
_MONTHS_OF_EARLIER_WRITING = 24


@dataclass(frozen=True)
class History:
    """Everything that happened, and the truth behind it (months x HCPs)."""

    world: World
    hub: access.Hub
    pharmacy: fills.Pharmacy
    crm: crm.Crm
    desk: support.Desk
    trust: Array
    hazard: Array
    is_stopped: Array
    stopped_in: Array
    writes_from: Array


def streams(seed: int) -> dict[str, np.random.Generator]:
    """A generator per module."""
    children = np.random.SeedSequence(seed).spawn(len(STREAMS))
    return {
        name: np.random.default_rng(child) for name, child in zip(STREAMS, children, strict=True)
    }


def live(
    rngs: dict[str, np.random.Generator], hcps: int, calendar: Calendar, experience_effect: float
) -> History:
    """Let the world live through its months.

    Args:
        rngs: from `streams`.
        hcps: how many customers.
        calendar: months of the world.
        experience_effect: factor on how much trust drives stopping and shrinking.
    """
    world = make_world(rngs["world"], hcps, calendar)
    processes = make_processes(rngs["processes"], world)
    minds = make_minds(rngs["minds"], processes)
    ledger = Ledger(world)
    hub, desk = access.Hub(), support.Desk()
    pharmacy = fills.open_pharmacy(hcps)
    field = crm.open_crm(rngs["crm"], world)
    writes_from = _established(rngs["prescribing"], world, minds, experience_effect)
    stopped_in = np.full(hcps, -1)
    newest_case = np.full(hcps, -1)
    shape = (calendar.months, hcps)
    trusts, hazards = np.zeros(shape, dtype=np.float32), np.zeros(shape, dtype=np.float32)
    stopped = np.zeros(shape, dtype=bool)
    for month in range(calendar.months):
        start, end = int(calendar.starts[month]), int(calendar.starts[month + 1])
        scene = Scene(
            world, processes, ledger, month, start, end, minds.trust, world.present(start)
        )
        writes = (writes_from <= month) & (stopped_in < 0) & scene.present
        request = _prescriptions(
            rngs["prescribing"], scene, hub, pharmacy, writes, experience_effect
        )
        opened = access.open_cases(rngs["access"], scene, hub, request)
        newest_case[request.hcp] = opened.case
        fills.admit(rngs["fills"], pharmacy, opened)
        first_fills = fills.dispense(
            rngs["fills"],
            scene,
            hub,
            pharmacy,
            has_stopped=stopped_in >= 0,
            experience_effect=experience_effect,
        )
        encounters = _field_month(rngs["crm"], field, scene, opened)
        encounters += [
            support.Encounter(
                first_fills.hcp, first_fills.delivered, support.DELIVERY, hub_case=first_fills.case
            ),
            support.month_of_cases(
                rngs["support"],
                scene,
                desk,
                hub_case_of=newest_case,
                activity=_activity(request, pharmacy, hcps),
            ),
            support.relationship_round(rngs["support"], scene),
        ]
        detractors, heard_at = support.month_of_surveys(rngs["support"], scene, desk, encounters)
        crm.follow_up(rngs["crm"], field, scene, detractors, heard_at)
        move_trust(rngs["minds"], minds, ledger.push(month))
        _decide(
            rngs["prescribing"], month, minds, writes, writes_from, stopped_in, experience_effect
        )
        trusts[month] = minds.trust
        hazards[month] = stopping_hazard(minds.trust, experience_effect)
        stopped[month] = stopped_in >= 0
    # The last weeks' invitations are to events of the two months after, which nobody sees.
    for begins in (scene.end, scene.end + 30 * DAY):
        later = replace(scene, start=begins, end=begins + 30 * DAY)
        crm.month_of_events(rngs["crm"], field, later)
    return History(
        world, hub, pharmacy, field, desk, trusts, hazards, stopped, stopped_in, writes_from
    )


def _established(
    rng: np.random.Generator, world: World, minds: Minds, experience_effect: float
) -> Array:
    """When each HCP begins to write; those of the first month are who did not stop before it.

    Without that the first year would lose the least trusting at once, which no base that has been
    there for years does.
    """
    lasts = (1 - stopping_hazard(minds.trust, experience_effect)) ** _MONTHS_OF_EARLIER_WRITING
    stopped_before = (world.writes_from == 0) & ~chance(rng, world.hcps, lasts)
    return np.where(stopped_before, world.calendar.months, world.writes_from)


def _prescriptions(
    rng: np.random.Generator,
    scene: Scene,
    hub: access.Hub,
    pharmacy: fills.Pharmacy,
    writes: Array,
    experience_effect: float,
) -> access.Request:
    """New, returning, transferred and renewed patients of a month."""
    world = scene.world
    felt = np.clip(AVERAGE_TRUST + experience_effect * (scene.trust - AVERAGE_TRUST), 0.05, 0.95)
    rate = world.potential * start_appetite(scene.trust, experience_effect) * writes
    hcp = scene.draw(rng, rate)
    kind = np.where(chance(rng, len(hcp), 0.05), access.TRANSFER, access.NEW)
    token = hub.new_tokens(len(hcp))
    returning = np.flatnonzero((pharmacy.left_token[hcp] >= 0) & chance(rng, len(hcp), 0.08))
    _, once = np.unique(hcp[returning], return_index=True)
    returning = returning[once]
    kind[returning] = access.RESTART
    token[returning] = pharmacy.left_token[hcp[returning]]
    pharmacy.left_token[hcp[returning]] = -1
    received = office_times(rng, scene.start, scene.end, len(hcp))
    is_settled = np.zeros(len(hcp), dtype=bool)
    if scene.month == 0:
        base = scene.draw(rng, world.potential * writes * _MONTHS_OF_ESTABLISHED_PATIENTS)
        early = office_times(rng, scene.start - 3 * DAY, scene.start + 3 * DAY, len(base))
        hcp = np.concatenate([hcp, base])
        kind = np.concatenate([kind, np.full(len(base), access.TRANSFER)])
        token = np.concatenate([token, hub.new_tokens(len(base))])
        received = np.concatenate([received, np.maximum(early, scene.start)])
        is_settled = np.arange(len(hcp)) >= len(is_settled)
    product = scene.launched(rng, hcp, received)
    payer = pick(rng, world.payer_shares[world.territory_at(hcp, received)])
    leaving = fills.renewals(pharmacy, scene.end)
    ends = len(leaving["hcp"])
    hcp = np.concatenate([hcp, leaving["hcp"]])
    return access.Request(
        hcp=hcp,
        case_type=np.concatenate([kind, np.full(ends, access.REAUTH)]),
        token=np.concatenate([token, leaving["token"]]),
        product=np.concatenate([product, leaving["product"]]),
        payer=np.concatenate([payer, leaving["payer"]]),
        received=np.concatenate([received, office_times(rng, scene.start, scene.end, ends)]),
        trust=felt[hcp],
        is_settled=np.concatenate([is_settled, np.zeros(ends, dtype=bool)]),
    )


def _field_month(
    rng: np.random.Generator, field: crm.Crm, scene: Scene, opened: access.Opened
) -> list[support.Encounter]:
    """What field, marketing and medical do; returns what customers may be asked about."""
    hcp = opened.request.hcp
    called = crm.month_of_calls(rng, field, scene, np.bincount(hcp, minlength=scene.world.hcps))
    clicked = crm.month_of_emails(rng, field, scene)
    crm.month_of_consents(rng, field, scene)
    crm.month_of_questions(rng, field, scene)
    attended = crm.month_of_events(rng, field, scene)
    crm.month_of_barriers(rng, field, scene, opened)
    enrolled = np.flatnonzero((opened.enrolled < NEVER) & ~opened.request.is_settled)
    return [
        support.Encounter(*called, support.CALL),
        support.Encounter(*clicked, support.EMAIL),
        support.Encounter(*attended, support.EVENT),
        support.Encounter(
            hcp[enrolled],
            opened.enrolled[enrolled],
            support.ENROLLMENT,
            hub_case=opened.case[enrolled],
        ),
    ]


def _activity(request: access.Request, pharmacy: fills.Pharmacy, hcps: int) -> Array:
    """What makes an office call support: its new cases and its patients."""
    patients = np.bincount(pharmacy.patients["hcp"], minlength=hcps)
    new = np.bincount(request.hcp[~request.is_settled], minlength=hcps)
    return new + 0.15 * patients


def _decide(
    rng: np.random.Generator,
    month: int,
    minds: Minds,
    writes: Array,
    writes_from: Array,
    stopped_in: Array,
    experience_effect: float,
) -> None:
    """Some prescribers stop for good, some others begin."""
    stops = writes & chance(rng, len(writes), stopping_hazard(minds.trust, experience_effect))
    stopped_in[stops] = month
    adoption = _ADOPTION * start_appetite(minds.trust, experience_effect)
    begins = (writes_from > month + 1) & chance(rng, len(writes), adoption)
    writes_from[begins] = month + 1
