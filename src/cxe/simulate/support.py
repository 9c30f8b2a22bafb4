"""Support cases and surveys."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from cxe.simulate.behaviour import MEDICAL, SUPPORT
from cxe.simulate.clock import DAY, HOUR, NEVER, Array, after_office_hours, later, office_times
from cxe.simulate.scene import Scene
from cxe.simulate.tables import Blocks
from cxe.simulate.world import chance, choose

CASE_TYPES = ("Access", "Product", "Order", "Portal", "Adverse Event", "Complaint")
ADVERSE_EVENT = 4
ORIGINS = ("Phone", "Email", "Web", "Chat")
PRIORITIES = ("High", "Medium", "Low")
STATUSES = ("New", "Working", "Escalated", "Closed")
TOUCHPOINTS = ("CALL", "EMAIL", "CASE", "ENROLLMENT", "DELIVERY", "EVENT", "RELATIONSHIP")
CALL, EMAIL, CASE, ENROLLMENT, DELIVERY, EVENT, RELATIONSHIP = range(7)
_ASKED = np.array([0.16, 0.1, 0.6, 0.3, 0.35, 0.6, 0.16])
_RESPONSE_HOURS = np.array([4.0, 8.0, 16.0])
_DETRACTOR = 6
AGENTS = 25


@dataclass
class Desk:
    """Everything support and the survey tool have written down so far."""

    cases: Blocks = field(default_factory=Blocks)
    history: Blocks = field(default_factory=Blocks)
    surveys: Blocks = field(default_factory=Blocks)


@dataclass(frozen=True)
class Encounter:
    """Something a customer may be asked about; one element each."""

    hcp: Array
    at: Array
    touchpoint: int
    case: Array | None = None
    hub_case: Array | None = None


def month_of_cases(
    rng: np.random.Generator,
    scene: Scene,
    desk: Desk,
    *,
    hub_case_of: Array,
    activity: Array,
) -> Encounter:
    """Cases of the month, their answers, escalations, closings and reopenings.

    Args:
        rng: this module's own stream.
        scene: the month.
        desk: written to.
        hub_case_of: each HCP's newest hub case, -1 without one.
        activity: what makes cases, per HCP: enrolments and patients.

    Returns:
        The cases closed for a person, to be asked about.
    """
    world = scene.world
    hcp = scene.draw(rng, 0.05 + 0.09 * np.minimum(activity, 8))
    size = len(hcp)
    at = office_times(rng, scene.start, scene.end, size)
    kind = choose(rng, size, (0.36, 0.17, 0.19, 0.12, 0.07, 0.09))
    priority = choose(rng, size, (0.2, 0.5, 0.3))
    slow = scene.slowness(SUPPORT, hcp, at)
    median = 0.5 * _RESPONSE_HOURS[priority]
    answered = after_office_hours(at, median * np.exp(slow + 0.6 * rng.standard_normal(size)))
    work = 2.3 * _RESPONSE_HOURS[priority] * np.exp(slow + 0.6 * rng.standard_normal(size))
    closed = np.where(chance(rng, size, 0.97), after_office_hours(answered, work), NEVER)
    escalates = chance(rng, size, np.clip(0.1 * np.exp(0.8 * slow), 0.02, 0.6)) & (closed < NEVER)
    middle = answered + (np.where(escalates, closed, answered) - answered) // 2
    escalated = np.where(escalates, middle, NEVER)
    reopens = chance(rng, size, 0.055) & (closed < NEVER)
    reopened = np.where(reopens, later(closed, rng.integers(4 * HOUR, 9 * DAY, size)), NEVER)
    closed_again = after_office_hours(reopened, work * rng.uniform(0.3, 1.2, size))
    raised = chance(rng, size, 0.05) & (priority > 0)
    raised_at = np.where(raised, at + (answered - at) // 2, NEVER)
    forwards = kind == ADVERSE_EVENT
    safety_slow = scene.slowness(MEDICAL, hcp, at)
    forwarded = later(at, HOUR * 7 * np.exp(0.7 * safety_slow + 0.7 * rng.standard_normal(size)))
    forwarded = np.where(forwards, forwarded, NEVER)
    is_office = chance(rng, size, 0.11)
    account = np.where(
        is_office,
        world.organisation_account(world.organisation[hcp]),
        world.account(rng, hcp, at),
    )
    about_case = (kind == 0) | (kind == 2)  # noqa: PLR2004
    hub_case = np.where(about_case & chance(rng, size, 0.7), hub_case_of[hcp], -1)
    cases = {
        "account": account,
        "hub_case": hub_case,
        "kind": kind,
        "origin": choose(rng, size, (0.5, 0.27, 0.15, 0.08)),
        "priority": priority,
        "raised_at": raised_at,
        "at": at,
        "answered": answered,
        "escalated": escalated,
        "closed": closed,
        "reopened": reopened,
        "closed_again": closed_again,
        "forwarded": forwarded,
        "agent": rng.integers(0, AGENTS, size),
        "subject": rng.integers(0, 6, size).astype(np.int8),
    }
    rows = desk.cases.add(**cases)
    _write_history(desk, rows, cases)
    person = ~is_office
    _settle(scene, hcp, at, answered, np.where(reopens, closed_again, closed), priority, person)
    due = later(at, DAY)
    scene.ledger.settle(hcp, np.where(person & forwards, at, NEVER), forwarded, due)
    asked = np.flatnonzero(person & (closed < NEVER))
    return Encounter(hcp[asked], closed[asked], CASE, case=rows[asked])


def second_line(agent: Array) -> Array:
    """Who takes over an escalated case."""
    return (agent + 7) % AGENTS


def _settle(
    scene: Scene,
    hcp: Array,
    at: Array,
    answered: Array,
    closed: Array,
    priority: Array,
    person: Array,
) -> None:
    start = np.where(person, at, NEVER)
    hours = _RESPONSE_HOURS[priority]
    scene.ledger.settle(hcp, start, answered, after_office_hours(at, hours))
    scene.ledger.settle(hcp, start, closed, after_office_hours(at, hours * 5))


def _write_history(desk: Desk, rows: Array, cases: dict[str, Array]) -> None:
    """Status and priority changes; codes are resolved when the extract is written."""
    size = len(rows)
    priority, agent = cases["priority"], cases["agent"]
    was_working = np.full(size, 1)
    before_close = np.where(cases["escalated"] < NEVER, 2, 1)
    for field_code, old, new, at in (
        (0, np.zeros(size), was_working, cases["answered"]),
        (0, was_working, np.full(size, 2), cases["escalated"]),
        (0, before_close, np.full(size, 3), cases["closed"]),
        (0, np.full(size, 3), was_working, cases["reopened"]),
        (0, was_working, np.full(size, 3), cases["closed_again"]),
        (2, priority, priority - 1, cases["raised_at"]),
        (1, agent, second_line(agent), cases["escalated"]),
    ):
        happened = np.flatnonzero(at < NEVER)
        desk.history.add(
            case=rows[happened],
            field=np.full(len(happened), field_code, dtype=np.int8),
            old=old[happened].astype(np.int8),
            new=new[happened].astype(np.int8),
            at=at[happened],
        )


def relationship_round(rng: np.random.Generator, scene: Scene) -> Encounter:
    """Every third month all customers may be asked how they find us."""
    hcp = np.flatnonzero(scene.present) if scene.month % 3 == 1 else np.zeros(0, dtype=np.int64)
    return Encounter(hcp, office_times(rng, scene.start, scene.end, len(hcp)), RELATIONSHIP)


def month_of_surveys(
    rng: np.random.Generator,
    scene: Scene,
    desk: Desk,
    encounters: list[Encounter],
) -> tuple[Array, Array]:
    """Who is asked, who answers, and what.

    People with strong feelings answer more often. What they say is a noisy reading of trust and of
    the promises settled this month.

    Returns:
        HCPs that gave a detractor's score, and when.
    """
    world = scene.world
    hcp = np.concatenate([one.hcp for one in encounters])
    at = np.concatenate([one.at for one in encounters])
    touchpoint = np.repeat(
        [one.touchpoint for one in encounters], [len(one.hcp) for one in encounters]
    )
    case = np.concatenate([_or_none(one.case, one.hcp) for one in encounters])
    hub_case = np.concatenate([_or_none(one.hub_case, one.hcp) for one in encounters])
    trust = scene.trust[hcp]
    strong = np.abs(trust - 0.5) * 2
    answers = chance(
        rng, len(hcp), _ASKED[touchpoint] * (0.1 + 0.5 * world.answers[hcp] + 0.45 * strong**1.5)
    )
    rows = np.flatnonzero(answers)
    hcp, case, hub_case, touchpoint = hcp[rows], case[rows], hub_case[rows], touchpoint[rows]
    size = len(rows)
    recorded = later(at[rows], rng.exponential(1.5 * DAY, size) + 600)
    recent = scene.ledger.recent(scene.month)[hcp]
    mood = trust[rows] + 0.3 * (recent - 0.7) + 0.2 * rng.standard_normal(size)

    def reading(top: int, spread: float) -> Array:
        score = np.clip(mood + spread * rng.standard_normal(size), 0, 1)
        rounded: Array = np.round(score * top).astype(np.int8)
        return rounded

    def skipped(values: Array, answered: float) -> Array:
        return np.where(chance(rng, size, answered), values, -1)

    nps = skipped(reading(10, 0.17), 0.8)
    anonymous = chance(rng, size, 0.1) & ((case >= 0) | (hub_case >= 0))
    is_finished = chance(rng, size, 0.95)
    desk.surveys.add(
        at=recorded,
        finished=is_finished.astype(np.int8),
        account=np.where(anonymous, -1, world.account(rng, hcp, recorded)),
        hcp=hcp,
        case=case,
        hub_case=hub_case,
        touchpoint=touchpoint.astype(np.int8),
        csat=skipped(reading(4, 0.18) + 1, 0.95),
        ces=skipped(reading(6, 0.2) + 1, 0.75),
        nps=nps,
        emotion=skipped(4 - reading(4, 0.17), 0.6),
        comment=np.where(chance(rng, size, 0.3), (mood * 4).astype(int).clip(0, 3), -1),
    )
    detractors = np.flatnonzero((nps >= 0) & (nps <= _DETRACTOR) & is_finished)
    return hcp[detractors], recorded[detractors]


def _or_none(values: Array | None, like: Array) -> Array:
    return np.full(len(like), -1, dtype=np.int64) if values is None else values
