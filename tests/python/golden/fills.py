"""Fills: one paid, shipped, unreversed claim each, with price, value and start."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from golden.files import Record, modified_at

if TYPE_CHECKING:
    from golden.customers import Sources

CENT = Decimal("0.01")
DEFAULT_DAYS_SUPPLY = 30
DAYS_WITHOUT_FILL_BEFORE_A_START = 365
FREE_GOODS = frozenset({"PAP", "BRIDGE", "QUICK_START"})
PRIMARY_CLAIM = frozenset({None, 1})


@dataclass(frozen=True)
class Fill:
    """A paid, shipped, unreversed fill; `pharmacy_id`, `rx_number`, `fill_number` are its key."""

    pharmacy_id: str | None
    rx_number: str
    fill_number: int
    customer_id: str | None
    case_id: str | None
    patient: str | None
    product_id: str | None
    ndc: str | None
    payer_type: str | None
    dispense_type: str
    shipped_on: date
    delivered_on: date | None
    quantity: Decimal | None
    days_supply: int
    net_value: Decimal
    margin: Decimal
    is_start: bool
    is_first_fill_of_case: bool


def fills_of(sources: Sources) -> list[Fill]:
    """Fills in the order they shipped."""
    return _priced(sources, _standing_claims(sources))


def _standing_claims(sources: Sources) -> list[Record]:
    """The one paid, shipped and unreversed claim of every fill, in the order they shipped."""
    claims: dict[tuple[Any, ...], list[Record]] = defaultdict(list)
    reversed_at: dict[tuple[Any, ...], datetime] = {}
    for transaction in sources.transactions:
        key = (transaction["sp_id"], transaction["rx_number"], transaction["fill_number"])
        at = transaction["transaction_ts"]
        if transaction["payer_sequence"] not in PRIMARY_CLAIM:
            continue
        if transaction["transaction_code"] == "B2":
            reversed_at[key] = max(at, reversed_at.get(key, at))
        elif (
            transaction["transaction_code"] == "B1"
            and transaction["claim_status"] == "1"
            and transaction["ship_date"] is not None
            and transaction["ship_date"] <= sources.as_of
        ):
            claims[key].append(transaction)
    standing = [
        max(
            unreversed,
            key=lambda claim: (
                claim["transaction_ts"],
                modified_at(claim),
                claim["payer_sequence"] is not None,
            ),
        )
        for key, candidates in claims.items()
        if (
            unreversed := [
                claim
                for claim in candidates
                if key not in reversed_at or reversed_at[key] <= claim["transaction_ts"]
            ]
        )
    ]
    standing.sort(
        key=lambda claim: (
            claim["ship_date"],
            claim["transaction_ts"],
            claim["sp_id"] or "",
            claim["rx_number"],
            claim["fill_number"],
        )
    )
    return standing


def _priced(sources: Sources, standing: list[Record]) -> list[Fill]:
    prices = _price_lists(sources.live("product_price"))
    last_shipped: dict[tuple[str, str], date] = {}
    cases_filled: set[str] = set()
    fills = []
    for claim in standing:
        case_id, shipped_on = claim["case_id"], claim["ship_date"]
        is_start = False
        if claim["patient_token"] is not None:
            therapy = (claim["patient_token"], claim["ndc11"])
            before = last_shipped.get(therapy)
            is_start = (
                before is None or (shipped_on - before).days >= DAYS_WITHOUT_FILL_BEFORE_A_START
            )
            last_shipped[therapy] = shipped_on
        is_first_fill_of_case = case_id is not None and case_id not in cases_filled
        if case_id is not None:
            cases_filled.add(case_id)
        payer_type = sources.cases[case_id]["payer_type"] if case_id in sources.cases else None
        dispense_type = claim["dispense_type"] or "COMMERCIAL"
        unit_price, margin_rate = _price(prices, claim["ndc11"], payer_type, shipped_on)
        if dispense_type in FREE_GOODS:
            unit_price = Decimal(0)
        net_value = _to_the_cent((claim["quantity"] or Decimal(0)) * unit_price)
        days_supply = claim["days_supply"]
        is_delivered = claim["delivered_date"] and claim["delivered_date"] <= sources.as_of
        fills.append(
            Fill(
                pharmacy_id=claim["sp_id"],
                rx_number=claim["rx_number"],
                fill_number=claim["fill_number"],
                customer_id=sources.customer_of_npi(claim["prescriber_npi"]),
                case_id=case_id,
                patient=claim["patient_token"],
                product_id=sources.product_by_ndc.get(claim["ndc11"]),
                ndc=claim["ndc11"],
                payer_type=payer_type,
                dispense_type=dispense_type,
                shipped_on=shipped_on,
                delivered_on=claim["delivered_date"] if is_delivered else None,
                quantity=claim["quantity"],
                days_supply=days_supply if days_supply and days_supply > 0 else DEFAULT_DAYS_SUPPLY,
                net_value=net_value,
                margin=_to_the_cent(net_value * margin_rate),
                is_start=is_start,
                is_first_fill_of_case=is_first_fill_of_case,
            )
        )
    return fills


PriceLists = dict[tuple[str, str | None], list[tuple[date, Decimal, Decimal]]]


def _price_lists(prices: list[Record]) -> PriceLists:
    lists: PriceLists = defaultdict(list)
    for price in prices:
        lists[price["ndc11"], price["payer_type"]].append(
            (
                price["valid_from"],
                price["net_unit_price"] or Decimal(0),
                price["margin_rate"] or Decimal(0),
            )
        )
    return lists


def _price(
    prices: PriceLists, ndc11: str | None, payer_type: str | None, on: date
) -> tuple[Decimal, Decimal]:
    """Net unit price and margin rate in force; zeros without a price."""
    for payer in (payer_type, None):
        in_force = [price for price in prices.get((ndc11 or "", payer), []) if price[0] <= on]
        if in_force:
            _, unit_price, margin_rate = max(in_force)
            return unit_price, margin_rate
    return Decimal(0), Decimal(0)


def _to_the_cent(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)
