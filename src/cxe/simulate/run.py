"""One call from arguments to a folder of extracts."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from cxe.contract import load_contract
from cxe.errors import InputError
from cxe.home import PROJECT_DIR
from cxe.simulate import access_tables, crm_tables, fill_tables, support_tables
from cxe.simulate.clock import calendar
from cxe.simulate.engine import History, live, streams
from cxe.simulate.faults import plant, requested
from cxe.simulate.truth import write_truth
from cxe.simulate.write import Delivery, write_extract

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from cxe.simulate.tables import Table

_FEWEST_HCPS, _FEWEST_MONTHS = 20, 3
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class SimulationSummary:
    """What was written.

    Attributes:
        rows: healthy delivered rows by `system/extract`, over all its files.
        files: how many extract files, planted ones included.
        faults: how many of each requested fault were planted or occur naturally.
    """

    rows: Mapping[str, int]
    files: int
    faults: Mapping[str, int]


def simulate(
    out: Path,
    *,
    hcps: int = 500,
    months: int = 24,
    seed: int = 1,
    faults: Sequence[str] = (),
    last_day: date = date(2025, 12, 31),
    experience_effect: float = 1.0,
) -> SimulationSummary:
    """Write a sample world to `out/extracts` and its hidden truth to `out/truth`.

    The same arguments give the same bytes.

    Args:
        out: a folder that holds no extracts yet; made if missing.
        hcps: how many HCPs.
        months: how many months up to and including the one of `last_day`.
        seed: of every random draw.
        faults: names from `FAULTS`, or `all`.
        last_day: the last day of the world; the last delivery is dated a day later.
        experience_effect: factor on how much trust drives stopping and shrinking; 0 is none.

    Raises:
        InputError: an unknown fault, a size too small, or a folder that is in use.
    """
    names = requested(faults)
    if hcps < _FEWEST_HCPS or months < _FEWEST_MONTHS:
        raise InputError(
            f"A sample world needs at least {_FEWEST_HCPS} HCPs and {_FEWEST_MONTHS} months."
        )
    root = out / "extracts"
    if root.exists() and any(root.iterdir()):
        raise InputError(f"{root} is not empty: choose another folder, or remove it first.")
    contract = load_contract(PROJECT_DIR)
    world_calendar = calendar(months, last_day)
    rngs = streams(seed)
    history = live(rngs, hcps, world_calendar, experience_effect)
    write_truth(out / "truth", history)
    deliveries: dict[str, list[Delivery]] = {}
    natural = {"group_call_child_rows": 0, "merged_account_history": 0}
    for system, name, table in _tables(history):
        deliveries[name] = write_extract(root, contract[system, name], table, world_calendar)
        _count_natural(natural, name, table, history)
        _LOG.debug("wrote %s: %d records", name, table.size)
    planted = plant(rngs["faults"], out, deliveries, names, natural)
    (out / "truth" / "faults.json").write_text(
        json.dumps(planted, indent=2, sort_keys=True) + "\n", encoding="utf-8"
    )
    return SimulationSummary(
        rows={
            f"{files[0].extract.system}/{name}": sum(file.rows for file in files)
            for name, files in sorted(deliveries.items())
        },
        files=sum(1 for path in root.rglob("*") if path.is_file()),
        faults={name: int(found["count"]) for name, found in sorted(planted.items())},
    )


def _tables(history: History) -> Iterator[tuple[str, str, Table]]:
    """System, name and records of every extract, one at a time: what is written can be let go."""
    world, hub, pharmacy = history.world, history.hub, history.pharmacy
    cases = hub.cases.joined()
    yield "access", "hub_enrollment", access_tables.enrollments(world, cases)
    yield "access", "hub_status_history", access_tables.status_history(hub.events.joined())
    yield "access", "benefit_verification", access_tables.verifications(hub.verifications.joined())
    yield "access", "prior_auth", access_tables.authorizations(hub.authorizations.joined())
    claims = pharmacy.claims.joined()
    yield "access", "sp_dispense", fill_tables.dispenses(world, cases, claims)
    del claims, cases
    yield "access", "nurse_contact", fill_tables.nurse_contacts(pharmacy.contacts.joined())
    yield "access", "copay_assist", fill_tables.copay_claims(pharmacy.copays.joined())
    yield "access", "product_price", fill_tables.prices(world)
    field, desk = history.crm, history.desk
    yield "crm", "account", crm_tables.accounts(world)
    yield "crm", "user", crm_tables.users(world)
    yield "crm", "product_vod__c", crm_tables.products(world)
    yield "crm", "call2_vod__c", crm_tables.calls(field.calls.joined())
    yield "crm", "call2_detail_vod__c", crm_tables.call_details(field.details.joined())
    yield "crm", "call2_key_message_vod__c", crm_tables.key_messages(field.messages.joined())
    yield "crm", "sent_email_vod__c", crm_tables.emails(world, field.emails.joined())
    yield "crm", "multichannel_activity_vod__c", crm_tables.sessions(field.sessions.joined())
    yield "crm", "multichannel_consent_vod__c", crm_tables.consents(field.consents.joined())
    yield "crm", "medical_inquiry_vod__c", crm_tables.inquiries(field.inquiries.joined())
    yield "crm", "em_attendee_vod__c", crm_tables.attendees(field.attendees.joined())
    yield "crm", "access_barrier__c", crm_tables.barriers(field.barriers.joined())
    yield "support", "case", support_tables.cases(desk.cases.joined())
    yield "support", "case_history", support_tables.case_history(desk.history.joined())
    yield "support", "survey_response", support_tables.surveys(desk.surveys.joined())


def _count_natural(natural: dict[str, int], name: str, table: Table, history: History) -> None:
    """Count what healthy data holds of the faults: attendee rows, rows of merged accounts."""
    world = history.world
    delivered = table.created < world.calendar.end
    if name == "call2_vod__c":
        parents = table.columns["Parent_Call_vod__c"].values
        natural["group_call_child_rows"] += int(np.count_nonzero(delivered & (parents >= 0)))
    account = table.columns.get("Account_vod__c", table.columns.get("AccountId"))
    if account is not None:
        old = (account.values >= world.hcps) & (account.values < world.hcps + world.duplicates)
        natural["merged_account_history"] += int(np.count_nonzero(delivered & old))
