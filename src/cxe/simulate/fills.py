"""Patients on therapy: fills, claims, refills, gaps, and the day they stop."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from cxe.simulate import access
from cxe.simulate.behaviour import AVERAGE_TRUST, NURSE, PHARMACY, Ledger
from cxe.simulate.clock import DAY, HOUR, NEVER, Array, after_office_hours, later
from cxe.simulate.names import UNITS_PER_30_DAYS
from cxe.simulate.scene import Scene
from cxe.simulate.tables import Blocks
from cxe.simulate.world import PAYER_TYPE, chance, choose

_FIELDS = (
    "case", "hcp", "token", "product", "payer", "next_ship", "fill_number", "days_supply",
    "dispense_type", "coverage_ship", "auth_end", "card_used", "is_new",
)  # fmt: skip
CARD_LIMIT = 6000.0
_EARLY_HAZARD, _LATE_HAZARD = 0.055, 0.03
_PAYER_HAZARD = np.array([1.0, 1.15, 1.2, 1.5])
REJECTS = ("70", "75", "76", "78", "79", "88")
REVERSALS = ("RETURNED_TO_STOCK", "BILLING_ERROR", "PATIENT_REFUSED")


@dataclass
class Pharmacy:
    """Everything dispensed so far, and the patients on therapy (one array element each)."""

    patients: dict[str, Array]
    claims: Blocks = field(default_factory=Blocks)
    copays: Blocks = field(default_factory=Blocks)
    contacts: Blocks = field(default_factory=Blocks)
    left_token: Array = field(default_factory=lambda: np.zeros(0, dtype=np.int64))


def open_pharmacy(hcps: int) -> Pharmacy:
    """No patients yet; `left_token` will hold each HCP's last patient who stopped."""
    return Pharmacy(
        {name: np.zeros(0, dtype=np.int64) for name in _FIELDS},
        left_token=np.full(hcps, -1, dtype=np.int64),
    )


def admit(rng: np.random.Generator, pharmacy: Pharmacy, opened: access.Opened) -> None:
    """Patients who will be shipped to join; a re-authorised one goes on under its new case."""
    starts = np.flatnonzero(opened.first_ship < NEVER)
    size = len(starts)
    request = opened.request
    joins = {
        "case": opened.case[starts],
        "hcp": request.hcp[starts],
        "token": request.token[starts],
        "product": request.product[starts],
        "payer": request.payer[starts],
        "next_ship": opened.first_ship[starts],
        "fill_number": np.ones(size, dtype=np.int64),
        "days_supply": np.where(chance(rng, size, 0.18), 90, 30),
        "dispense_type": opened.dispense_type[starts],
        "coverage_ship": opened.coverage_ship[starts],
        "auth_end": opened.auth_end[starts],
        "card_used": np.zeros(size),
        "is_new": np.isin(request.case_type[starts], (access.NEW, access.RESTART)),
    }
    joins["days_supply"] = np.where(joins["dispense_type"] == access.PAID, joins["days_supply"], 30)
    for name in _FIELDS:
        pharmacy.patients[name] = np.concatenate([pharmacy.patients[name], joins[name]])


def renewals(pharmacy: Pharmacy, month_end: int) -> dict[str, Array]:
    """Patients whose authorisation ends: they leave their case and need a new one."""
    patients = pharmacy.patients
    ends = patients["auth_end"] < month_end
    leaving = {name: values[ends] for name, values in patients.items()}
    pharmacy.patients = {name: values[~ends] for name, values in patients.items()}
    return leaving


@dataclass(frozen=True)
class Dispensed:
    """A month's paid first fills, which later steps of the world react to."""

    hcp: Array
    case: Array
    delivered: Array


def dispense(
    rng: np.random.Generator,
    scene: Scene,
    hub: access.Hub,
    pharmacy: Pharmacy,
    *,
    has_stopped: Array,
    experience_effect: float,
) -> Dispensed:
    """Fill what is due before the month ends, then let some patients stop."""
    patients = pharmacy.patients
    due = np.flatnonzero(patients["next_ship"] < scene.end)
    now = {name: values[due] for name, values in patients.items()}
    size, hcp, ship = len(due), now["hcp"], now["next_ship"]
    slow = scene.slowness(PHARMACY, hcp, ship)
    days = 1 + np.floor(0.9 * np.exp(0.9 * slow + 0.6 * rng.standard_normal(size)))
    delivered = ship // DAY * DAY + days.astype(np.int64) * DAY
    reversed_for_good = _claim(rng, pharmacy, now, delivered)
    first = now["fill_number"] == 1
    _first_delivery(scene.ledger, hcp[first], ship[first], delivered[first])
    _call_patients(rng, scene, pharmacy, now)
    months = np.maximum(now["days_supply"] // 30, 1)
    # Those renewed, transferred or on the drug when the world began have their first months behind.
    is_early = now["is_new"] & (now["fill_number"] <= 3)  # noqa: PLR2004
    hazard = np.where(is_early, _EARLY_HAZARD, _LATE_HAZARD)
    hazard = hazard * _PAYER_HAZARD[PAYER_TYPE[now["payer"]]]
    hazard = hazard * np.exp(-1.5 * experience_effect * (scene.trust[hcp] - AVERAGE_TRUST))
    hazard = np.minimum(hazard * np.where(has_stopped[hcp], 2.0, 1.0), 0.9)
    stops = chance(rng, size, 1 - (1 - hazard) ** months)
    is_bridge = now["dispense_type"] == access.BRIDGE
    stops |= reversed_for_good & chance(rng, size, 0.5)
    stops = np.where(is_bridge, now["coverage_ship"] >= NEVER, stops)
    gap = _gaps(rng, size)
    next_ship = later(ship, (now["days_supply"] + gap) * DAY)
    next_ship = np.where(is_bridge, np.maximum(now["coverage_ship"], ship + 20 * DAY), next_ship)
    patients["next_ship"][due] = np.where(stops, NEVER, next_ship)
    patients["fill_number"][due] += 1
    became_paid = is_bridge | (now["dispense_type"] == access.QUICK_START)
    patients["dispense_type"][due] = np.where(became_paid, access.PAID, now["dispense_type"])
    patients["card_used"][due] = now["card_used"]
    _discharge(rng, hub, pharmacy, due[stops], ship[stops] + now["days_supply"][stops] * DAY)
    return Dispensed(hcp[first], now["case"][first], later(delivered[first], 12 * HOUR))


def _gaps(rng: np.random.Generator, size: int) -> Array:
    kind = choose(rng, size, (0.78, 0.17, 0.05))
    late = np.array([0.0, 10.0, 50.0])[kind]
    spread = np.array([2.5, 5.0, 15.0])[kind]
    return np.maximum(late + spread * rng.standard_normal(size), -6)


def _discharge(
    rng: np.random.Generator, hub: access.Hub, pharmacy: Pharmacy, rows: Array, at: Array
) -> None:
    patients = pharmacy.patients
    reason = np.where(chance(rng, len(rows), 0.2), access.THERAPY_ADVERSE, access.THERAPY_COMPLETE)
    told = chance(rng, len(rows), 0.6)
    access.log_step(hub, patients["case"][rows], reason, np.where(told, at, NEVER))
    pharmacy.left_token[patients["hcp"][rows]] = patients["token"][rows]
    stays = np.ones(len(patients["case"]), dtype=bool)
    stays[rows] = False
    pharmacy.patients = {name: values[stays] for name, values in patients.items()}


def _claim(
    rng: np.random.Generator, pharmacy: Pharmacy, now: dict[str, Array], delivered: Array
) -> Array:
    """Claim rows of the month's fills; returns which fills were reversed and not billed again."""
    size, ship, payer_type = len(now["case"]), now["next_ship"], PAYER_TYPE[now["payer"]]
    is_free = now["dispense_type"] != access.PAID
    transaction = ship - rng.integers(HOUR, 30 * HOUR, size)
    share = rng.uniform(0.6, 1.4, size)
    pay = np.where(is_free, 0.0, np.array([60.0, 110.0, 4.0, 600.0])[payer_type] * share)
    has_card = (payer_type == 0) & ~is_free & (now["case"] % 10 < 7)  # noqa: PLR2004
    card = np.where(has_card, np.minimum(pay * 0.85, CARD_LIMIT - now["card_used"]), 0.0)
    now["card_used"] = now["card_used"] + card
    units = np.array(UNITS_PER_30_DAYS)[now["product"]] * (now["days_supply"] / 30)
    common = {
        "case": now["case"].astype(np.int32),
        "fill_number": now["fill_number"].astype(np.int16),
        "sequence": np.where(now["case"] % 2 == 0, 1, -1).astype(np.int8),
        "dispense_type": now["dispense_type"].astype(np.int8),
        "quantity": units.astype(np.float32),
        "days_supply": now["days_supply"].astype(np.int16),
        "written": ship - (3 + now["case"] % 25) * DAY,
    }
    nothing = np.full(size, -1, dtype=np.int8)
    never = np.full(size, NEVER)
    corrected = np.where(chance(rng, size, 0.01), ship + 5 * DAY, NEVER)
    paid = {
        **common,
        "is_reversal": np.zeros(size, dtype=np.int8),
        "transaction": transaction,
        "known": ship,
        "status": np.ones(size, dtype=np.int8),
        "reject": nothing,
        "reversal": nothing,
        "ship": ship,
        "delivered": delivered,
        "pay": (pay - card).astype(np.float32),
        "card": np.where(has_card, card, np.nan).astype(np.float32),
        "corrected": corrected,
        "deleted": never,
    }

    def add(rows: Array, **changed: Array) -> None:
        chosen = {name: values[rows] for name, values in (paid | changed).items()}
        pharmacy.claims.add(**chosen)

    add(np.arange(size))
    unshipped = {"ship": never, "delivered": never, "corrected": never}
    rejected = np.flatnonzero(chance(rng, size, np.where(now["fill_number"] == 1, 0.14, 0.06)))
    tried = transaction - rng.integers(4 * HOUR, 3 * DAY, size)
    add(
        rejected,
        transaction=tried,
        known=tried,
        status=np.zeros(size, dtype=np.int8),
        reject=choose(rng, size, (0.2, 0.35, 0.2, 0.05, 0.15, 0.05)),
        **unshipped,
    )
    shared = np.flatnonzero(chance(rng, size, np.where(payer_type < 2, 0.13, 0.0)))  # noqa: PLR2004
    add(shared, sequence=np.full(size, 2, dtype=np.int8), transaction=transaction + 300)
    undone = transaction + rng.integers(DAY, 12 * DAY, size)
    is_reversed = chance(rng, size, 0.028)
    add(
        np.flatnonzero(is_reversed),
        is_reversal=np.ones(size, dtype=np.int8),
        transaction=undone,
        known=np.maximum(undone, ship),
        status=np.full(size, 2, dtype=np.int8),
        reversal=choose(rng, size, (0.4, 0.4, 0.2)),
        **unshipped,
    )
    is_billed_again = is_reversed & chance(rng, size, 0.65)
    again = undone + rng.integers(HOUR, 3 * DAY, size)
    add(np.flatnonzero(is_billed_again), transaction=again, known=np.maximum(again, ship))
    twice = np.flatnonzero(chance(rng, size, 0.004) & ~is_reversed)
    add(twice, transaction=transaction + 60, deleted=later(ship, 4 * DAY), corrected=never)
    refused = np.flatnonzero(chance(rng, size, 0.006))
    add(
        refused,
        transaction=transaction - HOUR,
        known=transaction - HOUR,
        status=choose(rng, size, (0.0, 0.0, 0.0, 0.5, 0.5)),
        **unshipped,
    )
    helped = np.flatnonzero(has_card & (card > 0))
    pharmacy.copays.add(
        case=now["case"][helped].astype(np.int32),
        at=transaction[helped],
        amount=card[helped].astype(np.float32),
        is_last=(now["card_used"][helped] >= CARD_LIMIT).astype(np.int8),
    )
    return is_reversed & ~is_billed_again


def _first_delivery(ledger: Ledger, hcp: Array, ship: Array, delivered: Array) -> None:
    """The promise counts from the ship date to the end of the day of delivery."""
    ledger.settle(hcp, ship, delivered, ship // DAY * DAY + 71 * HOUR, 0.8)


def _call_patients(
    rng: np.random.Generator,
    scene: Scene,
    pharmacy: Pharmacy,
    now: dict[str, Array],
) -> None:
    """A welcome call after the first fill, tried up to three times; now and then a call later."""
    first = np.flatnonzero(now["fill_number"] == 1)
    hcp, ship, case = now["hcp"][first], now["next_ship"][first], now["case"][first]
    slow = scene.slowness(NURSE, hcp, ship)
    size = len(first)
    at = after_office_hours(ship, 12 * np.exp(slow + 0.6 * rng.standard_normal(size)))
    reached_at = np.full(size, NEVER)
    for _ in range(3):
        outcome = choose(rng, size, (0.66, 0.18, 0.14, 0.02)).astype(np.int8)
        tries = np.flatnonzero(reached_at >= NEVER)
        _log_call(rng, pharmacy, case[tries], at[tries], outcome[tries], is_inbound=False)
        reached_at = np.where((reached_at >= NEVER) & (outcome == 0), at, reached_at)
        at = after_office_hours(at, rng.uniform(6, 16, size))
    scene.ledger.settle(hcp, ship, reached_at, ship // DAY * DAY + 120 * HOUR, 0.6)
    again = np.flatnonzero(~(now["fill_number"] == 1) & chance(rng, len(now["case"]), 0.1))
    at = after_office_hours(now["next_ship"][again], rng.uniform(10, 90, len(again)))
    outcome = choose(rng, len(again), (0.55, 0.25, 0.17, 0.03)).astype(np.int8)
    is_inbound = chance(rng, len(again), 0.2)
    outcome = np.where(is_inbound, 0, outcome).astype(np.int8)
    _log_call(rng, pharmacy, now["case"][again], at, outcome, is_inbound=is_inbound)


def _log_call(
    rng: np.random.Generator,
    pharmacy: Pharmacy,
    case: Array,
    at: Array,
    outcome: Array,
    *,
    is_inbound: Array | bool,
) -> None:
    talked = rng.integers(90, 1500, len(case))
    pharmacy.contacts.add(
        case=case.astype(np.int32),
        at=at,
        outcome=outcome,
        is_inbound=np.broadcast_to(is_inbound, len(case)).astype(np.int8),
        channel=choose(rng, len(case), (0.85, 0.1, 0.05)),
        duration=np.where(outcome == 0, talked, talked % 60 + 5).astype(np.int32),
    )
