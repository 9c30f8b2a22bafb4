"""The core marts computed a second time: plain Python, straight from a folder of extract files.

Written from the definitions alone and sharing nothing with the warehouse but the input contract
(keys, required columns, types), so that an error has to be made twice to go unseen.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from itertools import accumulate, pairwise
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from cxe.contract import load_contract

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from cxe.contract import Extract

PROJECT_DIR = Path(__file__).resolve().parents[3]
CENT = Decimal("0.01")
DEFAULT_DAYS_SUPPLY = 30
DAYS_WITHOUT_FILL_BEFORE_A_START = 365
FREE_GOODS = frozenset({"PAP", "BRIDGE", "QUICK_START"})
PRIMARY_CLAIM = frozenset({None, 1})
ARRIVED = frozenset({"Delivered_vod", "Sent_vod", "Unsubscribed_vod", "Marked_Spam_vod"})
UNWANTED = frozenset({"Unsubscribed_vod", "Marked_Spam_vod"})
INQUIRY_SUBMITTED = frozenset({None, "Submitted_vod", "Closed_vod"})
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
        "medical_inquiry_vod__c",
        "hub_enrollment",
        "sp_dispense",
        "product_price",
        "case",
    }
)
FUNCTION_OF_USER_TYPE = {
    "Sales_vod": "sales",
    "Medical_vod": "medical",
    "Access_vod": "access",
    "Marketing_vod": "marketing",
}

# A record: contract column name -> parsed value, None where empty or unparsable.
Record = dict[str, Any]
Records = dict[tuple[Any, ...], Record]


@dataclass(frozen=True)
class Customer:
    """A healthcare professional: a live person account, or an NPI without one."""

    customer_id: str
    npi: str | None
    is_inferred: bool


@dataclass(frozen=True)
class Fill:
    """A paid, shipped, unreversed fill; `pharmacy_id`, `rx_number`, `fill_number` are its key."""

    pharmacy_id: str | None
    rx_number: str
    fill_number: int
    customer_id: str | None
    case_id: str | None
    product_id: str | None
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


@dataclass(frozen=True)
class Interaction:
    """A touch between the company and a customer or an organisation."""

    type: str
    record_id: str
    customer_id: str | None
    organization_id: str | None
    function: str | None
    direction: str
    is_two_way: bool
    product_id: str | None
    occurred_at: datetime
    touch_cost: Decimal | None
    customer_minutes: int | None


@dataclass(frozen=True)
class CustomerMonth:
    """Value of a customer in a month; `month` is its first day, money is in the one currency."""

    customer_id: str
    month: date
    accrued_value: Decimal
    realized_value: Decimal
    run_rate: float
    is_active: bool
    lapsed: bool | None
    is_writer_silent: bool


@dataclass(frozen=True)
class World:
    """Everything computed; `last_month` is the first day of the panel's last month."""

    as_of: date
    last_month: date
    customers: dict[str, Customer]
    fills: list[Fill]
    interactions: list[Interaction]
    months: list[CustomerMonth]


def compute(extracts: Path, as_of: date | None = None) -> World:
    """Compute the core marts from the files below `extracts`.

    Args:
        extracts: extracts root; CSV files, compressed or not.
        as_of: the world's last day; by default what the newest deliveries are complete through.

    Raises:
        ValueError: a file in a format this module does not read, or no extract that says how far
            the world is complete.
    """
    contract = load_contract(PROJECT_DIR)
    deliveries = {
        extract.name: list(_read_files(extracts, extract))
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
        extract.name: _latest_versions(extract, deliveries[extract.name])
        for extract in contract.values()
        if extract.name in EXTRACTS_USED
    }
    sources = _prepare(records, as_of)
    fills = _fills(sources)
    interactions = list(_interactions(sources))
    last_month = _last_month(as_of)
    return World(
        as_of=as_of,
        last_month=_first_day(last_month),
        customers=_customers(sources),
        fills=fills,
        interactions=interactions,
        months=list(_customer_months(fills, interactions, last_month)),
    )


def count_interactions(interactions: Iterable[Interaction]) -> Counter[tuple[Any, ...]]:
    """Count by type, function, direction, two-way and month: where a difference is, at a glance."""
    return Counter(
        (
            interaction.type,
            interaction.function,
            interaction.direction,
            interaction.is_two_way,
            f"{interaction.occurred_at:%Y-%m}",
        )
        for interaction in interactions
    )


# -- files ------------------------------------------------------------------------------------


def _read_files(extracts: Path, extract: Extract) -> Iterator[tuple[date, list[dict[str, str]]]]:
    """Yield delivery date and rows of every file that is no reject as a whole."""
    name = re.compile(
        rf"{re.escape(extract.name)}__(\d{{4}}-\d\d-\d\d)__(?:full|delta)(?:__\d+)?\.(.+)"
    )
    matches = filter(None, (name.fullmatch(path.name) for path in _files(extracts, extract)))
    seen: set[bytes] = set()
    # The date leads: of the same bytes delivered twice the first delivery holds the rows, and the
    # second tells only how far the extract is complete.
    for match in sorted(matches, key=lambda match: (match[1], match[0])):
        if match[2] not in {"csv", "csv.gz"}:
            raise ValueError(f"{match[0]}: only CSV is read here; teach this module the format")
        content = (extracts / extract.folder / match[0]).read_bytes()
        rows = _csv_rows(extract, content, compressed=match[2] == "csv.gz")
        if rows is not None:
            yield date.fromisoformat(match[1]), [] if content in seen else rows
            seen.add(content)


def _files(extracts: Path, extract: Extract) -> list[Path]:
    folder = extracts / extract.folder
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _csv_rows(extract: Extract, content: bytes, *, compressed: bool) -> list[dict[str, str]] | None:
    """Rows by contract column name; None if the file is rejected as a whole."""
    if compressed:
        try:
            content = gzip.decompress(content)
        except (EOFError, gzip.BadGzipFile):
            return None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    lines = csv.reader(io.StringIO(text, newline=""))
    contract_names = {name.lower(): name for name in extract.column_names}
    header = [contract_names.get(name.strip().lower(), name) for name in next(lines, [])]
    if not {column.name for column in extract.columns if column.required} <= set(header):
        return None
    return [
        dict(zip(header, fields, strict=True))
        for number, fields in enumerate(lines)
        # A line with too many or too few fields is a reject.
        if number >= extract.extra_header_lines and len(fields) == len(header)
    ]


# -- values and versions ----------------------------------------------------------------------


def _bool(text: str) -> bool:
    return {"true": True, "1": True, "y": True, "false": False, "0": False, "n": False}[
        text.lower()
    ]


def _date(text: str) -> date:
    if "/" in text:
        return datetime.strptime(text, "%m/%d/%Y").date()
    return date.fromisoformat(text)


def _timestamp(text: str) -> datetime:
    stamp = datetime.fromisoformat(text)
    return stamp.replace(tzinfo=stamp.tzinfo or UTC).astimezone(UTC)


PARSERS: dict[str, Callable[[str], Any]] = {
    "bool": _bool,
    "int": int,
    "num": Decimal,
    "date": _date,
    "ts": _timestamp,
    "id": str,
    "text": str,
}


def _parse(kind: str, raw: str) -> Any:
    """Parse by contract type; None where empty or unparsable."""
    try:
        return PARSERS[kind](raw.strip()) if raw.strip() else None
    except (KeyError, ValueError, InvalidOperation):
        return None


def _modified_at(record: Record) -> datetime:
    """The modification stamp; records without one come first."""
    stamp: datetime | None = record.get("SystemModstamp") or record.get("modified_ts")
    return stamp or datetime.min.replace(tzinfo=UTC)


def _latest_versions(
    extract: Extract, deliveries: Iterable[tuple[date, list[dict[str, str]]]]
) -> Records:
    """The newest version of every record by key, deleted ones included."""
    required = {column.name for column in extract.columns if column.required}
    evidence = [
        column.name
        for column in extract.columns
        if column.required and column.name not in extract.key and column.type not in {"int", "num"}
    ]
    newest: dict[tuple[Any, ...], tuple[Any, Record]] = {}
    for delivered_on, rows in deliveries:
        for row in rows:
            record = {
                column.name: _parse(column.type, row.get(column.name, ""))
                for column in extract.columns
            }
            key = tuple(record[name] for name in extract.key)
            if any(record[name] is None for name in extract.key if name in required):
                continue
            # A total line: a key, numbers, and nothing else that a record must have.
            if all(record[name] is None for name in evidence):
                continue
            rank = (_modified_at(record), delivered_on, sorted(row.items()))
            if key not in newest or rank > newest[key][0]:
                newest[key] = (rank, record)
    return {key: record for key, (_, record) in newest.items()}


def _live(records: Records) -> list[Record]:
    return [
        record
        for record in records.values()
        if not record.get("IsDeleted") and record.get("record_indicator") != "2"
    ]


# -- customers and products -------------------------------------------------------------------


@dataclass(frozen=True)
class _Sources:
    """Records as they stand at `as_of`, with the two look-ups everything needs."""

    as_of: date
    records: Mapping[str, Records]
    account_by_npi: Mapping[str, str]
    product_by_ndc: Mapping[str, str]
    cases: Mapping[str, Record]
    transactions: list[Record]

    def live(self, extract: str) -> list[Record]:
        return _live(self.records[extract])

    def survivor(self, account_id: str | None) -> Record | None:
        return _survivor(self.records["account"], account_id)

    def customer_of_npi(self, npi: str | None) -> str | None:
        return None if npi is None else self.account_by_npi.get(npi, f"npi:{npi}")

    def product(self, product_id: str | None) -> str | None:
        return product_id if (product_id,) in self.records["product_vod__c"] else None


def _prepare(records: Mapping[str, Records], as_of: date) -> _Sources:
    revoked = {
        case["case_id"]
        for case in records["hub_enrollment"].values()
        if case["consent_status"] == "REVOKED"
    }
    return _Sources(
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
            for transaction in _live(records["sp_dispense"])
            if transaction["case_id"] not in revoked
            and _happened(transaction["transaction_ts"], as_of)
        ],
    )


def _end_of_merges(accounts: Records, account_id: str | None) -> str | None:
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
    account = accounts.get((_end_of_merges(accounts, account_id),))
    return account if account and not account["IsDeleted"] else None


def _account_by_npi(accounts: Records) -> dict[str, str]:
    best: dict[str, tuple[Any, str]] = {}
    for account in accounts.values():
        npi = account["NPI_vod__c"]
        survivor = _survivor(accounts, account["Id"])
        if npi is None or survivor is None or not survivor["IsPersonAccount"]:
            continue
        rank = (survivor is account, _modified_at(account), account["Id"])
        if npi not in best or rank > best[npi][0]:
            best[npi] = (rank, survivor["Id"])
    return {npi: account_id for npi, (_, account_id) in best.items()}


def _product_by_ndc(products: Records) -> dict[str, str]:
    ranked = sorted(
        products.values(),
        key=lambda product: (
            product["Product_Type_vod__c"] == "Brand",
            _modified_at(product),
            product["Id"],
        ),
    )
    # The last of equal keys stands.
    return {product["NDC11__c"]: product["Id"] for product in ranked if product["NDC11__c"]}


def _customers(sources: _Sources) -> dict[str, Customer]:
    customers = {
        account["Id"]: Customer(account["Id"], account["NPI_vod__c"], is_inferred=False)
        for account in sources.live("account")
        if account["MasterRecordId"] is None and account["IsPersonAccount"]
    }
    npis = {
        case["hcp_npi"]
        for case in sources.cases.values()
        if _happened(case["received_ts"], sources.as_of)
    }
    npis |= {transaction["prescriber_npi"] for transaction in sources.transactions}
    for npi in npis - {None} - set(sources.account_by_npi):
        customers[f"npi:{npi}"] = Customer(f"npi:{npi}", npi, is_inferred=True)
    return customers


def _happened(at: datetime | None, as_of: date) -> bool:
    return at is not None and at.date() <= as_of


# -- fills ------------------------------------------------------------------------------------


def _fills(sources: _Sources) -> list[Fill]:
    """Fills in the order they shipped."""
    return _priced(sources, _standing_claims(sources))


def _standing_claims(sources: _Sources) -> list[Record]:
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
        max(unreversed, key=lambda claim: (claim["transaction_ts"], _modified_at(claim)))
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


def _priced(sources: _Sources, standing: list[Record]) -> list[Fill]:
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
                product_id=sources.product_by_ndc.get(claim["ndc11"]),
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


# -- interactions -----------------------------------------------------------------------------


def _interactions(sources: _Sources) -> Iterator[Interaction]:
    touches = [*_calls(sources), *_other_crm_touches(sources), *_access_and_support(sources)]
    costs = _touch_costs()
    for touch in touches:
        account = sources.survivor(touch.account_id)
        customer_id, organization_id = touch.customer_id, None
        if account and account["IsPersonAccount"]:
            customer_id = account["Id"]
        elif account:
            organization_id = account["Id"]
        cost, minutes = costs.get((touch.function, touch.channel), (None, None))
        yield Interaction(
            type=touch.type,
            record_id=touch.record_id,
            customer_id=customer_id,
            organization_id=organization_id,
            function=touch.function,
            direction=touch.direction,
            is_two_way=touch.is_two_way,
            product_id=sources.product(touch.product_id),
            occurred_at=touch.at,
            touch_cost=cost,
            customer_minutes=minutes,
        )


@dataclass(frozen=True)
class _Touch:
    """An interaction by what its record refers to."""

    type: str
    record_id: str
    at: datetime
    function: str | None
    channel: str
    direction: str = "inbound"
    is_two_way: bool = True
    account_id: str | None = None
    customer_id: str | None = None
    product_id: str | None = None


def _calls(sources: _Sources) -> Iterator[_Touch]:
    accounts = sources.records["account"]
    calls = {call["Id"]: call for call in sources.live("call2_vod__c")}

    def group(call_id: str) -> str:
        return (call_id in calls and calls[call_id]["Parent_Call_vod__c"]) or call_id

    def person(account_id: str) -> str:
        return _end_of_merges(accounts, account_id) or account_id

    answered = {
        (group(message["Call2_vod__c"]), person(message["Account_vod__c"]))
        for message in sources.live("call2_key_message_vod__c")
        if message["Reaction_vod__c"] in {"Positive_vod", "Negative_vod"}
    }
    details: dict[str, list[tuple[float, str, str]]] = defaultdict(list)
    for detail in sources.live("call2_detail_vod__c"):
        priority = detail["Detail_Priority_vod__c"]
        details[detail["Call2_vod__c"]].append(
            (
                float("inf") if priority is None else priority,
                detail["Id"],
                detail["Product_vod__c"],
            )
        )
    met: set[tuple[str, str]] = set()
    for call_id, call in sorted(calls.items()):
        meeting = (group(call_id), person(call["Account_vod__c"]))
        if (
            call["Status_vod__c"] != "Submitted_vod"
            or not _happened(call["Call_Datetime_vod__c"], sources.as_of)
            or not _is_with_a_person(sources, call)
            or meeting in met
        ):
            continue
        met.add(meeting)
        owner = sources.records["user"].get((call["OwnerId"],), {})
        channel = (call["Call_Channel_vod__c"] or "unspecified").removesuffix("_vod").lower()
        yield _Touch(
            type="call",
            record_id=call_id,
            at=call["Call_Datetime_vod__c"],
            function=FUNCTION_OF_USER_TYPE.get(owner.get("User_Type_vod__c", "")),
            channel=channel,
            direction="outbound",
            is_two_way=meeting in answered,
            account_id=call["Account_vod__c"],
            product_id=min(details[call_id])[2] if call_id in details else None,
        )


def _is_with_a_person(sources: _Sources, call: Record) -> bool:
    accounts = sources.records["account"]
    # A deleted account is no customer, but it still tells whether a person was called on.
    account = accounts.get((_end_of_merges(accounts, call["Account_vod__c"]),))
    if account is None:
        return call["Attendee_Type_vod__c"] in {None, "Person_Account_vod"}
    return bool(account["IsPersonAccount"])


def _other_crm_touches(sources: _Sources) -> Iterator[_Touch]:
    for email in sources.live("sent_email_vod__c"):
        if email["Status_vod__c"] in ARRIVED and _happened(
            email["Email_Sent_Date_vod__c"], sources.as_of
        ):
            yield _Touch(
                type="email",
                record_id=email["Id"],
                at=email["Email_Sent_Date_vod__c"],
                function="marketing" if email["Campaign__c"] else "sales",
                channel="email",
                direction="outbound",
                is_two_way=bool(email["Clicked_vod__c"]) and email["Status_vod__c"] not in UNWANTED,
                account_id=email["Account_vod__c"],
                product_id=email["Product_vod__c"],
            )
    for attendee in sources.live("em_attendee_vod__c"):
        if attendee["Status_vod__c"] == "Attended_vod" and _happened(
            attendee["Event_Start__c"], sources.as_of
        ):
            yield _Touch(
                type="event",
                record_id=attendee["Id"],
                at=attendee["Event_Start__c"],
                function="marketing",
                channel="event",
                direction="outbound",
                account_id=attendee["Account_vod__c"],
            )
    for visit in sources.live("multichannel_activity_vod__c"):
        if visit["Call_vod__c"] is None and _happened(
            visit["Start_DateTime_vod__c"], sources.as_of
        ):
            yield _Touch(
                type="digital",
                record_id=visit["Id"],
                at=visit["Start_DateTime_vod__c"],
                function="marketing",
                channel="digital",
                account_id=visit["Account_vod__c"],
            )
    for inquiry in sources.live("medical_inquiry_vod__c"):
        if inquiry["Status_vod__c"] in INQUIRY_SUBMITTED and _happened(
            inquiry["Submitted_Date__c"], sources.as_of
        ):
            yield _Touch(
                type="inquiry",
                record_id=inquiry["Id"],
                at=inquiry["Submitted_Date__c"],
                function="medical",
                channel="inquiry",
                account_id=inquiry["Account_vod__c"],
                product_id=inquiry["Product_vod__c"],
            )


def _access_and_support(sources: _Sources) -> Iterator[_Touch]:
    for case in sources.cases.values():
        if _happened(case["received_ts"], sources.as_of):
            yield _Touch(
                type="enrollment",
                record_id=case["case_id"],
                at=case["received_ts"],
                function="access",
                channel=f"hub_{(case['referral_source'] or 'unspecified').lower()}",
                customer_id=sources.customer_of_npi(case["hcp_npi"]),
                product_id=sources.product_by_ndc.get(case["ndc11"]),
            )
    for case in sources.live("case"):
        if _happened(case["CreatedDate"], sources.as_of):
            yield _Touch(
                type="support_case",
                record_id=case["Id"],
                at=case["CreatedDate"],
                function="support",
                channel=(case["Origin"] or "unspecified").lower(),
                account_id=case["AccountId"],
            )


def _touch_costs() -> dict[tuple[str | None, str], tuple[Decimal, int]]:
    with (PROJECT_DIR / "seeds/touch_costs.csv").open(encoding="utf-8", newline="") as seed:
        return {
            (row["function"], row["channel"]): (Decimal(row["cost"]), int(row["customer_minutes"]))
            for row in csv.DictReader(seed)
        }


# -- value per customer and month ---------------------------------------------------------------
#
# A month is a number here, year x 12 + month - 1, so that windows are plain ranges.


def _month(day: date) -> int:
    return day.year * 12 + day.month - 1


def _first_day(month: int) -> date:
    return date(month // 12, month % 12 + 1, 1)


def _last_day(month: int) -> date:
    return _first_day(month + 1) - timedelta(days=1)


def _last_month(as_of: date) -> int:
    month = _month(as_of)
    return month if as_of == _last_day(month) else month - 1


def _six_months_after(day: date) -> date:
    """Same day of the month, or the month's last day where it is shorter."""
    month = _month(day) + 6
    return min(_first_day(month) + timedelta(days=day.day - 1), _last_day(month))


def _customer_months(
    fills: list[Fill], interactions: list[Interaction], last_month: int
) -> Iterator[CustomerMonth]:
    first_seen: dict[str, int] = {}
    fills_of: dict[str, list[Fill]] = defaultdict(list)
    # Hub cases need no mention: each one received is an interaction.
    for customer_id, day in [
        *((fill.customer_id, fill.shipped_on) for fill in fills),
        *((touch.customer_id, touch.occurred_at.date()) for touch in interactions),
    ]:
        if customer_id is not None:
            first_seen[customer_id] = min(_month(day), first_seen.get(customer_id, _month(day)))
    for fill in fills:
        if fill.customer_id is not None:
            fills_of[fill.customer_id].append(fill)
    for customer_id, first_month in first_seen.items():
        cents = _accrued_cents(fills_of[customer_id])
        # A customer accrues nothing before the first fill, so sums may start at the first month.
        so_far = list(accumulate(cents[month] for month in range(first_month, last_month + 1)))
        starts = sorted(fill.shipped_on for fill in fills_of[customer_id] if fill.is_start)
        first_accrual = min((month for month, amount in cents.items() if amount), default=None)
        for at, month in enumerate(range(first_month, last_month + 1)):
            is_active = _trailing(so_far, at, months=3) != 0
            lapsed: bool | None = False
            if is_active:
                lapsed = (
                    None if month + 3 > last_month else _trailing(so_far, at + 3, months=3) == 0
                )
            run_rate = 0.0
            if first_accrual is not None and first_accrual <= month:
                run_rate = _trailing(so_far, at, months=6) / 100 / min(6, month - first_accrual + 1)
            yield CustomerMonth(
                customer_id=customer_id,
                month=_first_day(month),
                accrued_value=Decimal(cents[month]) / 100,
                realized_value=Decimal(_trailing(so_far, at, months=12)) / 100,
                run_rate=run_rate,
                is_active=is_active,
                lapsed=lapsed,
                is_writer_silent=_is_writer_silent(starts, _last_day(month)),
            )


def _accrued_cents(fills: list[Fill]) -> Counter[int]:
    """Value in cents by month.

    What the days so far have earned is rounded, not each month's part: the parts add up.
    """
    accrued: Counter[int] = Counter()
    for fill in fills:
        cents, supply = int(fill.net_value * 100), fill.days_supply
        month, days, earned = _month(fill.shipped_on), 0, 0
        while days < supply:
            days = min(supply, (_last_day(month) - fill.shipped_on).days + 1)
            earned_by_now = (2 * cents * days + supply) // (2 * supply)
            accrued[month] += earned_by_now - earned
            earned = earned_by_now
            month += 1
    return accrued


def _trailing(so_far: list[int], at: int, *, months: int) -> int:
    return so_far[at] - (so_far[at - months] if at >= months else 0)


def _is_writer_silent(all_starts: list[date], month_end: date) -> bool:
    starts = [start for start in all_starts if start <= month_end]
    if not starts:
        return False
    gaps = [(later - earlier).days for earlier, later in pairwise(starts)]
    usual_gap = median(gaps) if gaps else 0
    return (
        month_end > _six_months_after(starts[-1]) and (month_end - starts[-1]).days > 2 * usual_gap
    )
