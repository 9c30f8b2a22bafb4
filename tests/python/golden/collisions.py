"""Small worlds of collisions: tiny pools of ids and times, so that every rule has to decide.

A believable world rarely has two claims of one instant, or an NPI on four accounts; here that is
the normal case. What no rule decides stays apart: versions of one record differ in their stamp.
"""

from __future__ import annotations

import csv
import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

Row = dict[str, object]

DELIVERIES = ("2025-06-01", "2025-09-01", "2026-01-01")
# Events lie before the first price, and some after the world's last day, the last of 2025.
FIRST_DAY = datetime(2024, 1, 1, tzinfo=UTC)
DAYS = 790
TIMESTAMP_FORMATS = (
    "%Y-%m-%dT%H:%M:%SZ",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%dT%H:%M:%S-05:00",
    "%Y-%m-%dT%H:%M:%S+02:00",
)
# Few instants, one of them written in two ways, and one after the last day.
INSTANTS = (
    "2024-05-01T02:00:00+02:00",
    "2025-03-01T00:00:00Z",
    "2025-03-01 00:00:00",
    "2025-06-01T00:00:00Z",
    "2026-01-05T00:00:00Z",
)
STAMPS_OF_FEW = ("2025-01-01T00:00:00Z", "2025-02-01T00:00:00Z", "2025-03-01T00:00:00Z")
PEOPLE = tuple(f"A{number:02d}" for number in range(40))
ORGANIZATIONS = tuple(f"O{number}" for number in range(6))
UNKNOWN_ACCOUNTS = ("A98", "A99")
ACCOUNTS = PEOPLE + ORGANIZATIONS + UNKNOWN_ACCOUNTS
ATTENDEES = PEOPLE[:3]
NPIS = tuple(f"15500000{number:02d}" for number in range(30))
PRESCRIBERS = (*NPIS, "1559999901", "1559999902")
USERS = tuple(f"U{number}" for number in range(6))
USER_TYPES = ("Sales_vod", "Medical_vod", "Access_vod", "Marketing_vod")
PRODUCTS = tuple(f"P{number}" for number in range(16))
# Names of several products, with a target of starts and without.
PRODUCT_NAMES = ("Velora", "Nuvexa", "Name")
PRODUCTS_AND_UNKNOWN = (*PRODUCTS, "P99")
# Before the panel, in it at either end of a week, on the world's last day but one, and after it.
LAUNCHES = ("", "2023-12-31", "2024-05-01", "2025-03-01", "02/22/2025", "2025-12-30", "2026-01-05")
NDCS = ("00000000001", "00000000002", "00000000003", "00000000004")
NDCS_AND_UNKNOWN = (*NDCS, "00000000009")
CALLS = tuple(f"C{number:03d}" for number in range(250))
CALLS_OF_A_GROUP = 5
HUB_CASES = tuple(f"HC{number}" for number in range(40))
PAYERS = ("COMMERCIAL", "MEDICARE_D", "MEDICAID", "CASH")


class _Dice(random.Random):
    """The throws of one world."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._seconds = iter(self.sample(range(30_000_000), 10_000))

    def stamp(self) -> str:
        """A modification stamp no other record has, in no order: the newest may come first."""
        at = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(seconds=next(self._seconds))
        return f"{at:%Y-%m-%dT%H:%M:%SZ}"

    def maybe(self, value: object, missing: float = 0.15) -> object:
        return "" if self.random() < missing else value

    def flag(self, share: float) -> str:
        return self.choice(("true", "1", "Y") if self.random() < share else ("false", "0", "N", ""))

    def timestamp(self) -> str:
        at = FIRST_DAY + timedelta(minutes=self.randrange(DAYS * 24 * 60))
        return at.strftime(self.choice(TIMESTAMP_FORMATS))

    def day(self, choices: int = DAYS) -> str:
        """A day of the world; with few `choices` the same days come again and again."""
        at = FIRST_DAY + timedelta(days=self.randrange(choices) * (DAYS // choices))
        return at.strftime(self.choice(("%Y-%m-%d", "%m/%d/%Y")))


def collision_world(out: Path, seed: int) -> None:
    """Write the extracts of a world below `out`, the same for the same seed."""
    dice = _Dice(seed)
    for folder, rows in (
        ("crm/account", _accounts(dice)),
        ("crm/user", _users(dice)),
        ("crm/product_vod__c", _products(dice)),
        ("crm/call2_vod__c", _calls(dice)),
        ("crm/call2_detail_vod__c", _call_details(dice)),
        ("crm/call2_key_message_vod__c", _key_messages(dice)),
        ("crm/sent_email_vod__c", _emails(dice)),
        ("crm/em_attendee_vod__c", _event_attendees(dice)),
        ("crm/multichannel_activity_vod__c", _visits(dice)),
        ("crm/medical_inquiry_vod__c", _inquiries(dice)),
        ("support/case", _support_cases(dice)),
        ("access/hub_enrollment", _enrollments(dice)),
        ("access/sp_dispense", _dispenses(dice)),
        ("access/product_price", _prices(dice)),
    ):
        _deliver(out / folder, list(rows), dice)


def _deliver(folder: Path, rows: Sequence[Row], dice: _Dice) -> None:
    """Spread the rows over the deliveries by chance: a newer version may come before an older."""
    delivered = [dice.choice(DELIVERIES) for _ in rows]
    for delivery in DELIVERIES:
        mode = "full" if delivery == DELIVERIES[0] else "delta"
        of_delivery = [row for row, on in zip(rows, delivered, strict=True) if on == delivery]
        write_file(folder, f"{delivery}__{mode}", of_delivery, list(rows[0]))


def write_file(
    folder: Path,
    delivery: str,
    rows: Sequence[Row],
    columns: Sequence[str] = (),
    *,
    header_lines: int = 1,
) -> None:
    """Write a file of an extract.

    Args:
        folder: of the extract.
        delivery: when and how it is delivered, as in the file's name.
        rows: its records.
        columns: its header, that of the first row if not given.
        header_lines: how often the header stands above them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{folder.name}__{delivery}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=columns or list(rows[0]))
        for _ in range(header_lines):
            writer.writeheader()
        writer.writerows(rows)


def add_delta(folder: Path, rows: Iterable[Row], number: int) -> None:
    """Add a delta to the last delivery of an extract, numbered for those who add one."""
    write_file(folder, f"{DELIVERIES[-1]}__delta__{number}", list(rows))


def _versions(ids: Iterable[str], dice: _Dice, most: int = 2) -> Iterator[str]:
    """Every id once to `most` times: a version that says something else each time."""
    for record_id in ids:
        for _ in range(dice.randint(1, most)):
            yield record_id


def _accounts(dice: _Dice) -> Iterator[Row]:
    """Chains of merges, some into accounts unknown or deleted; an NPI on several accounts.

    Merges lead to later accounts only: a circle is a failure of its own.
    """
    for ids, chance_of_merge in ((PEOPLE, 0.25), (ORGANIZATIONS, 0.2)):
        for number, account_id in enumerate(ids):
            later = (*ids[number + 1 :], *UNKNOWN_ACCOUNTS[:1])
            master = dice.choice(later) if dice.random() < chance_of_merge else ""
            for _ in range(dice.randint(1, 3)):
                yield {
                    "Id": account_id,
                    "IsDeleted": dice.flag(0.5 if master else 0.1),
                    "MasterRecordId": dice.maybe(master, missing=0.1),
                    "IsPersonAccount": str(ids is PEOPLE).lower(),
                    "Name": "Name",
                    "NPI_vod__c": dice.maybe(dice.choice(NPIS)) if ids is PEOPLE else "",
                    "CreatedDate": "2020-01-01T00:00:00Z",
                    "SystemModstamp": dice.stamp(),
                }
    # Without a date it is no record; with an unreadable one it is.
    for account_id, created in (("TOTAL", ""), ("A97", "unknown")):
        yield {
            "Id": account_id,
            "IsDeleted": "false",
            "MasterRecordId": "",
            "IsPersonAccount": "true",
            "Name": "Name",
            "NPI_vod__c": "",
            "CreatedDate": created,
            "SystemModstamp": "",
        }


def _users(dice: _Dice) -> Iterator[Row]:
    """The function of a call is what its owner is by the newest version."""
    for user_id in _versions(USERS, dice):
        yield {
            "Id": user_id,
            "IsActive": "true",
            "Name": "Name",
            "User_Type_vod__c": dice.choice(USER_TYPES),
            "SystemModstamp": dice.stamp(),
        }


def _products(dice: _Dice) -> Iterator[Row]:
    """Several products of one NDC, often modified at the same instant."""
    for number, product_id in enumerate(PRODUCTS):
        for stamp in dice.sample(STAMPS_OF_FEW, k=dice.randint(1, 2)):
            yield {
                "Id": product_id,
                "Name": PRODUCT_NAMES[number % len(PRODUCT_NAMES)],
                "Product_Type_vod__c": dice.choice(("Brand", "Brand", "Detail", "")),
                "NDC11__c": dice.maybe(dice.choice(NDCS)),
                "Launch_Date__c": LAUNCHES[number % len(LAUNCHES)],
                "SystemModstamp": stamp,
            }


def _calls(dice: _Dice) -> Iterator[Row]:
    """Every other five calls are a group, where a person is met several times at few instants."""
    for call_id in _versions(CALLS, dice):
        number = int(call_id[1:])
        parent = number - number % CALLS_OF_A_GROUP
        is_in_group = parent % (2 * CALLS_OF_A_GROUP) == 0
        yield {
            "Id": call_id,
            "IsDeleted": dice.flag(0.3 if is_in_group else 0.08),
            "Account_vod__c": dice.choice(ATTENDEES if is_in_group else ACCOUNTS),
            "OwnerId": dice.choice(USERS),
            "Parent_Call_vod__c": CALLS[parent] if is_in_group and number != parent else "",
            "Attendee_Type_vod__c": dice.maybe(
                dice.choice(("Person_Account_vod", "Person_Account_vod", "Group_Account_vod"))
            ),
            "Call_Datetime_vod__c": (
                dice.choice((*INSTANTS, "soon")) if is_in_group else dice.timestamp()
            ),
            "Call_Channel_vod__c": dice.maybe(
                dice.choice(("Face_to_face_vod", "Phone_vod", "Chat_or_Text_vod", "Other_vod"))
            ),
            "Status_vod__c": dice.choice((*["Submitted_vod"] * 5, "Saved_vod", "Planned_vod")),
            "SystemModstamp": dice.stamp(),
        }


def _call_details(dice: _Dice) -> Iterator[Row]:
    """Some calls have no detail of their own, though the group's first row has; some no number.

    One detail per call and priority: which of two equals comes first no rule decides.
    """
    for number, call_id in enumerate(CALLS):
        priorities: list[object] = dice.sample(("", 1, 2, 3, 10), k=dice.randint(0, 3))
        for priority in priorities:
            yield {
                "Id": f"D{number}_{priority}",
                "IsDeleted": dice.flag(0.1),
                "Call2_vod__c": call_id,
                "Product_vod__c": dice.choice(PRODUCTS_AND_UNKNOWN),
                "Detail_Priority_vod__c": priority,
                "SystemModstamp": _stamp_or_none(dice),
            }


def _key_messages(dice: _Dice) -> Iterator[Row]:
    """Reactions to calls deleted, never delivered, or made by another row of the same group."""
    for number in range(600):
        yield {
            "Id": f"K{number}",
            "IsDeleted": dice.flag(0.1),
            "Call2_vod__c": dice.choice((*CALLS, "C999")),
            "Account_vod__c": dice.choice(ATTENDEES),
            "Reaction_vod__c": dice.maybe(
                dice.choice(("Positive_vod", "Neutral_vod", "Neutral_vod", "Negative_vod"))
            ),
            "SystemModstamp": _stamp_or_none(dice),
        }


def _stamp_or_none(dice: _Dice) -> str:
    """The only date of its row: without it there is no record, with an unreadable one there is."""
    return dice.choice((*[dice.stamp()] * 8, "n/a", ""))


def _emails(dice: _Dice) -> Iterator[Row]:
    for email_id in _versions((f"E{number}" for number in range(150)), dice):
        yield {
            "Id": email_id,
            "IsDeleted": dice.flag(0.1),
            "Account_vod__c": dice.choice(ACCOUNTS),
            "Product_vod__c": dice.maybe(dice.choice(PRODUCTS_AND_UNKNOWN)),
            "Campaign__c": dice.maybe("campaign", missing=0.5),
            "Email_Sent_Date_vod__c": dice.timestamp(),
            "Status_vod__c": dice.choice(
                (
                    "Sent_vod",
                    "Delivered_vod",
                    "Bounced_vod",
                    "Unsubscribed_vod",
                    "Failed_vod",
                    "Marked_Spam_vod",
                    "Dropped_vod",
                )
            ),
            "Clicked_vod__c": dice.flag(0.5),
            "SystemModstamp": dice.stamp(),
        }


def _event_attendees(dice: _Dice) -> Iterator[Row]:
    for attendee_id in _versions((f"V{number}" for number in range(60)), dice):
        yield {
            "Id": attendee_id,
            "Account_vod__c": dice.choice(ACCOUNTS),
            "Event_vod__c": "EV",
            "Event_Start__c": dice.timestamp(),
            "Status_vod__c": dice.choice(("Attended_vod", "No_Show_vod", "Invited_vod")),
            "SystemModstamp": dice.stamp(),
        }


def _visits(dice: _Dice) -> Iterator[Row]:
    for visit_id in _versions((f"M{number}" for number in range(60)), dice):
        yield {
            "Id": visit_id,
            "Account_vod__c": dice.choice(ACCOUNTS),
            "Call_vod__c": dice.maybe(dice.choice(CALLS), missing=0.6),
            "Start_DateTime_vod__c": dice.timestamp(),
            "SystemModstamp": dice.stamp(),
        }


def _inquiries(dice: _Dice) -> Iterator[Row]:
    for inquiry_id in _versions((f"Q{number}" for number in range(60)), dice):
        yield {
            "Id": inquiry_id,
            "IsDeleted": dice.flag(0.1),
            "Account_vod__c": dice.choice(ACCOUNTS),
            "Product_vod__c": dice.maybe(dice.choice(PRODUCTS_AND_UNKNOWN)),
            "Status_vod__c": dice.maybe(
                dice.choice(("New_vod", "Saved_vod", "Submitted_vod", "Closed_vod"))
            ),
            "Submitted_Date__c": dice.timestamp(),
            "SystemModstamp": dice.stamp(),
        }


def _support_cases(dice: _Dice) -> Iterator[Row]:
    for case_id in _versions((f"S{number}" for number in range(60)), dice):
        yield {
            "Id": case_id,
            "IsDeleted": dice.flag(0.1),
            "AccountId": dice.choice(ACCOUNTS),
            "Origin": dice.maybe(dice.choice(("Phone", "Email", "Web", "Chat"))),
            "CreatedDate": dice.timestamp(),
            "SystemModstamp": dice.stamp(),
        }


def _enrollments(dice: _Dice) -> Iterator[Row]:
    """The last cases have prescribers nobody else knows: received too late, they are nobody."""
    for case_id in _versions(HUB_CASES, dice):
        number = int(case_id[2:])
        yield {
            "case_id": case_id,
            "case_type": "NEW",
            "patient_token": f"T{dice.randrange(15)}",
            "hcp_npi": dice.choice(PRESCRIBERS) if number < 30 else f"15588888{number}",
            "ndc11": dice.choice(NDCS_AND_UNKNOWN),
            "payer_type": dice.maybe(dice.choice(PAYERS)),
            "referral_source": dice.maybe(dice.choice(("HCP_FAX", "EPORTAL", "ERX"))),
            "received_ts": dice.timestamp(),
            "consent_status": dice.choice((*["OBTAINED"] * 6, "REVOKED", "")),
            "modified_ts": dice.stamp(),
        }


def _dispenses(dice: _Dice) -> Iterator[Row]:
    """Prescription numbers shared by pharmacies, few patients, few ship days, few instants."""
    for number in range(240):
        # Some prescribers stand on one prescription only, and some of those lie ahead.
        is_sole = number % 10 == 0
        instants = INSTANTS[-1:] if is_sole and dice.random() < 0.5 else INSTANTS
        prescription: Row = {
            "rx_number": f"RX{number % 90}",
            "sp_id": dice.maybe(dice.choice(("SP1", "SP2")), 0.3),
            "patient_token": f"T{dice.randrange(8)}",
            "prescriber_npi": f"15577777{number}" if is_sole else dice.choice(PRESCRIBERS),
            "ndc11": dice.choice(NDCS_AND_UNKNOWN),
        }
        ship_date = dice.day(choices=5)
        for fill_number in range(1, dice.randint(1, 3) + 1):
            for _ in range(dice.choice((1, 1, 1, 2, 3, 4))):
                fill = {**prescription, "fill_number": fill_number}
                yield from _claims(fill, ship_date, dice.choice(instants), dice)
            # Otherwise the next fill ships the same day.
            if dice.random() < 0.5:
                ship_date = dice.day(choices=5)


def _claims(fill: Row, ship_date: str, instant: str, dice: _Dice) -> Iterator[Row]:
    """One transaction, at times once more as the same payer's by another name."""
    code = dice.choice(("B1", "B1", "B1", "B2"))
    stamp = dice.stamp()
    status = ("1", "1", "1", "1", "0", "3") if code == "B1" else ("2", "0", "1")
    sequences = ("1", "") if dice.random() < 0.2 else (dice.choice(("1", "", "2")),)
    for sequence in sequences:
        yield {
            **fill,
            "transaction_code": code,
            "transaction_ts": instant,
            "payer_sequence": sequence,
            "record_indicator": dice.choice(("0", "0", "0", "1", "2")),
            "claim_status": dice.choice(status),
            "case_id": dice.maybe(dice.choice(HUB_CASES), missing=0.3),
            "dispense_type": dice.maybe(
                dice.choice(("COMMERCIAL", "COMMERCIAL", "PAP", "BRIDGE", "QUICK_START"))
            ),
            # Half cents, and a decimal comma, which is no number.
            "quantity": dice.maybe(dice.choice(("1.005", "2", "0.333", "30.5", "7,5")), 0.05),
            "days_supply": dice.maybe(dice.choice((30, 90, 7, 0, -5, 28, 365))),
            "ship_date": dice.maybe(dice.choice((*[ship_date] * 4, dice.day())), 0.05),
            "delivered_date": dice.maybe(dice.day()),
            "modified_ts": stamp,
        }


def _prices(dice: _Dice) -> Iterator[Row]:
    """Prices for all payers and for some, with gaps, and a total line without a date."""
    for ndc in NDCS:
        for payer in ("", "COMMERCIAL", "MEDICAID"):
            for valid_from in _versions(("2024-06-01", "06/01/2025", "2025-02-15"), dice):
                if dice.random() < 0.6:
                    yield _price(ndc, payer, valid_from, dice.stamp(), dice)
        yield _price(ndc, "", "2024-01-01", "", dice)


def _price(ndc: str, payer: str, valid_from: str, stamp: str, dice: _Dice) -> Row:
    return {
        "ndc11": ndc,
        "payer_type": payer,
        "valid_from": valid_from,
        "net_unit_price": dice.choice(("10.15", "333.33", "7.77", "0.01")),
        "margin_rate": dice.choice(("0.4", "0.755", "0.333")),
        "modified_ts": stamp,
    }
