"""The CRM's extracts, from the population and from what the field did."""

from __future__ import annotations

import numpy as np

from cxe.simulate import crm, names
from cxe.simulate.clock import DAY, HOUR, NEVER, Array
from cxe.simulate.tables import Change, Column, Table, code, sf_id
from cxe.simulate.world import TERRITORIES_PER_REGION, World

_SITES = ("hcp-portal.example", "dosing.example", "events.example")
_SEND_METHODS = ("Email_vod", "Mail_vod", "Phone_vod")
_PEOPLE = [f"{first} {last}" for first in names.FIRST_NAMES for last in names.LAST_NAMES]


def account_id(account: Array) -> Column:
    """Ids of persons and organisations."""
    return sf_id("001", account)


def user_id(user: Array) -> Column:
    """Ids of staff."""
    return sf_id("005", user)


def product_id(product: Array) -> Column:
    """Ids of brands, detail topics and markets."""
    return sf_id("a00", product)


def call_id(call: Array) -> Column:
    """Ids of calls."""
    return sf_id("a04", call)


def _kept(size: int) -> Column:
    return Column("bool", np.zeros(size, dtype=np.int8))


def accounts(world: World) -> Table:
    """account: HCPs, the duplicates merged into them, organisations."""
    hcps, organisations = world.hcps, world.organisations
    merged = np.flatnonzero(world.duplicate >= 0)
    merged = merged[np.argsort(world.duplicate[merged])]
    chained = np.flatnonzero(world.older_duplicate >= 0)
    chained = chained[np.argsort(world.older_duplicate[chained])]
    who = np.concatenate([np.arange(hcps), merged, chained])
    is_survivor = np.arange(len(who)) < hcps
    no_one = np.full(organisations, -1)
    never = np.full(organisations, NEVER)

    def persons(values: Array) -> Array:
        return np.concatenate([values[who], np.full(organisations, -1, dtype=values.dtype)])

    def survivors(at: Array) -> Array:
        return np.concatenate([np.where(is_survivor, at[who], NEVER), never])

    site = np.arange(organisations)
    site_territory = np.zeros(organisations, dtype=np.int64)
    site_territory[world.organisation] = world.territory
    labels = [
        label
        for number in range(world.territories)
        for label in (f"T{number:03d}", f"T{number:03d};S{number // TERRITORIES_PER_REGION:03d}")
    ]
    has_team = who % 10 < 3  # noqa: PLR2004
    old, new = 2 * world.territory[who] + has_team, 2 * world.later_territory[who] + has_team
    created = world.calendar.starts[0] - (60 + who * 7919 % 1500) * DAY + 9 * HOUR
    created = np.where(
        world.enters_at[who] >= world.calendar.starts[0], world.enters_at[who], created
    )
    site_names = [
        f"{names.PLACES[number % 8]} {names.ORGANISATIONS[number % 5]} {number}"
        if number >= 40  # noqa: PLR2004
        else f"{names.PLACES[number % 8]} {names.ORGANISATIONS[number % 5]}"
        for number in range(organisations)
    ]
    full_name = world.first_name * len(names.LAST_NAMES) + world.last_name
    into = np.concatenate([np.full(hcps, -1), merged, world.duplicate[chained], no_one])
    merged_at = np.concatenate(
        [np.full(hcps, NEVER), world.merged_at[merged], world.older_merged_at[chained], never]
    )
    size = len(who) + organisations
    return Table(
        columns={
            "Id": account_id(np.arange(size)),
            "IsDeleted": _kept(size),
            "MasterRecordId": account_id(np.full(size, -1)),
            "IsPersonAccount": Column("bool", (np.arange(size) < len(who)).astype(np.int8)),
            "Name": code(
                np.concatenate([full_name[who], len(_PEOPLE) + site]), _PEOPLE + site_names
            ),
            "FirstName": code(persons(world.first_name), names.FIRST_NAMES),
            "LastName": code(persons(world.last_name), names.LAST_NAMES),
            # A duplicate came about because it was entered without its NPI.
            "NPI_vod__c": Column(
                "id", np.concatenate([np.where(is_survivor, world.npi[who], -1), no_one]), ("", "")
            ),
            "Specialty_1_vod__c": code(persons(world.specialty), names.SPECIALTIES),
            "Credentials_vod__c": code(persons(world.credential), names.CREDENTIALS),
            "Primary_Parent_vod__c": account_id(
                np.concatenate([world.organisation_account(world.organisation[who]), no_one])
            ),
            "Segmentations_vod__c": code(persons(world.segment), names.SEGMENTS),
            "KOL_vod__c": Column("bool", persons(world.is_kol.astype(np.int8))),
            "Do_Not_Call_vod__c": code(
                persons(world.do_not_call.astype(np.int8)), ("No_vod", "Yes_vod")
            ),
            "PDRP_Opt_Out_vod__c": Column("bool", persons(np.zeros(hcps, dtype=np.int8))),
            "PDRP_Opt_Out_Date_vod__c": Column("date", np.full(size, NEVER)),
            "Territory_vod__c": code(np.concatenate([old, 2 * site_territory]), labels),
            "State__c": code(
                np.concatenate([world.state[who], site_territory % len(names.STATES)]), names.STATES
            ),
            "Zip3__c": Column("int", persons(world.zip3)),
            "Customer_Master_Status_vod__c": code(
                np.arange(size) % 50 // 49, ("Active_vod", "Under_Review_vod")
            ),
            "CreatedDate": Column("ts", np.concatenate([created, never * 0 + created.min()])),
        },
        created=np.concatenate([created, never * 0 + created.min()]),
        stamp="SystemModstamp",
        changes=(
            Change(
                survivors(world.realigned_at),
                {"Territory_vod__c": np.concatenate([new, 2 * site_territory])},
            ),
            Change(
                survivors(world.moved_at),
                {
                    "Primary_Parent_vod__c": np.concatenate(
                        [world.organisation_account(world.later_organisation[who]), no_one]
                    )
                },
            ),
            Change(
                survivors(world.resegmented_at),
                {"Segmentations_vod__c": persons(world.later_segment)},
            ),
            Change(
                survivors(world.pdrp_at),
                {
                    "PDRP_Opt_Out_vod__c": 1,
                    "PDRP_Opt_Out_Date_vod__c": np.concatenate([world.pdrp_at[who], never]),
                },
            ),
            Change(merged_at, {"IsDeleted": 1, "MasterRecordId": into}),
        ),
    )


def users(world: World) -> Table:
    """user: two representatives and an access manager per territory, the others per region."""
    sales, managers, regions = crm.staff_counts(world.territories)
    sizes = [sales, regions, managers, regions]
    kind = np.concatenate(
        [np.full(sizes[index], index) for index in (0, 2, 1, 3)]  # numbered as owners are
    )
    territory = np.concatenate(
        [
            np.arange(sales) // 2,
            np.arange(managers),
            world.territories + np.arange(regions),
            world.territories + np.arange(regions),
        ]
    )
    labels = [f"T{number:03d}" for number in range(world.territories)]
    labels += [f"R{number:02d}" for number in range(regions)]
    size = len(kind)
    moving, at = crm.transfers(world)
    moved_at = np.full(size, NEVER)
    moved_at[2 * moving + 1] = at
    next_territory = np.where(kind == 0, (territory + 1) % world.territories, territory)
    leaves_at = np.full(size, NEVER)
    leaves_at[size - 1] = at + 10 * DAY
    joined = world.calendar.starts[0] - (100 + np.arange(size) * 37 % 900) * DAY
    return Table(
        columns={
            "Id": user_id(np.arange(size)),
            "IsActive": Column("bool", np.ones(size, dtype=np.int8)),
            "Name": code(np.arange(size) * 613 % len(_PEOPLE), _PEOPLE),
            "User_Type_vod__c": code(kind, names.USER_TYPES),
            "Territory__c": code(territory, labels),
            "CreatedDate": Column("ts", joined),
        },
        created=joined,
        stamp="SystemModstamp",
        changes=(
            Change(moved_at, {"Territory__c": next_territory}),
            Change(leaves_at, {"IsActive": 0}),
        ),
    )


def products(world: World) -> Table:
    """product_vod__c: brands with NDC and launch date, detail topics, markets."""
    size, brands = len(names.PRODUCTS), len(names.BRANDS)
    of_brand = np.where(np.arange(size) < brands, np.arange(size), -1)
    kind = np.array([("Brand", "Detail", "Market").index(kind) for kind in names.PRODUCT_TYPES])
    launch = np.append(world.launch_at, np.full(size - brands, NEVER))
    return Table(
        columns={
            "Id": product_id(np.arange(size)),
            "Name": code(np.arange(size), names.PRODUCTS),
            "Product_Type_vod__c": code(kind, ("Brand", "Detail", "Market")),
            "NDC11__c": code(of_brand, names.NDCS),
            "Launch_Date__c": Column("date", launch),
        },
        created=np.full(size, world.calendar.starts[0] - 400 * DAY),
        stamp="SystemModstamp",
    )


def calls(rows: dict[str, Array]) -> Table:
    """call2_vod__c: some are planned first, all others appear when they are filed."""
    size = len(rows["at"])
    status = rows["status"]
    is_planned = (np.arange(size) % 2 == 0) & (rows["parent"] < 0) | (status == crm.PLANNED)
    return Table(
        columns={
            "Id": call_id(np.arange(size)),
            "IsDeleted": _kept(size),
            "Account_vod__c": account_id(rows["account"]),
            "OwnerId": user_id(rows["owner"]),
            "Parent_Call_vod__c": call_id(rows["parent"]),
            "Is_Parent_Call_vod__c": Column("bool", rows["is_parent"]),
            "Attendee_Type_vod__c": code(
                rows["attendee_type"],
                ("Person_Account_vod", "Group_Account_vod", "Business_Account_vod"),
            ),
            "Call_Datetime_vod__c": Column("ts", rows["at"]),
            "Call_Type_vod__c": code(rows["call_type"], ("Detail Only", "Group Detail")),
            "Call_Channel_vod__c": code(rows["channel"], crm.CHANNELS),
            "Status_vod__c": code(np.zeros(size, dtype=np.int8), crm.CALL_STATUSES),
            "Duration_vod__c": Column("num", np.full(size, np.nan, dtype=np.float32)),
        },
        created=np.where(is_planned, rows["planned"], rows["filed"]),
        stamp="SystemModstamp",
        changes=(
            Change(
                np.where(status == crm.PLANNED, NEVER, rows["filed"]),
                {"Status_vod__c": status, "Duration_vod__c": rows["duration"]},
            ),
        ),
    )


def call_details(rows: dict[str, Array]) -> Table:
    """call2_detail_vod__c."""
    size = len(rows["call"])
    return Table(
        columns={
            "Id": sf_id("a05", np.arange(size)),
            "IsDeleted": _kept(size),
            "Call2_vod__c": call_id(rows["call"]),
            "Product_vod__c": product_id(rows["product"]),
            "Detail_Priority_vod__c": Column("int", rows["priority"]),
        },
        created=rows["at"],
        stamp="SystemModstamp",
    )


def key_messages(rows: dict[str, Array]) -> Table:
    """call2_key_message_vod__c."""
    size = len(rows["call"])
    return Table(
        columns={
            "Id": sf_id("a06", np.arange(size)),
            "IsDeleted": _kept(size),
            "Call2_vod__c": call_id(rows["call"]),
            "Account_vod__c": account_id(rows["account"]),
            "Product_vod__c": product_id(rows["product"]),
            "Reaction_vod__c": code(
                rows["reaction"], ("Positive_vod", "Neutral_vod", "Negative_vod")
            ),
        },
        created=rows["at"],
        stamp="SystemModstamp",
    )


def emails(world: World, rows: dict[str, Array]) -> Table:
    """sent_email_vod__c: what the customer did with it arrives later."""
    size = len(rows["at"])
    status = rows["status"]
    ends_later = (status == crm.UNSUBSCRIBED) | (status == crm.SPAM)
    campaigns = [
        f"{day:%Y-%m} {names.BRANDS[wave % 3]} wave {wave + 1}"
        for day in world.calendar.first_days
        for wave in range(4)
    ]
    none = np.zeros(size, dtype=np.int16)
    return Table(
        columns={
            "Id": sf_id("a07", np.arange(size)),
            "IsDeleted": _kept(size),
            "Account_vod__c": account_id(rows["account"]),
            "OwnerId": user_id(rows["owner"]),
            "Product_vod__c": product_id(rows["product"]),
            "Campaign__c": code(rows["campaign"], campaigns),
            "Email_Sent_Date_vod__c": Column("ts", rows["at"]),
            "Status_vod__c": code(np.where(ends_later, crm.DELIVERED, status), crm.EMAIL_STATUSES),
            "Opened_vod__c": Column("bool", none),
            "Open_Count_vod__c": Column("int", none),
            "Clicked_vod__c": Column("bool", none),
            "Click_Count_vod__c": Column("int", none),
            "Last_Activity_Date_vod__c": Column("ts", np.full(size, NEVER)),
        },
        created=rows["at"],
        stamp="SystemModstamp",
        changes=(
            Change(
                rows["active"],
                {
                    "Status_vod__c": status,
                    "Opened_vod__c": np.minimum(rows["opens"], 1),
                    "Open_Count_vod__c": rows["opens"],
                    "Clicked_vod__c": np.minimum(rows["clicks"], 1),
                    "Click_Count_vod__c": rows["clicks"],
                    "Last_Activity_Date_vod__c": rows["active"],
                },
            ),
        ),
    )


def sessions(rows: dict[str, Array]) -> Table:
    """multichannel_activity_vod__c."""
    size = len(rows["at"])
    return Table(
        columns={
            "Id": sf_id("a08", np.arange(size)),
            "Account_vod__c": account_id(rows["account"]),
            "Call_vod__c": call_id(rows["call"]),
            "Start_DateTime_vod__c": Column("ts", rows["at"]),
            "Total_Duration_vod__c": Column("num", rows["seconds"]),
            "Site_vod__c": code(rows["site"], _SITES),
            "Session_Id_vod__c": Column("id", np.arange(size), ("ses", "")),
        },
        created=rows["at"],
        stamp="SystemModstamp",
    )


def consents(rows: dict[str, Array]) -> Table:
    """multichannel_consent_vod__c: one row per capture."""
    size = len(rows["at"])
    return Table(
        columns={
            "Id": sf_id("a09", np.arange(size)),
            "Account_vod__c": account_id(rows["account"]),
            "Channel_Value_vod__c": Column("id", rows["hcp"], ("hcp", "@mail.example")),
            "Opt_Type_vod__c": code(
                rows["opt"], ("Opt_In_vod", "Opt_Out_vod", "Opt_In_Pending_vod")
            ),
            "Product_vod__c": product_id(np.full(size, -1)),
            "Content_Type_vod__c": code(np.zeros(size, dtype=np.int8), ("Approved_Email_vod",)),
            "Opt_Expiration_Date_vod__c": Column(
                "date", np.where(rows["opt"] == crm.OPT_OUT, NEVER, rows["at"] + 1095 * DAY)
            ),
            "Capture_Datetime_vod__c": Column("ts", rows["at"]),
        },
        created=rows["at"],
        stamp="SystemModstamp",
    )


def inquiries(rows: dict[str, Array]) -> Table:
    """medical_inquiry_vod__c."""
    size = len(rows["at"])
    return Table(
        columns={
            "Id": sf_id("a0a", np.arange(size)),
            "IsDeleted": _kept(size),
            "Account_vod__c": account_id(rows["account"]),
            "OwnerId": user_id(rows["owner"]),
            "Product_vod__c": product_id(rows["product"]),
            "Status_vod__c": code(
                np.full(size, 2), ("New_vod", "Saved_vod", "Submitted_vod", "Closed_vod")
            ),
            "Delivery_Method_vod__c": code(rows["method"], _SEND_METHODS),
            "Submitted_Date__c": Column("ts", rows["at"]),
            "Fulfilled_Date__c": Column("ts", np.full(size, NEVER)),
        },
        created=rows["at"],
        stamp="SystemModstamp",
        changes=(
            Change(rows["fulfilled"], {"Status_vod__c": 3, "Fulfilled_Date__c": rows["fulfilled"]}),
        ),
    )


def attendees(rows: dict[str, Array]) -> Table:
    """em_attendee_vod__c: invited, answered, came or not."""
    size = len(rows["start"])
    return Table(
        columns={
            "Id": sf_id("a0b", np.arange(size)),
            "Account_vod__c": account_id(rows["account"]),
            "Event_vod__c": sf_id("a0c", rows["event"]),
            "Event_Start__c": Column("ts", rows["start"]),
            "Status_vod__c": code(np.zeros(size, dtype=np.int8), crm.ATTENDEE_STATUSES),
        },
        created=rows["invited"],
        stamp="SystemModstamp",
        changes=(
            Change(rows["answered"], {"Status_vod__c": rows["answer"]}),
            Change(rows["closed"], {"Status_vod__c": rows["outcome"]}),
        ),
    )


def barriers(rows: dict[str, Array]) -> Table:
    """access_barrier__c."""
    size = len(rows["found"])
    nowhere = np.full(size, -1, dtype=np.int8)
    return Table(
        columns={
            "Id": sf_id("a0d", np.arange(size)),
            "IsDeleted": _kept(size),
            "Account_vod__c": account_id(rows["account"]),
            "OwnerId": user_id(rows["owner"]),
            "Hub_Case_Id__c": Column("id", rows["case"], ("HC", "")),
            "Barrier_Type__c": code(rows["kind"], crm.BARRIERS),
            "Identified_Date__c": Column("ts", rows["found"]),
            "Escalated_Date__c": Column("ts", np.full(size, NEVER)),
            "Escalated_To__c": code(nowhere, ("Access", "Support", "Medical", "Sales")),
            "Resolved_Date__c": Column("ts", np.full(size, NEVER)),
            "Resolution__c": code(nowhere, crm.RESOLUTIONS),
        },
        created=rows["found"],
        stamp="SystemModstamp",
        changes=(
            Change(
                rows["escalated"],
                {"Escalated_Date__c": rows["escalated"], "Escalated_To__c": rows["escalated_to"]},
            ),
            Change(
                rows["resolved"],
                {"Resolved_Date__c": rows["resolved"], "Resolution__c": rows["resolution"]},
            ),
        ),
    )
