"""Copay assistance: what it costs, and how therapies with it last beside those without."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from golden.cvar_bridge import UNASSIGNED
from golden.operations_known import first_of_month
from golden.therapy import GRACE_DAYS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from golden.core import World
    from golden.operations_known import Known

COPAY_START = timedelta(days=30)
DAYS_FOLLOWED = 90 + GRACE_DAYS
UNKNOWN_PAYER = "unknown"
Key = tuple["date", str, str]


@dataclass(frozen=True)
class Copay:
    """Claims, and first fills with and without one, of a month, product and payer type."""

    month: date
    product_id: str
    payer_type: str
    assistance_value: Decimal
    claims: int
    assisted_cases: int
    maxed_out_cases: int
    assisted_starts: int
    unassisted_starts: int
    assisted_followed: int
    assisted_persistent: int
    unassisted_followed: int
    unassisted_persistent: int
    assisted_persistence: float | None
    unassisted_persistence: float | None


@dataclass(frozen=True)
class _Claim:
    case_id: str
    claimed_on: date
    amount: Decimal
    is_maxed_out: bool


@dataclass
class _Start:
    """A journey's first fill; `is_persistent` is null where it is too early to tell."""

    is_assisted: bool
    is_persistent: bool | None


@dataclass
class _Tally:
    claims: list[_Claim] = field(default_factory=list)
    starts: list[_Start] = field(default_factory=list)


def copays_of(known: Known) -> Iterator[Copay]:
    tallies: dict[Key, _Tally] = defaultdict(_Tally)
    first_claimed: dict[str, date] = {}
    for claim in _claims(known.world):
        case_id, claimed_on = claim.case_id, claim.claimed_on
        tallies[_key(known, case_id, claimed_on)].claims.append(claim)
        first_claimed[case_id] = min(claimed_on, first_claimed.get(case_id, claimed_on))
    for journey in known.journeys_to_a_start:
        if journey.first_shipped_at is None:
            continue
        shipped_on = journey.first_shipped_at.date()
        claimed_on = first_claimed.get(journey.case_id, date.max)
        is_followed = (known.world.as_of - shipped_on).days >= DAYS_FOLLOWED
        tallies[_key(known, journey.case_id, shipped_on)].starts.append(
            _Start(
                is_assisted=claimed_on <= shipped_on + COPAY_START,
                is_persistent=journey.persistent_90d is not None if is_followed else None,
            )
        )
    for key, tally in tallies.items():
        yield _copay(key, tally)


def _claims(world: World) -> Iterator[_Claim]:
    """Claims up to `as_of`, but of cases whose consent was revoked."""
    revoked = {key[0] for key in world.sources.records["hub_enrollment"]} - set(world.sources.cases)
    for record in world.sources.live("copay_assist"):
        claimed_on = record["claim_date"]
        if record["case_id"] not in revoked and claimed_on and claimed_on <= world.as_of:
            yield _Claim(
                case_id=record["case_id"],
                claimed_on=claimed_on,
                amount=record["amount"] or Decimal(0),
                is_maxed_out=bool(record["max_out_flag"]),
            )


def _key(known: Known, case_id: str, day: date) -> Key:
    case = known.cases.get(case_id)
    return (
        first_of_month(day),
        (case.product_id if case else None) or UNASSIGNED,
        (case.payer_type if case else None) or UNKNOWN_PAYER,
    )


def _copay(key: Key, tally: _Tally) -> Copay:
    starts = {
        is_assisted: [start for start in tally.starts if start.is_assisted == is_assisted]
        for is_assisted in (True, False)
    }
    followed = {
        is_assisted: [start for start in own if start.is_persistent is not None]
        for is_assisted, own in starts.items()
    }
    persistent = {
        is_assisted: sum(bool(start.is_persistent) for start in own)
        for is_assisted, own in followed.items()
    }
    shares = {
        is_assisted: persistent[is_assisted] / len(own) if own else None
        for is_assisted, own in followed.items()
    }
    return Copay(
        month=key[0],
        product_id=key[1],
        payer_type=key[2],
        assistance_value=sum((claim.amount for claim in tally.claims), Decimal(0)),
        claims=len(tally.claims),
        assisted_cases=len({claim.case_id for claim in tally.claims}),
        maxed_out_cases=len({claim.case_id for claim in tally.claims if claim.is_maxed_out}),
        assisted_starts=len(starts[True]),
        unassisted_starts=len(starts[False]),
        assisted_followed=len(followed[True]),
        assisted_persistent=persistent[True],
        unassisted_followed=len(followed[False]),
        unassisted_persistent=persistent[False],
        assisted_persistence=shares[True],
        unassisted_persistence=shares[False],
    )
