"""The hub: from an enrolment to a shipment or an end, every step with its owner and its time."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from cxe.simulate.behaviour import HUB, OFFICE, PHARMACY, Ledger
from cxe.simulate.clock import DAY, HOUR, NEVER, Array, after_office_hours, later
from cxe.simulate.scene import Scene
from cxe.simulate.tables import Blocks
from cxe.simulate.world import (
    PAYER_LENIENCE,
    PAYER_SLOWNESS,
    PAYER_TYPE,
    chance,
    choose,
    pick,
)

CASE_TYPES = ("NEW", "RESTART", "REAUTH", "TRANSFER")
NEW, RESTART, REAUTH, TRANSFER = range(4)
REFERRALS = ("HCP_FAX", "EPORTAL", "ERX", "PHONE", "SP_TRANSFER")
CONSENTS = ("NOT_STARTED", "SENT", "OBTAINED", "EXPIRED", "REVOKED")
MISSING = ("SIGNATURE", "INSURANCE", "DX_CODE", "DEMOGRAPHIC")
CLOSINGS = (
    "STARTED", "DENIED", "PT_DECLINED_COST", "PT_DECLINED_OTHER", "PT_UNREACHABLE",
    "HCP_CANCELLED", "DECEASED",
)  # fmt: skip
STARTED, DENIED, DECLINED_COST, DECLINED_OTHER, UNREACHABLE, CANCELLED, DECEASED = range(7)
BV_OUTCOMES = ("COVERED", "COVERED_PA", "COVERED_ST", "NOT_COVERED", "TERMED")
NEEDS_PA, NEEDS_STEP = 1, 2
_BV_SHARES = np.array(  # by payer type
    [
        (0.30, 0.50, 0.10, 0.07, 0.03),
        (0.35, 0.45, 0.10, 0.08, 0.02),
        (0.20, 0.60, 0.10, 0.08, 0.02),
        (0.92, 0.0, 0.0, 0.08, 0.0),
    ]
)
PA_RESULTS = ("approved", "modified", "denied", "pended", "cancelled")
APPROVED, MODIFIED, REFUSED, PENDED, WITHDRAWN = range(5)
ACTIONS = ("A1", "A6", "A3", "A4", "C")  # X12 306, in the order of the results
DENIALS = (
    "STEP_THERAPY", "NOT_MEDICALLY_NECESSARY", "MISSING_INFO", "NON_FORMULARY", "QUANTITY_LIMIT",
)  # fmt: skip
METHODS = ("portal", "fax", "phone", "x12", "epa")
DISPENSE_TYPES = ("COMMERCIAL", "PAP", "BRIDGE", "QUICK_START")
PAID, PAP, BRIDGE, QUICK_START = range(4)
# Mean days a patient waits before giving up, by payer type.
_PATIENCE_DAYS = np.array([85.0, 60.0, 70.0, 45.0])
_APPEALS = 2
LACKS_PA, LACKS_MONEY, LACKS_PAPERS = range(3)

# sub_status, status while in it, who has to act next.
STEPS = (
    (None, "NEW", "HUB"),
    ("MISSING_INFO", "PENDING", "HCP"),
    ("BI_IN_PROGRESS", "PENDING", "HUB"),
    ("BI_COMPLETE", "PENDING", "HUB"),
    ("PA_REQUIRED", "PENDING", "HCP"),
    ("PA_SUBMITTED", "PENDING", "PAYER"),
    ("PA_PENDED", "PENDING", "HCP"),
    ("PA_APPROVED", "PENDING", "HUB"),
    ("PA_DENIED", "ON_HOLD", "HCP"),
    ("APPEAL_L1", "PENDING", "PAYER"),
    ("APPEAL_L2", "PENDING", "PAYER"),
    ("COPAY_ENROLLED", "PENDING", "HUB"),
    ("PAP_REVIEW", "PENDING", "HUB"),
    ("PAP_APPROVED", "PENDING", "HUB"),
    ("SP_TRIAGED", "PENDING", "SP"),
    ("READY_TO_SHIP", "PENDING", "SP"),
    ("SHIPPED", "ACTIVE", "SP"),
    ("PT_UNREACHABLE", "CANCELLED", "PATIENT"),
    ("PT_DECLINED_COST", "CANCELLED", "PATIENT"),
    ("PT_DECLINED_OTHER", "CANCELLED", "PATIENT"),
    ("HCP_CANCELLED", "CANCELLED", "HCP"),
    ("DECEASED", "CANCELLED", "HUB"),
    ("THERAPY_COMPLETE", "DISCONTINUED", "HUB"),
    ("ADVERSE_EVENT", "DISCONTINUED", "HCP"),
)
_STEP = {name or "RECEIVED": index for index, (name, _, _) in enumerate(STEPS)}
STATUSES = ("NEW", "PENDING", "ACTIVE", "ON_HOLD", "CANCELLED", "DISCONTINUED")
OWNERS = ("HUB", "HCP", "PAYER", "SP", "PATIENT")
# What a case that ends badly is set to, in the order of CLOSINGS.
_END_STEP = np.array(
    [
        _STEP[name]
        for name in (
            "SHIPPED", "PA_DENIED", "PT_DECLINED_COST", "PT_DECLINED_OTHER", "PT_UNREACHABLE",
            "HCP_CANCELLED", "DECEASED",
        )
    ]
)  # fmt: skip
THERAPY_COMPLETE, THERAPY_ADVERSE = _STEP["THERAPY_COMPLETE"], _STEP["ADVERSE_EVENT"]


@dataclass
class Hub:
    """Everything the hub has written down so far."""

    cases: Blocks = field(default_factory=Blocks)
    events: Blocks = field(default_factory=Blocks)
    verifications: Blocks = field(default_factory=Blocks)
    authorizations: Blocks = field(default_factory=Blocks)
    tokens: int = 0

    def new_tokens(self, size: int) -> Array:
        """Patients never seen before."""
        self.tokens += size
        return np.arange(self.tokens - size, self.tokens)


@dataclass(frozen=True)
class Request:
    """What an office asks for; one element per case.

    Attributes:
        is_settled: patients who were on the drug when the world began: no search for coverage.
        trust: of the prescriber, when asking.
    """

    hcp: Array
    case_type: Array
    token: Array
    product: Array
    payer: Array
    received: Array
    trust: Array
    is_settled: Array


@dataclass(frozen=True)
class Opened:
    """What became of the cases opened together: the later steps of the world need it."""

    case: Array
    request: Request
    enrolled: Array
    first_ship: Array
    dispense_type: Array
    coverage_ship: Array
    auth_end: Array
    blocked_at: Array
    blocked_by: Array


@dataclass(frozen=True)
class _Pace:
    """How fast everybody acts on each case, in log slowness, and who pays."""

    rng: np.random.Generator
    office: Array
    hub: Array
    payer_type: Array

    def chance(self, probability: Array | float) -> Array:
        return chance(self.rng, len(self.office), probability)

    def lasts(self, median_hours: float, slowness: Array | float, spread: float = 0.55) -> Array:
        noise = self.rng.standard_normal(len(self.office))
        return median_hours * np.exp(slowness + spread * noise)


@dataclass(frozen=True)
class _Papers:
    asked: Array
    asked_again: Array
    consent: Array
    never_consents: Array
    enrolled: Array


@dataclass(frozen=True)
class _Coverage:
    asks: Array
    verified: Array
    outcome: Array
    needs_pa: Array
    chain: _Chain
    covered: Array
    refused: Array
    asks_charity: Array
    charity_review: Array
    charity: Array

    @property
    def cleared(self) -> Array:
        """When nothing stands in the way of a shipment any more."""
        return np.where(self.asks_charity, self.charity, self.covered)


def open_cases(rng: np.random.Generator, scene: Scene, hub: Hub, request: Request) -> Opened:
    """Let cases run their course.

    Durations are office hours of whoever has to act; patience runs against them, so slow owners
    lose starts.
    """
    hcp, received, settled = request.hcp, request.received, request.is_settled
    pace = _Pace(
        rng=rng,
        office=scene.slowness(OFFICE, hcp, received),
        hub=scene.slowness(HUB, hcp, received),
        payer_type=PAYER_TYPE[request.payer],
    )
    papers = _collect_papers(pace, request)
    cover = _find_coverage(pace, request, papers.enrolled)
    triaged, packed, ships = _ship(pace, scene, request, cover)
    ended, reason = _give_up(pace, request, papers, cover, ships)
    ships = np.where(ended < NEVER, NEVER, ships)
    is_bridged = (pace.payer_type == 0) & cover.needs_pa & pace.chance(0.3)
    bridge = after_office_hours(cover.chain.submitted[0], pace.lasts(32, 0.0))
    bridge = np.where(is_bridged & (bridge < ships) & (bridge < ended), bridge, NEVER)
    is_quick = (cover.outcome == 0) & (request.case_type == NEW) & pace.chance(0.05)
    free = np.where(cover.asks_charity, PAP, np.where(is_quick & ~settled, QUICK_START, PAID))
    closes_started = np.where(
        pace.chance(0.93), later(ships, DAY * rng.uniform(4, 9, len(hcp))), NEVER
    )

    def until_end(at: Array) -> Array:
        return np.where(at < ended, at, NEVER)

    closed = np.where(ended < NEVER, ended, closes_started)
    enrolled = until_end(papers.enrolled)
    case = hub.cases.add(
        hcp=hcp.astype(np.int32),
        case_type=request.case_type.astype(np.int8),
        token=request.token,
        product=request.product.astype(np.int8),
        payer=request.payer.astype(np.int8),
        referral=choose(rng, len(hcp), (0.38, 0.25, 0.22, 0.07, 0.08)),
        received=received,
        consent=until_end(papers.consent),
        consent_expired=np.where(papers.never_consents, ended, NEVER),
        consent_revoked=np.where(
            pace.chance(0.006), later(received, DAY * rng.uniform(10, 300, len(hcp))), NEVER
        ),
        missing=np.where(
            papers.asked < NEVER, choose(rng, len(hcp), (0.35, 0.3, 0.2, 0.15)), -1
        ).astype(np.int8),
        missing_found=until_end(papers.asked),
        enrolled=enrolled,
        closed=closed,
        close_reason=reason,
    )
    steps = [
        ("RECEIVED", received),
        ("MISSING_INFO", papers.asked),
        ("MISSING_INFO", papers.asked_again),
        ("BI_IN_PROGRESS", cover.asks),
        ("BI_COMPLETE", cover.verified),
        ("PA_REQUIRED", np.where(cover.needs_pa, later(cover.verified, 600), NEVER)),
        *cover.chain.steps(),
        ("COPAY_ENROLLED", np.where(pace.payer_type == 0, later(cover.covered, HOUR), NEVER)),
        ("PAP_REVIEW", cover.charity_review),
        ("PAP_APPROVED", cover.charity),
        ("SP_TRIAGED", triaged),
        ("READY_TO_SHIP", packed),
        ("SHIPPED", ships),
    ]
    for name, at in steps:
        log_step(hub, case, _STEP[name], until_end(at))
    ends_badly = (ended < NEVER) & (reason != DENIED)
    log_step(hub, case, _END_STEP[reason], np.where(ends_badly, ended, NEVER))
    _write_verifications(pace, hub, case, cover, ended)
    cover.chain.write(rng, hub, case, request.payer, ended)
    _settle(scene.ledger, request, papers, cover, ships, ended)
    turned_down = np.where(cover.chain.result[0] == REFUSED, cover.chain.decided[0], NEVER)
    blocked_at = np.minimum(np.minimum(papers.asked, turned_down), cover.refused)
    return Opened(
        case=case,
        request=request,
        enrolled=enrolled,
        first_ship=np.minimum(ships, bridge),
        dispense_type=np.where(bridge < NEVER, BRIDGE, free).astype(np.int8),
        coverage_ship=ships,
        auth_end=later(cover.chain.granted, 365 * DAY),
        blocked_at=until_end(blocked_at),
        blocked_by=np.where(
            papers.asked == blocked_at,
            LACKS_PAPERS,
            np.where(cover.needs_pa, LACKS_PA, LACKS_MONEY),
        ),
    )


def _collect_papers(pace: _Pace, request: Request) -> _Papers:
    """Consent and complete papers come first; papers may go back to the office twice."""
    received, settled = request.received, request.is_settled
    lacks = pace.chance(0.2 * np.exp(0.5 * pace.office)) & ~settled
    asked = np.where(lacks, after_office_hours(received, pace.lasts(4, pace.hub)), NEVER)
    answered = after_office_hours(asked, pace.lasts(10, pace.office, 0.8))
    asked_again = after_office_hours(answered, pace.lasts(4, pace.hub))
    asked_again = np.where(pace.chance(0.22), asked_again, NEVER)
    answered_again = after_office_hours(asked_again, pace.lasts(10, pace.office, 0.8))
    consents_late = pace.chance(0.3) & ~settled
    delay = DAY * pace.rng.exponential(1.2, len(received))
    consent = np.where(consents_late, later(received, delay), received - 2 * HOUR)
    never_consents = pace.chance(0.02) & ~settled
    consent = np.where(never_consents, NEVER, consent)
    ready = np.maximum(received, consent)
    for came_back in (answered, answered_again):
        ready = np.where(came_back < NEVER, np.maximum(ready, came_back), ready)
    enrolled = after_office_hours(ready, pace.lasts(6.5, pace.hub))
    return _Papers(asked, asked_again, consent, never_consents, enrolled)


def _find_coverage(pace: _Pace, request: Request, enrolled: Array) -> _Coverage:
    """Benefits, an authorisation where the plan wants one, else the manufacturer's programme."""
    asks = later(enrolled, pace.rng.uniform(0.2 * HOUR, 2 * HOUR, len(enrolled)))
    verified = after_office_hours(asks, pace.lasts(8.5, pace.hub))
    outcome = np.where(request.is_settled, 0, pick(pace.rng, _BV_SHARES[pace.payer_type]))
    needs_pa = (outcome == NEEDS_PA) | (outcome == NEEDS_STEP)
    chain = _authorize(pace, request, np.where(needs_pa, verified, NEVER))
    covered = np.where(outcome == 0, verified, chain.granted)
    refused = np.where(outcome > NEEDS_STEP, verified, chain.refused)
    asks_charity = (refused < NEVER) & pace.chance(0.22)
    review = np.where(asks_charity, after_office_hours(refused, pace.lasts(12, pace.hub)), NEVER)
    return _Coverage(
        asks=asks,
        verified=verified,
        outcome=outcome.astype(np.int8),
        needs_pa=needs_pa,
        chain=chain,
        covered=covered,
        refused=refused,
        asks_charity=asks_charity,
        charity_review=review,
        charity=after_office_hours(review, pace.lasts(35, pace.hub)),
    )


def _ship(
    pace: _Pace, scene: Scene, request: Request, cover: _Coverage
) -> tuple[Array, Array, Array]:
    """When the pharmacy takes a cleared case, has it packed, and ships it."""
    cleared, settled = cover.cleared, request.is_settled
    pharmacy = scene.slowness(PHARMACY, request.hcp, cleared)
    triaged = after_office_hours(cleared, pace.lasts(3, 0.0))
    packed = after_office_hours(triaged, pace.lasts(9, pharmacy))
    ships = after_office_hours(packed, pace.lasts(4, pharmacy))
    # Patients on therapy are shipped to when their supply runs out.
    refill = later(cover.verified, pace.rng.integers(0, 28 * DAY, len(ships)))
    return (
        np.where(settled, NEVER, triaged),
        np.where(settled, NEVER, packed),
        np.where(settled, refill, ships),
    )


def _write_verifications(
    pace: _Pace, hub: Hub, case: Array, cover: _Coverage, ended: Array
) -> None:
    rows = np.flatnonzero(cover.asks < ended)
    outcome, payer_type = cover.outcome[rows], pace.payer_type[rows]
    share = pace.rng.lognormal(0, 0.5, len(rows)) * np.array([35, 90, 4, 400])[payer_type]
    hub.verifications.add(
        case=case[rows],
        requested=cover.asks[rows],
        completed=np.where(cover.verified < ended, cover.verified, NEVER)[rows],
        outcome=outcome,
        is_medical=chance(pace.rng, len(rows), 0.15).astype(np.int8),
        copay=np.where(outcome <= NEEDS_STEP, share, np.nan).astype(np.float32),
    )


def log_step(hub: Hub, case: Array, step: Array | int, at: Array) -> None:
    """Add a status event wherever `at` is an instant."""
    rows = np.flatnonzero(at < NEVER)
    hub.events.add(
        case=case[rows].astype(np.int32),
        step=np.broadcast_to(step, len(case))[rows].astype(np.int8),
        at=at[rows],
    )


@dataclass(frozen=True)
class _Chain:
    """A request and its appeals: one list element per level, one array element per case."""

    submitted: list[Array]
    pended: list[Array]
    resubmitted: list[Array]
    decided: list[Array]
    result: list[Array]
    granted: Array
    refused: Array

    def steps(self) -> list[tuple[str, Array]]:
        steps = []
        for level in range(_APPEALS + 1):
            name = "PA_SUBMITTED" if level == 0 else f"APPEAL_L{level}"
            steps.append((name, self.submitted[level]))
            steps.append(("PA_PENDED", self.pended[level]))
            steps.append(("PA_SUBMITTED", self.resubmitted[level]))
            yes = self.result[level] <= MODIFIED
            steps.append(("PA_APPROVED", np.where(yes, self.decided[level], NEVER)))
            steps.append(("PA_DENIED", np.where(yes, NEVER, self.decided[level])))
        return steps

    def write(
        self, rng: np.random.Generator, hub: Hub, case: Array, payer: Array, ended: Array
    ) -> None:
        parent = np.full(len(case), -1)
        for level in range(_APPEALS + 1):
            rows = np.flatnonzero(self.submitted[level] < ended)
            rows = rows[self.submitted[level][rows] < NEVER]
            size = len(rows)
            stops = ended[rows]
            decided = self.decided[level][rows]
            is_withdrawn = stops < decided
            result = np.where(is_withdrawn, WITHDRAWN, self.result[level][rows]).astype(np.int8)
            pended = self.pended[level][rows]
            decided = np.minimum(decided, stops)
            granted = result <= MODIFIED
            identity = hub.authorizations.add(
                case=case[rows],
                parent=parent[rows],
                level=np.full(size, level, dtype=np.int8),
                method=choose(rng, size, (0.4, 0.25, 0.1, 0.05, 0.2)),
                is_expedited=chance(rng, size, 0.12).astype(np.int8),
                submitted=self.submitted[level][rows],
                pended=np.where(pended < decided, pended, NEVER),
                decided=decided,
                result=result,
                payer=payer[rows].astype(np.int8),
                auth_end=np.where(granted, later(decided, 365 * DAY), NEVER),
                denial=np.where(
                    result == REFUSED, choose(rng, size, (0.3, 0.25, 0.2, 0.15, 0.1)), -1
                ).astype(np.int8),
            )
            parent = np.full(len(case), -1)
            parent[rows] = identity


def _authorize(pace: _Pace, request: Request, ready: Array) -> _Chain:
    """Requests for authorisation, pended, decided, appealed up to twice."""
    rng, size = pace.rng, len(ready)
    slow, lenience = PAYER_SLOWNESS[request.payer], PAYER_LENIENCE[request.payer]
    chain = _Chain([], [], [], [], [], np.full(size, NEVER), np.full(size, NEVER))
    for level in range(_APPEALS + 1):
        prepares = pace.lasts(13 if level == 0 else 20, (pace.office + pace.hub) / 2, 0.7)
        submitted = after_office_hours(ready, prepares)
        pended = after_office_hours(submitted, pace.lasts(8, slow))
        pended = np.where(pace.chance(0.18), pended, NEVER)
        resubmitted = after_office_hours(pended, pace.lasts(10, pace.office))
        asked = np.where(pended < NEVER, resubmitted, submitted)
        decided = after_office_hours(asked, pace.lasts(18 * (1 + level), slow))
        odds = lenience + 0.3 + (request.case_type == REAUTH) - 0.8 * level
        yes = pace.chance(1 / (1 + np.exp(-odds)))
        result = np.where(yes, np.where(pace.chance(0.07), MODIFIED, APPROVED), REFUSED)
        appeals = chance(rng, size, 0.55 if level == 0 else 0.35) & (level < _APPEALS) & ~yes
        np.copyto(chain.granted, decided, where=yes & (decided < NEVER))
        np.copyto(chain.refused, decided, where=~yes & ~appeals & (decided < NEVER))
        chain.submitted.append(submitted)
        chain.pended.append(pended)
        chain.resubmitted.append(resubmitted)
        chain.decided.append(decided)
        chain.result.append(result)
        ready = np.where(appeals, decided, NEVER)
    return chain


def _give_up(
    pace: _Pace, request: Request, papers: _Papers, cover: _Coverage, ships: Array
) -> tuple[Array, Array]:
    """When and why cases end without a shipment; NEVER and STARTED where they ship."""
    size, trust = len(ships), request.trust
    patience = _PATIENCE_DAYS[pace.payer_type] * (0.6 + 0.7 * trust)
    gives_up = request.received + (DAY * (1 + pace.rng.exponential(patience))).astype(np.int64)
    gives_up = np.where(request.is_settled, NEVER, gives_up)
    closes_denied = np.where(cover.asks_charity, NEVER, later(cover.refused, 6 * DAY))
    ended = np.minimum(gives_up, closes_denied)
    ended = np.where(ships <= ended, NEVER, ended)
    cost = np.array([0.25, 0.42, 0.1, 0.6])[pace.payer_type]
    luck = pace.rng.random(size)
    office_quits = 0.3 * (1.3 - trust)
    reason = np.select(
        [
            papers.never_consents,
            ended >= NEVER,
            closes_denied <= gives_up,
            luck < cost,
            luck < cost + office_quits,
            luck < cost + office_quits + 0.01,
            luck > 0.82,  # noqa: PLR2004
        ],
        [UNREACHABLE, STARTED, DENIED, DECLINED_COST, CANCELLED, DECEASED, DECLINED_OTHER],
        UNREACHABLE,
    )
    ended = np.where(papers.never_consents, request.received + 30 * DAY, ended)
    return ended, reason.astype(np.int8)


def _settle(
    ledger: Ledger, request: Request, papers: _Papers, cover: _Coverage, ships: Array, ended: Array
) -> None:
    """Promises of hub, pharmacy and payer; one that fell due after the end is void."""
    for start, delivered, hours, weight in (
        (request.received, papers.enrolled, 48, 1.0),
        (cover.asks, cover.verified, 48, 0.7),
        (cover.covered, ships, 96, 1.0),
    ):
        due = later(start, hours * HOUR)
        stands = np.where((ended < due) | request.is_settled, NEVER, start)
        ledger.settle(request.hcp, stands, delivered, due, weight)
    # The payer's slowness rubs off on the brand a little.
    for submitted, decided in zip(cover.chain.submitted, cover.chain.decided, strict=True):
        due = later(submitted, 120 * HOUR)
        ledger.settle(request.hcp, np.where(ended < due, NEVER, submitted), decided, due, 0.25)
