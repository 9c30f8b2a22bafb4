"""The pharmacies' extracts and the price list, from what was dispensed."""

from __future__ import annotations

from datetime import date

import numpy as np

from cxe.simulate import access, fills
from cxe.simulate.access_tables import case_id, mask_token
from cxe.simulate.clock import DAY, NEVER, Array, seconds
from cxe.simulate.names import MARGIN_RATES, NDCS, PAYER_TYPES, PHARMACIES, UNIT_PRICES
from cxe.simulate.tables import Change, Column, Table, code, number_id
from cxe.simulate.world import World, pharmacy_of

# Payer types with a net price of their own, by product, as a factor on the list price.
_OWN_PRICES = (
    (0, "MEDICAID", 0.58),
    (0, "MEDICARE_D", 0.81),
    (1, "MEDICAID", 0.66),
    (2, "MEDICAID", 0.61),
    (2, "COMMERCIAL", 0.93),
)
_YEARLY_RISE = 1.04
_PRICE_NOTICE = 30 * DAY
_FIRST_RX = 7_000_000
# Half of the pharmacies mark a corrected row as an overwrite, the others just send it again.
_MARKS_OVERWRITES = np.array([1, 1, 0, 0])


def dispenses(world: World, cases: dict[str, Array], claims: dict[str, Array]) -> Table:
    """sp_dispense: claim rows; confirmations of delivery arrive later."""
    case = claims["case"]
    pharmacy = pharmacy_of(case)
    delivered = claims["delivered"]
    mark = _MARKS_OVERWRITES[pharmacy]
    is_paid = claims["dispense_type"] == access.PAID
    was_doubled = claims["corrected"] < NEVER
    return Table(
        columns={
            # Counted within the pharmacy: the same number stands for other patients elsewhere.
            "rx_number": number_id("", _FIRST_RX + case // len(PHARMACIES)),
            "payer_sequence": Column("int", claims["sequence"]),
            # The last pharmacy leaves the usual type empty.
            "dispense_type": code(
                np.where(is_paid & (pharmacy == len(PHARMACIES) - 1), -1, claims["dispense_type"]),
                access.DISPENSE_TYPES,
            ),
            "fill_number": Column("int", claims["fill_number"]),
            "transaction_code": code(claims["is_reversal"], ("B1", "B2")),
            "transaction_ts": Column("ts", claims["transaction"]),
            "record_indicator": code(np.zeros(len(case), dtype=np.int8), ("0", "1", "2")),
            "claim_status": code(claims["status"], ("0", "1", "2", "3", "4")),
            "case_id": case_id(case),
            "patient_token": number_id("PT", mask_token(cases["token"][case])),
            "prescriber_npi": number_id("", world.npi[cases["hcp"][case]]),
            "ndc11": code(cases["product"][case], NDCS),
            "quantity": Column("num", claims["quantity"] * np.where(was_doubled, 2, 1)),
            "days_supply": Column("int", claims["days_supply"]),
            "date_written": Column("date", claims["written"]),
            "ship_date": Column("date", claims["ship"]),
            "delivered_date": Column("date", np.full(len(case), NEVER)),
            "sp_id": code(pharmacy, PHARMACIES),
            "reject_code": code(claims["reject"], fills.REJECTS),
            "patient_pay": Column("num", claims["pay"]),
            "copay_card_amt": Column("num", claims["card"]),
            "reversal_reason": code(claims["reversal"], fills.REVERSALS),
        },
        created=claims["known"],
        stamp="modified_ts",
        changes=(
            Change(
                np.where(delivered < NEVER, delivered + DAY // 2, NEVER),
                {"delivered_date": delivered, "record_indicator": mark},
            ),
            Change(claims["corrected"], {"quantity": claims["quantity"], "record_indicator": 1}),
            Change(claims["deleted"], {"record_indicator": 2}),
        ),
    )


def copay_claims(rows: dict[str, Array]) -> Table:
    """copay_assist."""
    return Table(
        columns={
            "claim_id": number_id("CP", np.arange(len(rows["case"]))),
            "case_id": case_id(rows["case"]),
            "claim_date": Column("date", rows["at"]),
            "amount": Column("num", rows["amount"]),
            "max_out_flag": Column("bool", rows["is_last"]),
        },
        created=rows["at"],
        stamp="modified_ts",
    )


def nurse_contacts(rows: dict[str, Array]) -> Table:
    """nurse_contact."""
    return Table(
        columns={
            "contact_id": number_id("NC", np.arange(len(rows["case"]))),
            "case_id": case_id(rows["case"]),
            "channel": code(rows["channel"], ("PHONE", "SMS", "VIDEO")),
            "direction": code(rows["is_inbound"], ("OUTBOUND", "INBOUND")),
            "start_ts": Column("ts", rows["at"]),
            "duration_s": Column("int", rows["duration"]),
            "outcome": code(rows["outcome"], ("REACHED", "VOICEMAIL", "NO_ANSWER", "REFUSED")),
        },
        created=rows["at"] + rows["duration"],
        stamp="modified_ts",
    )


def prices(world: World) -> Table:
    """product_price: a list price per product, own prices of some payer types, a rise each year."""
    first = world.calendar.first_days[0].year
    last = world.calendar.first_days[-1].year
    own = [(product, "", 1.0) for product in range(len(NDCS))] + list(_OWN_PRICES)
    rows = [
        (product, payer_type, year, UNIT_PRICES[product] * factor * _YEARLY_RISE ** (year - first))
        for year in range(first, last + 1)
        for product, payer_type, factor in own
    ]
    product = np.array([row[0] for row in rows])
    valid_from = np.array([_first_of_year(row[2]) for row in rows])
    payer_type = [PAYER_TYPES.index(row[1]) if row[1] else -1 for row in rows]
    return Table(
        columns={
            "ndc11": code(product, NDCS),
            "payer_type": code(np.array(payer_type), PAYER_TYPES),
            "valid_from": Column("date", valid_from),
            "net_unit_price": Column("num", np.array([row[3] for row in rows])),
            "margin_rate": Column("num", np.array(MARGIN_RATES)[product]),
        },
        created=valid_from - _PRICE_NOTICE,
        stamp="modified_ts",
    )


def _first_of_year(year: int) -> int:
    return seconds(date(year, 1, 1))
