"""The hub's extracts, from what happened in the hub."""

from __future__ import annotations

import numpy as np

from cxe.simulate import access
from cxe.simulate.clock import NEVER, Array
from cxe.simulate.names import NDCS, PAYER_TYPES
from cxe.simulate.tables import Change, Column, Table, code, number_id
from cxe.simulate.world import PAYER_IDS, PAYER_TYPE, World


def mask_token(token: Array) -> Array:
    """Tokens that do not tell in which order patients came."""
    return token.astype(np.int64) * 736_481_779 % 1_000_000_007


def case_id(case: Array) -> Column:
    """Hub case ids."""
    return number_id("HC", case)


def enrollments(world: World, cases: dict[str, Array]) -> Table:
    """hub_enrollment."""
    received, consent = cases["received"], cases["consent"]
    by_phone = cases["referral"] == access.REFERRALS.index("PHONE")
    consents_before = consent <= received
    nowhere = np.full(len(received), -1, dtype=np.int8)
    not_yet = np.full(len(received), NEVER)
    return Table(
        columns={
            "case_id": case_id(np.arange(len(received))),
            # A missing case type means NEW: what comes by phone has none.
            "case_type": code(
                np.where(
                    (cases["case_type"] == access.NEW) & by_phone,
                    -1,
                    cases["case_type"],
                ),
                access.CASE_TYPES,
            ),
            "patient_token": number_id("PT", mask_token(cases["token"])),
            "hcp_npi": number_id("", world.npi[cases["hcp"]]),
            "ndc11": code(cases["product"], NDCS),
            "payer_type": code(PAYER_TYPE[cases["payer"]], PAYER_TYPES),
            "payer_id": code(cases["payer"], PAYER_IDS),
            "referral_source": code(cases["referral"], access.REFERRALS),
            "received_ts": Column("ts", received),
            "consent_status": code(np.where(consents_before, 2, 1), access.CONSENTS),
            "consent_ts": Column("ts", np.where(consents_before, consent, NEVER)),
            "missing_info_reason": code(nowhere, access.MISSING),
            "enrolled_ts": Column("ts", not_yet),
            "closed_ts": Column("ts", not_yet),
            "close_reason": code(nowhere, access.CLOSINGS),
        },
        created=received,
        stamp="modified_ts",
        changes=(
            Change(
                np.where(consents_before, NEVER, consent),
                {"consent_status": 2, "consent_ts": consent},
            ),
            Change(cases["missing_found"], {"missing_info_reason": cases["missing"]}),
            Change(cases["enrolled"], {"enrolled_ts": cases["enrolled"]}),
            Change(
                cases["closed"],
                {"closed_ts": cases["closed"], "close_reason": cases["close_reason"]},
            ),
            Change(cases["consent_expired"], {"consent_status": 3}),
            Change(cases["consent_revoked"], {"consent_status": 4}),
        ),
    )


def status_history(events: dict[str, Array]) -> Table:
    """hub_status_history: append-only, numbered within the case by time."""
    order = np.lexsort((events["step"], events["at"], events["case"]))
    case, step, at = (events[name][order] for name in ("case", "step", "at"))
    del order
    index = np.arange(len(case))
    is_first = np.r_[True, case[1:] != case[:-1]] if len(case) else np.zeros(0, dtype=bool)
    seq = index - np.maximum.accumulate(np.where(is_first, index, 0)) + 1
    names = [name or "" for name, _, _ in access.STEPS]
    status = np.array([access.STATUSES.index(status) for _, status, _ in access.STEPS])
    owner = np.array([access.OWNERS.index(owner) for _, _, owner in access.STEPS])
    return Table(
        columns={
            "case_id": case_id(case),
            "seq": Column("int", seq),
            "status": code(status[step], access.STATUSES),
            "sub_status": code(np.where(step == 0, -1, step), names),
            "status_ts": Column("ts", at),
            "owner_org": code(owner[step], access.OWNERS),
            "agent_id": number_id("AG", np.where(owner[step] == 0, case % 40, -1)),
        },
        created=at + 60 + case % 1200,
        stamp="load_ts",
    )


def verifications(rows: dict[str, Array]) -> Table:
    """benefit_verification."""
    size = len(rows["case"])
    return Table(
        columns={
            "bv_id": number_id("BV", np.arange(size)),
            "case_id": case_id(rows["case"]),
            "requested_ts": Column("ts", rows["requested"]),
            "completed_ts": Column("ts", np.full(size, NEVER)),
            "coverage_type": code(rows["is_medical"], ("PHARMACY", "MEDICAL")),
            "outcome": code(np.full(size, -1, dtype=np.int8), access.BV_OUTCOMES),
            "copay_amt": Column("num", np.full(size, np.nan, dtype=np.float32)),
        },
        created=rows["requested"],
        stamp="modified_ts",
        changes=(
            Change(
                rows["completed"],
                {
                    "completed_ts": rows["completed"],
                    "outcome": rows["outcome"],
                    "copay_amt": rows["copay"],
                },
            ),
        ),
    )


def authorizations(rows: dict[str, Array]) -> Table:
    """prior_auth: an appeal points to the request or appeal before it."""
    size = len(rows["case"])
    nowhere = np.full(size, -1, dtype=np.int8)
    return Table(
        columns={
            "pa_id": number_id("PA", np.arange(size)),
            "case_id": case_id(rows["case"]),
            "attempt_no": Column("int", rows["level"] + 1),
            "parent_pa_id": number_id("PA", rows["parent"]),
            "method": code(rows["method"], access.METHODS),
            "urgency": code(rows["is_expedited"], ("standard", "expedited")),
            "submitted_ts": Column("ts", rows["submitted"]),
            "response_ts": Column("ts", np.full(size, NEVER)),
            "action_code": code(nowhere, access.ACTIONS),
            "final_result": code(nowhere, access.PA_RESULTS),
            "payer_id": code(rows["payer"], PAYER_IDS),
            "auth_end_date": Column("date", np.full(size, NEVER)),
            "denial_reason": code(nowhere, access.DENIALS),
        },
        created=rows["submitted"],
        stamp="modified_ts",
        changes=(
            Change(
                rows["pended"],
                {
                    "response_ts": rows["pended"],
                    "action_code": access.PENDED,
                    "final_result": access.PENDED,
                },
            ),
            Change(
                rows["decided"],
                {
                    "response_ts": rows["decided"],
                    "action_code": rows["result"],
                    "final_result": rows["result"],
                    "auth_end_date": rows["auth_end"],
                    "denial_reason": rows["denial"],
                },
            ),
        ),
    )
