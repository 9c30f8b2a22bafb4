"""The core marts computed a second time: plain Python, straight from a folder of extract files.

Written from the definitions alone and sharing nothing with the warehouse but the input contract
(keys, required columns, types), so that an error has to be made twice to go unseen.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path

from cxe.contract import load_contract
from golden.customers import Customer, Sources, customers_of, prepare
from golden.files import latest_versions, read_files, versions
from golden.fills import Fill, fills_of
from golden.interactions import Interaction, interactions_of
from golden.months import CustomerMonth, customer_months, first_day, last_complete_month, month_of

PROJECT_DIR = Path(__file__).resolve().parents[3]
EXTRACTS_USED = frozenset(
    {
        "account",
        "user",
        "product_vod__c",
        "call2_vod__c",
        "call2_detail_vod__c",
        "call2_key_message_vod__c",
        "sent_email_vod__c",
        "em_attendee_vod__c",
        "multichannel_activity_vod__c",
        "multichannel_consent_vod__c",
        "medical_inquiry_vod__c",
        "access_barrier__c",
        "hub_enrollment",
        "hub_status_history",
        "benefit_verification",
        "prior_auth",
        "sp_dispense",
        "nurse_contact",
        "product_price",
        "copay_assist",
        "case",
        "case_history",
        "survey_response",
    }
)


@dataclass(frozen=True)
class World:
    """Everything computed; `last_month` is the first day of the panel's last month."""

    sources: Sources
    as_of: date
    last_month: date
    customers: dict[str, Customer]
    fills: list[Fill]
    interactions: list[Interaction]
    months: list[CustomerMonth]

    @cached_property
    def panel(self) -> range:
        """Months from the first event of any customer to the last month, as numbers."""
        first = min((month_of(row.month) for row in self.months), default=0)
        return range(first, month_of(self.last_month) + 1 if first else 0)


def compute(extracts: Path, as_of: date | None = None) -> World:
    """Compute the core marts from the files below `extracts`.

    Args:
        extracts: extracts root.
        as_of: the world's last day; by default what the newest deliveries are complete through.

    Raises:
        ValueError: no extract says how far the world is complete.
    """
    contract = load_contract(PROJECT_DIR)
    deliveries = {
        extract.name: list(read_files(extracts, extract))
        for extract in contract.values()
        if extract.drives_as_of_date or extract.name in EXTRACTS_USED
    }
    if as_of is None:
        as_of = min(
            max(delivered_on for delivered_on, _ in deliveries[extract.name])
            for extract in contract.values()
            if extract.drives_as_of_date and deliveries[extract.name]
        ) - timedelta(days=1)
    records = {
        extract.name: latest_versions(extract, deliveries[extract.name])
        for extract in contract.values()
        if extract.name in EXTRACTS_USED
    }
    sources = prepare(records, versions(contract["crm", "account"], deliveries["account"]), as_of)
    fills = fills_of(sources)
    interactions = list(interactions_of(sources))
    last_month = last_complete_month(as_of)
    return World(
        sources=sources,
        as_of=as_of,
        last_month=first_day(last_month),
        customers=customers_of(sources),
        fills=fills,
        interactions=interactions,
        months=list(customer_months(fills, interactions, last_month)),
    )
