"""Who the customers are, and the look-ups by which every other record finds them."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from golden.files import Record, Records, live, modified_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True)
class Customer:
    """A healthcare professional: a live person account, or an NPI without one."""

    customer_id: str
    npi: str | None
    is_inferred: bool


@dataclass(frozen=True)
class Sources:
    """Records as they stand at `as_of`, with the two look-ups everything needs."""

    as_of: date
    records: Mapping[str, Records]
    account_by_npi: Mapping[str, str]
    product_by_ndc: Mapping[str, str]
    cases: Mapping[str, Record]
    transactions: list[Record]
    territories: Mapping[str, list[tuple[date, str | None]]]

    def live(self, extract: str) -> list[Record]:
        return live(self.records[extract])

    def survivor(self, account_id: str | None) -> Record | None:
        return _survivor(self.records["account"], account_id)

    def parties(self, account_id: str | None) -> tuple[str | None, str | None]:
        """Customer and organisation of an account, at most one of them."""
        account = self.survivor(account_id)
        if account is None:
            return None, None
        return (account["Id"], None) if account["IsPersonAccount"] else (None, account["Id"])

    def customer_of_npi(self, npi: str | None) -> str | None:
        return None if npi is None else self.account_by_npi.get(npi, f"npi:{npi}")

    def territory_on(self, customer_id: str | None, day: date) -> str | None:
        """First territory of the customer's version valid on a day; the first is from always."""
        history = self.territories.get(customer_id or "", [(day, None)])
        begun = bisect_right(history, day, key=lambda version: version[0])
        return history[max(begun, 1) - 1][1]

    def product(self, product_id: str | None) -> str | None:
        return product_id if (product_id,) in self.records["product_vod__c"] else None


def prepare(
    records: Mapping[str, Records], account_versions: Iterable[Record], as_of: date
) -> Sources:
    """Look-ups over the newest records; `account_versions` come from the oldest to the newest."""
    revoked = {
        case["case_id"]
        for case in records["hub_enrollment"].values()
        if case["consent_status"] == "REVOKED"
    }
    return Sources(
        as_of=as_of,
        records=records,
        account_by_npi=_account_by_npi(records["account"]),
        product_by_ndc=_product_by_ndc(records["product_vod__c"]),
        cases={
            case["case_id"]: case
            for case in records["hub_enrollment"].values()
            if case["case_id"] not in revoked
        },
        transactions=[
            transaction
            for transaction in live(records["sp_dispense"])
            if transaction["case_id"] not in revoked
            and happened(transaction["transaction_ts"], as_of)
        ],
        territories=_territories(account_versions),
    )


def _territories(account_versions: Iterable[Record]) -> dict[str, list[tuple[date, str | None]]]:
    """Days from which an account has its first listed territory, in order, one entry per day."""
    by_account: dict[str, dict[date, str | None]] = defaultdict(dict)
    for account in account_versions:
        first, _, _ = (account["Territory_vod__c"] or "").partition(";")
        # The newest version of a day comes last and stands.
        by_account[account["Id"]][modified_at(account).date()] = first.strip() or None
    return {account_id: list(by_day.items()) for account_id, by_day in by_account.items()}


def end_of_merges(accounts: Records, account_id: str | None) -> str | None:
    """Follow merges to the last id, known or not; None for a circle."""
    seen: set[str | None] = set()
    while account_id not in seen:
        seen.add(account_id)
        master = accounts.get((account_id,), {}).get("MasterRecordId")
        if master is None:
            return account_id
        account_id = master
    return None


def _survivor(accounts: Records, account_id: str | None) -> Record | None:
    """The account at the end of the merges; None where it is unknown or gone."""
    account = accounts.get((end_of_merges(accounts, account_id),))
    return account if account and not account["IsDeleted"] else None


def _account_by_npi(accounts: Records) -> dict[str, str]:
    best: dict[str, tuple[Any, str]] = {}
    for account in accounts.values():
        npi = account["NPI_vod__c"]
        survivor = _survivor(accounts, account["Id"])
        if npi is None or survivor is None or not survivor["IsPersonAccount"]:
            continue
        rank = (survivor is account, modified_at(account), account["Id"])
        if npi not in best or rank > best[npi][0]:
            best[npi] = (rank, survivor["Id"])
    return {npi: account_id for npi, (_, account_id) in best.items()}


def _product_by_ndc(products: Records) -> dict[str, str]:
    lowest_id_last = sorted(products.values(), key=lambda product: product["Id"], reverse=True)
    # Sorting keeps the order of equals, and the last product of an NDC stands.
    ranked = sorted(
        lowest_id_last,
        key=lambda product: (product["Product_Type_vod__c"] == "Brand", modified_at(product)),
    )
    return {product["NDC11__c"]: product["Id"] for product in ranked if product["NDC11__c"]}


def customers_of(sources: Sources) -> dict[str, Customer]:
    customers = {
        account["Id"]: Customer(account["Id"], account["NPI_vod__c"], is_inferred=False)
        for account in sources.live("account")
        if account["MasterRecordId"] is None and account["IsPersonAccount"]
    }
    npis = {
        case["hcp_npi"]
        for case in sources.cases.values()
        if happened(case["received_ts"], sources.as_of)
    }
    npis |= {transaction["prescriber_npi"] for transaction in sources.transactions}
    for npi in npis - {None} - set(sources.account_by_npi):
        customers[f"npi:{npi}"] = Customer(f"npi:{npi}", npi, is_inferred=True)
    return customers


def happened(at: datetime | None, as_of: date) -> bool:
    return at is not None and at.date() <= as_of
