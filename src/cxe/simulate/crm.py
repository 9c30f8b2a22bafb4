"""What the field, marketing and medical do with customers, month by month."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from cxe.simulate.access import LACKS_MONEY, LACKS_PA, LACKS_PAPERS, Opened
from cxe.simulate.behaviour import ACCESS, MARKETING, MEDICAL, SALES
from cxe.simulate.clock import DAY, HOUR, NEVER, Array, after_office_hours, later, office_times
from cxe.simulate.names import BRANDS
from cxe.simulate.scene import Scene
from cxe.simulate.tables import Blocks
from cxe.simulate.world import TERRITORIES_PER_REGION, World, chance, choose

# Staff: two sales representatives per territory, then one access manager per territory, one
# medical liaison and one marketing manager per region.
CALLS_A_MONTH = np.array([0.95, 0.65, 0.38, 0.2])  # by segment
CHANNELS = (
    "Face_to_face_vod", "Phone_vod", "Video_vod", "Email_vod", "Chat_or_Text_vod", "Other_vod",
)  # fmt: skip
CALL_STATUSES = ("Planned_vod", "Saved_vod", "Submitted_vod")
PLANNED, SAVED, SUBMITTED = range(3)
PERSON, GROUP, BUSINESS = range(3)
EMAIL_STATUSES = (
    "Sent_vod", "Delivered_vod", "Bounced_vod", "Unsubscribed_vod", "Failed_vod",
    "Marked_Spam_vod", "Dropped_vod",
)  # fmt: skip
DELIVERED, BOUNCED, UNSUBSCRIBED, SPAM = 1, 2, 3, 5
OPT_IN, OPT_OUT = 0, 1
ATTENDEE_STATUSES = ("Invited_vod", "Accepted_vod", "Rejected_vod", "Attended_vod", "No_Show_vod")
BARRIERS = (
    "Prior_Authorization", "Affordability", "Missing_Information", "Pharmacy_Network",
    "Office_Capacity", "Patient_Readiness",
)  # fmt: skip
RESOLUTIONS = ("Removed", "Not_Removed", "Withdrawn")
_BARRIER_OF = {LACKS_PA: 0, LACKS_MONEY: 1, LACKS_PAPERS: 2}


@dataclass
class Crm:
    """Everything written into the CRM so far, and each customer's e-mail opt-out."""

    opted_out_at: Array
    calls: Blocks = field(default_factory=Blocks)
    details: Blocks = field(default_factory=Blocks)
    messages: Blocks = field(default_factory=Blocks)
    emails: Blocks = field(default_factory=Blocks)
    sessions: Blocks = field(default_factory=Blocks)
    consents: Blocks = field(default_factory=Blocks)
    inquiries: Blocks = field(default_factory=Blocks)
    attendees: Blocks = field(default_factory=Blocks)
    barriers: Blocks = field(default_factory=Blocks)
    events: int = 0


def staff_counts(territories: int) -> tuple[int, int, int]:
    """How many representatives, access managers, and regions (liaisons, marketing managers)."""
    return 2 * territories, territories, -(-territories // TERRITORIES_PER_REGION)


def open_crm(rng: np.random.Generator, world: World) -> Crm:
    """A CRM with the consents given before the world began."""
    size = world.hcps
    at = world.calendar.starts[0] - rng.integers(30 * DAY, 900 * DAY, size)
    is_out = chance(rng, size, 0.05)
    asked = np.flatnonzero(chance(rng, size, 0.8) | is_out)
    asked = asked[world.present(int(world.calendar.starts[0]))[asked]]
    crm = Crm(opted_out_at=np.full(size, NEVER))
    opt = np.where(is_out[asked], OPT_OUT, np.where(chance(rng, len(asked), 0.05), 2, OPT_IN))
    _consent(rng, world, crm, asked, at[asked], opt)
    return crm


def month_of_calls(
    rng: np.random.Generator, crm: Crm, scene: Scene, cases: Array
) -> tuple[Array, Array]:
    """Visits, phone and video calls, group calls.

    Args:
        rng: this module's own stream.
        crm: written to.
        scene: the month.
        cases: enrolments of the month per HCP: they bring the access manager.

    Returns:
        HCPs of the calls that were submitted, and when they took place.
    """
    world = scene.world
    rate = CALLS_A_MONTH[world.segment] * np.where(world.do_not_call, 0, 1)
    sales = scene.draw(rng, rate * (0.75 + 0.45 * scene.trust))
    access = scene.draw(rng, 0.05 + 0.12 * np.minimum(cases, 5))
    medical = scene.draw(rng, np.where(world.is_kol, 0.5, 0.04))
    hcp = np.concatenate([sales, access, medical])
    function = np.repeat([0, 2, 1], [len(sales), len(access), len(medical)])
    at = office_times(rng, scene.start, scene.end, len(hcp))
    held = _calls(rng, crm, scene, hcp, at, function)
    in_group, group_at = _group_calls(rng, crm, scene)
    return np.concatenate([hcp[held], in_group]), np.concatenate([at[held], group_at])


def _calls(
    rng: np.random.Generator, crm: Crm, scene: Scene, hcp: Array, at: Array, function: Array
) -> Array:
    """One-to-one calls of staff of a function (0 sales, 1 medical, 2 access); which took place."""
    size = len(hcp)
    filed = at + (rng.exponential(8 * HOUR, size)).astype(np.int64) + 600
    status = choose(rng, size, (0.05, 0.06, 0.89))
    rows = crm.calls.add(
        account=scene.world.account(rng, hcp, at),
        owner=_owner(rng, scene.world, hcp, at, function),
        parent=np.full(size, -1),
        is_parent=np.zeros(size, dtype=np.int8),
        attendee_type=np.full(size, PERSON, dtype=np.int8),
        at=at,
        planned=at - (rng.exponential(6 * DAY, size)).astype(np.int64) - HOUR,
        filed=filed,
        call_type=np.zeros(size, dtype=np.int8),
        channel=choose(rng, size, (0.6, 0.15, 0.15, 0.05, 0.04, 0.01)),
        status=status,
        duration=np.round(rng.gamma(3, 5, size) + 2).astype(np.float32),
    )
    held: Array = status == SUBMITTED
    _details(rng, crm, scene, rows[held], hcp[held], at=at[held], filed=filed[held])
    return held


def _group_calls(rng: np.random.Generator, crm: Crm, scene: Scene) -> tuple[Array, Array]:
    """A parent row on the organisation and a row for everyone who came, some entered twice."""
    world = scene.world
    organisation = np.flatnonzero(chance(rng, world.organisations, 0.14))
    host = np.full(world.organisations, -1)
    host[organisation] = np.arange(len(organisation))
    comes = np.flatnonzero(
        (host[world.organisation] >= 0) & scene.present & chance(rng, world.hcps, 0.5)
    )
    comes = np.concatenate([comes, comes[chance(rng, len(comes), 0.06)]])
    used, call = np.unique(host[world.organisation[comes]], return_inverse=True)
    size = len(used)
    if not size:
        return comes, comes
    at = office_times(rng, scene.start, scene.end, size)
    duration = np.round(rng.gamma(4, 9, size) + 10).astype(np.float32)
    channel = choose(rng, size, (0.8, 0.0, 0.2))
    filed = at + (rng.exponential(8 * HOUR, size)).astype(np.int64) + 600
    planned = at - 14 * DAY
    leader = np.zeros(size, dtype=np.int64)
    leader[call[::-1]] = comes[::-1]
    owner = _owner(rng, world, leader, at, np.zeros(size, dtype=np.int64))
    shared = {
        "is_parent": np.ones(size, dtype=np.int8),
        "attendee_type": np.full(size, GROUP, dtype=np.int8),
        "at": at,
        "planned": planned,
        "filed": filed,
        "call_type": np.ones(size, dtype=np.int8),
        "channel": channel,
        "status": np.full(size, SUBMITTED, dtype=np.int8),
        "duration": duration,
        "owner": owner,
    }
    parents = crm.calls.add(
        account=world.organisation_account(organisation[used]),
        parent=np.full(size, -1),
        **shared,
    )
    children = {name: values[call] for name, values in shared.items()} | {
        "is_parent": np.zeros(len(comes), dtype=np.int8),
        "attendee_type": np.full(len(comes), PERSON, dtype=np.int8),
    }
    rows = crm.calls.add(
        account=world.account(rng, comes, at[call]),
        parent=parents[call],
        **children,
    )
    _details(rng, crm, scene, rows, comes, at=at[call], filed=filed[call])
    return comes, at[call]


def _owner(rng: np.random.Generator, world: World, hcp: Array, at: Array, function: Array) -> Array:
    """Who covers a customer: staff number by function (0 sales, 1 medical, 2 access)."""
    sales, managers, _ = staff_counts(world.territories)
    territory = world.territory_at(hcp, at)
    second = (hcp % 2 == 1) & ~chance(rng, len(hcp), 0.1)
    representative = 2 * territory + np.where(second & ~has_left(world, territory, at), 1, 0)
    return np.select(
        [function == 0, function == 1],
        [representative, sales + managers + territory // TERRITORIES_PER_REGION],
        sales + territory,
    )


def transfers(world: World) -> tuple[Array, int]:
    """Territories whose second representative moves to the next one, and when."""
    middle = (int(world.calendar.starts[0]) + 3 * world.calendar.end) // 4
    return np.arange(0, world.territories, 5), middle


def has_left(world: World, territory: Array, at: Array) -> Array:
    """Whether the second representative of a territory has moved away."""
    territories, moved_at = transfers(world)
    return np.isin(territory, territories) & (at >= moved_at)


def _details(
    rng: np.random.Generator,
    crm: Crm,
    scene: Scene,
    call: Array,
    hcp: Array,
    *,
    at: Array,
    filed: Array,
) -> None:
    """Products discussed, and how the customer took the message: a noisy sign of trust."""
    brand = scene.launched(rng, hcp, at)
    told = np.flatnonzero(chance(rng, len(call), 0.93))
    crm.details.add(call=call[told], product=brand[told], priority=told * 0 + 1, at=filed[told])
    more = told[chance(rng, len(told), 0.35)]
    topic = rng.integers(len(BRANDS), 10, len(more))
    crm.details.add(call=call[more], product=topic, priority=more * 0 + 2, at=filed[more])
    shown = told[chance(rng, len(told), 0.06)]
    _sessions(rng, crm, scene, hcp[shown], at[shown] + 300, call[shown])
    heard = told[chance(rng, len(told), 0.5)]
    feeling = scene.trust[hcp[heard]] + 0.35 * rng.standard_normal(len(heard))
    reaction = np.select([feeling > 0.66, feeling < 0.3], [0, 2], 1).astype(np.int8)  # noqa: PLR2004
    crm.messages.add(
        call=call[heard],
        account=scene.world.account(rng, hcp[heard], at[heard]),
        product=brand[heard],
        reaction=reaction,
        at=filed[heard],
    )


def month_of_emails(rng: np.random.Generator, crm: Crm, scene: Scene) -> tuple[Array, Array]:
    """Campaign and one-to-one e-mails, with what comes back; opt-outs stop them after a lag.

    Returns:
        HCPs that clicked, and when.
    """
    world = scene.world
    launch = (scene.start >= world.launch_at) & (scene.start < world.launch_at + 150 * DAY)
    campaign = scene.draw(rng, np.full(world.hcps, 0.75 + 0.8 * launch.any()))
    personal = scene.draw(rng, 0.3 * CALLS_A_MONTH[world.segment])
    hcp = np.concatenate([campaign, personal])
    is_campaign = np.arange(len(hcp)) < len(campaign)
    at = office_times(rng, scene.start, scene.end, len(hcp))
    lag = (
        10 * HOUR * np.exp(scene.slowness(MARKETING, hcp, at) + 0.7 * rng.standard_normal(len(hcp)))
    )
    stays = at < later(crm.opted_out_at[hcp], lag)
    order = np.flatnonzero(stays)
    order = order[np.lexsort((at[order], hcp[order]))]
    hcp, at, is_campaign, lag = hcp[order], at[order], is_campaign[order], lag[order]
    size, trust = len(hcp), scene.trust[hcp]
    arrives = ~chance(rng, size, 0.03)
    likes = world.digital[hcp]
    opens = arrives & chance(rng, size, 0.15 + 0.5 * likes)
    clicks = opens & chance(rng, size, 0.02 + 0.55 * likes * np.clip(trust, 0.1, 0.9) ** 1.5)
    annoyed = arrives & chance(rng, size, 0.001 + 0.022 * (1 - trust) ** 2)
    first = np.full(world.hcps, NEVER)
    np.minimum.at(first, hcp[annoyed], at[annoyed] + HOUR)
    kept = np.flatnonzero((at < later(first[hcp], lag)) & ~(annoyed & (at + HOUR > first[hcp])))
    hcp, at, is_campaign = hcp[kept], at[kept], is_campaign[kept]
    arrives, opens, clicks, annoyed = arrives[kept], opens[kept], clicks[kept], annoyed[kept]
    size = len(hcp)
    is_spam = annoyed & chance(rng, size, 0.15)
    status = np.select(
        [is_spam, annoyed, ~arrives],
        [SPAM, UNSUBSCRIBED, choose(rng, size, (0.0, 0.0, 0.7, 0.0, 0.2, 0.0, 0.1))],
        choose(rng, size, (0.08, 0.92)),
    )
    active = np.where(
        annoyed, at + HOUR, at + rng.exponential(9 * HOUR, size).astype(np.int64) + 60
    )
    sales, managers, regions = staff_counts(world.territories)
    marketing = sales + managers + regions + world.territory_at(hcp, at) // TERRITORIES_PER_REGION
    representative = _owner(rng, world, hcp, at, np.zeros(size, dtype=np.int64))
    crm.emails.add(
        account=world.account(rng, hcp, at),
        owner=np.where(is_campaign, marketing, representative),
        product=scene.launched(rng, hcp, at).astype(np.int8),
        campaign=np.where(is_campaign, scene.month * 4 + hcp % 4, -1),
        at=at,
        status=status.astype(np.int8),
        opens=np.where(opens, 1 + rng.poisson(0.4, size), 0).astype(np.int16),
        clicks=np.where(clicks, 1 + rng.poisson(0.2, size), 0).astype(np.int16),
        active=np.where(opens | annoyed, active, NEVER),
    )
    leaves = np.flatnonzero(annoyed & ~is_spam)
    _consent(rng, world, crm, hcp[leaves], at[leaves] + HOUR, np.full(len(leaves), OPT_OUT))
    answered = clicks & ~annoyed
    return hcp[answered], active[answered]


def month_of_consents(rng: np.random.Generator, crm: Crm, scene: Scene) -> None:
    """Opt-outs on other ways, opt-ins again; being written to all the same is felt."""
    world = scene.world
    is_out = crm.opted_out_at < NEVER
    flips = scene.present & chance(rng, world.hcps, np.where(is_out, 0.06, 0.0015))
    hcp = np.flatnonzero(flips)
    at = office_times(rng, scene.start, scene.end, len(hcp))
    _consent(rng, world, crm, hcp, at, np.where(is_out[hcp], OPT_IN, OPT_OUT))
    scene.ledger.feel(scene.month, hcp[is_out[hcp]], 0.05)


def _consent(
    rng: np.random.Generator, world: World, crm: Crm, hcp: Array, at: Array, opt: Array
) -> None:
    crm.consents.add(
        hcp=hcp,
        account=world.account(rng, hcp, at),
        opt=opt.astype(np.int8),
        at=at,
    )
    crm.opted_out_at[hcp] = np.where(opt == OPT_OUT, at, NEVER)


def month_of_questions(rng: np.random.Generator, crm: Crm, scene: Scene) -> None:
    """Portal visits and medical inquiries: customers who trust come by themselves."""
    world = scene.world
    hcp = scene.draw(rng, 0.75 * world.digital * (0.15 + scene.trust))
    at = rng.integers(scene.start, scene.end, len(hcp))
    _sessions(rng, crm, scene, hcp, at, np.full(len(hcp), -1))
    asks = scene.draw(rng, np.where(world.is_kol, 0.2, 0.035) * (0.4 + scene.trust))
    at = office_times(rng, scene.start, scene.end, len(asks))
    slow = scene.slowness(MEDICAL, asks, at)
    hours = 8.5 * np.exp(slow + 0.7 * rng.standard_normal(len(asks)))
    fulfilled = np.where(chance(rng, len(asks), 0.97), after_office_hours(at, hours), NEVER)
    crm.inquiries.add(
        account=world.account(rng, asks, at),
        owner=_owner(rng, world, asks, at, np.ones(len(asks), dtype=np.int64)),
        product=scene.launched(rng, asks, at),
        method=choose(rng, len(asks), (0.6, 0.25, 0.15)),
        at=at,
        fulfilled=fulfilled,
    )
    due = after_office_hours(at, np.full(len(asks), 20.0))
    scene.ledger.settle(asks, at, fulfilled, due)


def _sessions(
    rng: np.random.Generator, crm: Crm, scene: Scene, hcp: Array, at: Array, call: Array
) -> None:
    crm.sessions.add(
        account=scene.world.account(rng, hcp, at),
        call=call,
        at=at,
        seconds=np.round(rng.lognormal(5, 0.9, len(hcp))).astype(np.float32),
        site=choose(rng, len(hcp), (0.6, 0.25, 0.15)),
    )


def month_of_events(rng: np.random.Generator, crm: Crm, scene: Scene) -> tuple[Array, Array]:
    """Meetings of a region; returns who attended and when."""
    world = scene.world
    invited = np.flatnonzero(scene.present & chance(rng, world.hcps, 0.09))
    _, _, regions = staff_counts(world.territories)
    at = office_times(rng, scene.start, scene.end, regions)
    region = world.territory_at(invited, scene.start) // TERRITORIES_PER_REGION
    size = len(invited)
    accepts = chance(rng, size, 0.2 + 0.5 * scene.trust[invited])
    attends = accepts & chance(rng, size, 0.72)
    start = at[region]
    crm.attendees.add(
        account=world.account(rng, invited, start),
        event=crm.events + region,
        start=start,
        invited=start - 35 * DAY,
        answered=np.where(
            accepts | chance(rng, size, 0.5),
            start - rng.integers(2 * DAY, 30 * DAY, size),
            NEVER,
        ),
        answer=np.where(accepts, 1, 2).astype(np.int8),
        closed=np.where(accepts, start + DAY, NEVER),
        outcome=np.where(attends, 3, 4).astype(np.int8),
    )
    crm.events += regions
    scene.ledger.feel(scene.month, invited[attends], 0.06)
    return invited[attends], start[attends] + 2 * HOUR


def month_of_barriers(rng: np.random.Generator, crm: Crm, scene: Scene, opened: Opened) -> None:
    """What the field finds in the way of the month's cases, and some that no case shows."""
    world = scene.world
    stuck = np.flatnonzero((opened.blocked_at < NEVER) & chance(rng, len(opened.case), 0.35))
    from_case = opened.request.hcp[stuck]
    kinds = np.array([_BARRIER_OF[kind] for kind in range(len(_BARRIER_OF))])
    others = scene.draw(rng, np.full(world.hcps, 0.012))
    hcp = np.concatenate([from_case, others])
    size = len(hcp)
    found = np.concatenate(
        [
            after_office_hours(opened.blocked_at[stuck], rng.uniform(2, 20, len(stuck))),
            office_times(rng, scene.start, scene.end, len(others)),
        ]
    )
    slow = scene.slowness(ACCESS, hcp, found)
    escalates = chance(rng, size, np.clip(0.3 * np.exp(0.5 * slow), 0.05, 0.9))
    escalated = np.where(escalates, after_office_hours(found, rng.uniform(2, 40, size)), NEVER)
    resolves = chance(rng, size, 0.88)
    hours = 38 * np.exp(slow + 0.7 * rng.standard_normal(size))
    resolved = np.where(
        resolves, after_office_hours(np.where(escalates, escalated, found), hours), NEVER
    )
    resolution = choose(rng, size, (0.76, 0.16, 0.08))
    crm.barriers.add(
        account=world.account(rng, hcp, found),
        owner=_owner(rng, world, hcp, found, choose(rng, size, (0.4, 0.1, 0.5)).astype(np.int64)),
        case=np.concatenate([opened.case[stuck], np.full(len(others), -1)]),
        kind=np.concatenate([kinds[opened.blocked_by[stuck]], rng.integers(3, 6, len(others))]),
        found=found,
        escalated=escalated,
        escalated_to=choose(rng, size, (0.55, 0.25, 0.1, 0.1)),
        resolved=resolved,
        resolution=resolution,
    )
    due = later(found, 240 * HOUR)
    is_void = (resolution == 2) & (resolved < due)  # noqa: PLR2004
    removed = np.where(resolution == 0, resolved, NEVER)
    scene.ledger.settle(hcp, np.where(is_void, NEVER, found), removed, due)


def follow_up(
    rng: np.random.Generator, crm: Crm, scene: Scene, hcp: Array, heard_at: Array
) -> None:
    """Calls on customers who said they would not recommend us, as fast as the team reacts."""
    slow = scene.slowness(SALES, hcp, heard_at)
    hours = 17 * np.exp(slow + 0.7 * rng.standard_normal(len(hcp)))
    calls = chance(rng, len(hcp), 0.7)
    at = after_office_hours(heard_at, hours)
    _calls(rng, crm, scene, hcp[calls], at[calls], np.zeros(int(calls.sum()), dtype=np.int64))
    scene.ledger.settle(hcp, heard_at, np.where(calls, at, NEVER), later(heard_at, 120 * HOUR))
