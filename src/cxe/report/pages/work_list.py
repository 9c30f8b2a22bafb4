"""The work list: open cases one by one, with whom they are, and approvals that end soon."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from cxe.report.answers import Column
from cxe.report.blocks import Block, Page, block_of
from cxe.report.pages.operations import HOLDERS, NO_CASES, STATUSES
from cxe.report.pages.promises import PROMISES
from cxe.report.sentences import listed

if TYPE_CHECKING:
    from cxe.report.answers import Answer
    from cxe.report.source import Source

MOST_ROWS = 2_000


def page(source: Source) -> Page:
    """The page, which lists single cases and belongs to no report.

    Args:
        source: the published version.
    """
    return Page(
        "work-list.html",
        "Work list",
        "Which cases are stuck today, with whom, and which to take up first.",
        [_holders(source), _cases(source), _approvals(source)],
        "work-list.html.jinja",
    )


def _holders(source: Source) -> Block:
    """With whom cases are, and in which step."""
    answer = source.read(
        """
        select owner_org, sub_status, count(*) as cases,
            cast(sum(case when is_overdue then 1 else 0 end) as bigint) as overdue,
            cast(sum(case when has_open_barrier then 1 else 0 end) as bigint) as obstructed,
            cast(
                sum(case when not is_overdue and next_promise_id is null then 1 else 0 end)
                as bigint
            ) as unpromised,
            median(days_in_status) as median_days, max(days_in_status) as longest
        from marts.fct_open_cases
        group by owner_org, sub_status
        order by overdue desc, cases desc, owner_org nulls last, sub_status nulls last
        """,
        [
            Column("owner_org", "Who has to act"),
            Column("sub_status", "Where they stand"),
            Column("cases", "Open cases", "cases"),
            Column("overdue", "With an overdue promise", "cases"),
            Column("obstructed", "With an open barrier", "cases"),
            Column("unpromised", "With no promise that runs", "cases"),
            Column("median_days", "Days in this status, median", "days"),
            Column("longest", "Longest", "whole days"),
        ],
    )
    answer = answer.worded("owner_org", HOLDERS).worded("sub_status", STATUSES)

    def say(answer: Answer) -> str:
        cases: Counter[str] = Counter()
        for row in answer.rows:
            cases[row["owner_org_name"]] += row["cases"]
        most_first = sorted(cases, key=lambda owner: (-cases[owner], owner))
        overdue, unpromised = (
            sum(row[name] for row in answer.rows) for name in ("overdue", "unpromised")
        )
        return (
            f"End of {source.run['as_of_date']}, all territories: {cases.total():,} cases "
            f"are open, {overdue:,} of them with an overdue promise, {unpromised:,} with no "
            "promise that runs, so that none can become overdue. They are with: "
            f"{listed([f'{owner} ({cases[owner]:,})' for owner in most_first], len(cases))}."
        )

    return block_of(
        "holders",
        "With whom open cases are, most overdue first",
        answer,
        say,
        nothing=NO_CASES,
        shown=[
            *("owner_org_name", "sub_status_name", "cases", "overdue", "unpromised", "obstructed"),
            *("median_days", "longest"),
        ],
        note="Overdue: a promise to the case, whoever has to keep it, is past due and undelivered.",
    )


def _cases(source: Source) -> Block:
    answer = source.read(
        f"""
        select cases.work_rank, cases.case_id, cases.case_type, cases.customer_id,
            coalesce(products.product_name, cases.product_id) as product, cases.territory,
            cases.owner_org, cases.sub_status, cases.days_in_status, cases.days_open,
            cases.recoverable_cvar, cases.overdue_promises, cases.oldest_overdue_promise_id,
            promises.accountable, cases.oldest_overdue_due_at, cases.next_promise_id,
            cases.next_due_at, cases.has_open_barrier, count(*) over () as all_cases
        from marts.fct_open_cases as cases
        left join marts.dim_products as products on cases.product_id = products.product_id
        left join marts.dim_promises as promises
            on cases.oldest_overdue_promise_id = promises.promise_id
        order by cases.work_rank
        limit {MOST_ROWS}
        """,
        [
            Column("work_rank", "Rank", "rank"),
            Column("case_id", "Case"),
            Column("case_type", "Type"),
            Column("customer_id", "Customer"),
            Column("product", "Product"),
            Column("territory", "Territory"),
            Column("owner_org", "Who has to act"),
            Column("sub_status", "Where it stands"),
            Column("days_in_status", "Days there", "whole days"),
            Column("days_open", "Days open", "whole days"),
            Column("recoverable_cvar", "Recoverable CVAR, customer", "currency"),
            Column("overdue_promises", "Overdue promises", "promises"),
            Column("oldest_overdue_promise_id", "Overdue first"),
            Column("accountable", "Whose promise"),
            Column("oldest_overdue_due_at", "Was due", "date"),
            Column("next_promise_id", "Promised next"),
            Column("next_due_at", "Due", "date"),
            Column("has_open_barrier", "Open barrier"),
            Column("all_cases", "All cases", "cases"),
        ],
    )
    answer = (
        answer.worded("owner_org", HOLDERS)
        .worded("sub_status", STATUSES)
        .worded("case_type")
        .named("oldest_overdue_promise_id", PROMISES)
        .worded("accountable")
        .named("next_promise_id", PROMISES)
    )
    return block_of(
        "cases",
        "Open cases, in the order to take them up",
        answer,
        lambda answer: (
            f"End of {source.run['as_of_date']}, all territories: {_first(answer, 'all_cases')} "
            "cases. First come those of the customers with most recoverable value at risk, then "
            "what is overdue, then what has rested longest."
        ),
        nothing=NO_CASES,
        shown=[
            *("work_rank", "case_id", "recoverable_cvar", "case_type_name", "customer_id"),
            *("product", "territory", "owner_org_name", "sub_status_name", "days_in_status"),
            *("days_open", "overdue_promises", "oldest_overdue_promise_id_name"),
            *("accountable_name", "oldest_overdue_due_at", "next_promise_id_name", "next_due_at"),
            "has_open_barrier",
        ],
        note="Recoverable CVAR is the customer's, the same on each of their cases: never add it "
        "up.",
    )


def _approvals(source: Source) -> Block:
    answer = source.read(
        f"""
        select approvals.case_id, approvals.customer_id,
            coalesce(products.product_name, approvals.product_id) as product, approvals.territory,
            approvals.pharmacy_id, approvals.approval_ends_on, approvals.days_left,
            approvals.supply_ends_on, approvals.recoverable_cvar, count(*) over () as all_approvals,
            cast(
                sum(case when approvals.days_left <= 30 then 1 else 0 end) over () as bigint
            ) as within_30_days
        from marts.fct_reauthorizations_due as approvals
        left join marts.dim_products as products on approvals.product_id = products.product_id
        where not approvals.is_renewal_started
        order by approvals.days_left, approvals.case_id
        limit {MOST_ROWS}
        """,
        [
            Column("case_id", "Case"),
            Column("customer_id", "Customer"),
            Column("product", "Product"),
            Column("territory", "Territory"),
            Column("pharmacy_id", "Pharmacy of the last fill"),
            Column("approval_ends_on", "Approved until", "date"),
            Column("days_left", "Days left", "whole days"),
            Column("supply_ends_on", "Supply until", "date"),
            Column("recoverable_cvar", "Recoverable CVAR, customer", "currency"),
            Column("all_approvals", "All approvals", "cases"),
            Column("within_30_days", "Within 30 days", "cases"),
        ],
    )
    return block_of(
        "approvals",
        "Approvals that end soon, without a renewal under way",
        answer,
        lambda answer: (
            f"End of {source.run['as_of_date']}, all territories: {_first(answer, 'all_approvals')}"
            " patients on therapy whose approval ends soon, with no renewal under way; "
            f"{answer.rows[0]['within_30_days']:,} of these approvals end within 30 days. First "
            "come those with the fewest days left."
        ),
        nothing="No approval that ends soon is without a renewal.",
        shown=answer.names("all_approvals", "within_30_days"),
        note="Soon is within the reauthorization window, 120 days unless it was set otherwise. A "
        "renewal that was refused, or closed without a fill, is none. Whose approval ended before, "
        "or states no end, is not on the list.",
    )


def _first(answer: Answer, total: str) -> str:
    """How many there are, and how many of them the page lists if it does not list all."""
    many, listed = answer.rows[0][total], len(answer.rows)
    return f"{many:,}" if listed == many else f"the first {listed:,} of {many:,}"
