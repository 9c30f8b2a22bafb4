"""Expectation suites of the raw layer, made from the input contract: `make suites`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from cxe.contract import Column, Extract

OWNERS = {"access": "Access operations", "crm": "Commercial operations", "support": "Customer care"}
COLUMNS = "intermediate.int_delivered_columns_compared"
DELIVERIES = "intermediate.int_deliveries_compared"
DELIVER_AGAIN = (
    "Have the source system correct the file and deliver it again. If the change is true, publish "
    "it with --accept and the name of this check."
)
LATE = (
    "Ask the owner of the source system where the delivery is. If the extract ended for good, take "
    "it out of the contract (models/staging), or publish with --accept and the name of this check."
)
# A feed a few days late holds the as-of date back, which is no reason to publish nothing.
STOPPED_DAYS = 14
WORDS = {
    "missing": "missing",
    "unparsed": "unreadable as their type",
    "unseen": "in no code list",
    "future": "dated after the delivery",
}


def raw_suite(extract: Extract) -> dict[str, Any]:
    """Suite over the columns of an extract's newest delivery."""
    return {
        "name": f"raw.{extract.raw_table}",
        "meta": {
            "batch": f"select * from {COLUMNS} where system = '{extract.system}'"
            f" and extract = '{extract.name}'",
            "why": "The contract says what the columns hold; earlier deliveries say how they look.",
        },
        "expectations": list(_column_expectations(extract)),
    }


def deliveries_suite(contract: Mapping[tuple[str, str], Extract]) -> dict[str, Any]:
    """Suite over the newest delivery of every extract: whether it came, whole and once."""
    freshness = {extract.folder: extract.freshness_days for extract in contract.values()}

    def block(name: str, promise: str, query: str) -> dict[str, Any]:
        return _expectation(name, promise, query, {}, "Data platform")

    return {
        "name": "raw.deliveries",
        "meta": {
            "batch": f"select * from {DELIVERIES}",
            "why": "A part of a feed looks like customers falling silent.",
        },
        "expectations": [
            _expectation(
                "delivered_in_time",
                "The newest delivery of every extract ever delivered is no older, against the "
                "newest of all, than the contract allows.",
                "delivery_late",
                {"freshness_days": freshness, "grace_days": 0},
                "Data platform",
                severity="warning",
                remedy=LATE,
            ),
            _expectation(
                "still_delivered",
                f"No extract has stopped coming: none is {STOPPED_DAYS} days later than the "
                "contract allows.",
                "delivery_late",
                {"freshness_days": freshness, "grace_days": STOPPED_DAYS},
                "Data platform",
                remedy=LATE,
            ),
            block(
                "full_as_long_as_before",
                "A full list does not lose a tenth of its rows, nor grow by half, between two "
                "deliveries.",
                "full_list_length",
            ),
            block(
                "delta_as_long_as_before",
                "A delta has as many rows for the days it covers as earlier ones, once three of "
                "them and three weeks are known.",
                "delta_length",
            ),
            block("keys_delivered_once", "A file hardly names a key twice.", "keys_repeated"),
            block(
                "delta_says_something_new",
                "A delta with rows is not the same bytes as an earlier one.",
                "delta_repeated",
            ),
        ],
    }


def columns_suite() -> dict[str, Any]:
    """Suite over the columns of all newest deliveries: what is worth a look and stops nothing."""
    return {
        "name": "raw.columns",
        "meta": {"batch": f"select * from {COLUMNS}", "why": "Small things grow."},
        "expectations": [
            _expectation(
                "codes_unseen",
                "Every code stands in the code list of its column.",
                "too_many",
                _too_many("unseen", "true"),
                "Data platform",
                severity="warning",
                remedy="Add the code to the contract of its extract (models/staging) if the system "
                "means it, decide what the models make of it, or have the delivery corrected.",
            ),
            _expectation(
                "columns_not_emptied",
                "No column came all empty that would be so by chance once in a thousand "
                "deliveries.",
                "too_many",
                _too_many(
                    "missing",
                    "missing_count >= 3 and missing_count = row_count"
                    " and power(earlier_missing_share, missing_count) < 0.001",
                ),
                "Data platform",
                severity="warning",
            ),
        ],
    }


def _column_expectations(extract: Extract) -> Iterator[dict[str, Any]]:
    owner = OWNERS[extract.system]
    types = {column.type for column in extract.columns}
    counters = [
        column.name
        for column in extract.columns
        if column.type == "int" and column.name in extract.key
    ]
    yield _expectation(
        "required_filled",
        f"Required columns are filled: {_listed(extract, lambda column: column.required)}.",
        "too_many",
        _too_many("missing", f"is_required and {_more_than_before('missing')}"),
        owner,
    )
    if types - {"id", "text"}:
        yield _expectation(
            "values_parsed",
            "Values can be read as the type their column has in the contract.",
            "too_many",
            _too_many("unparsed", _more_than_before("unparsed")),
            owner,
        )
    if any(column.codes for column in extract.columns):
        coded = _listed(extract, lambda column: bool(column.codes))
        yield _expectation(
            "codes_known",
            f"Hardly a code stands outside the code lists: {coded}.",
            "too_many",
            _too_many("unseen", _more_than_before("unseen")),
            owner,
        )
    yield _expectation(
        "missing_as_before",
        "Columns are as empty as in earlier deliveries.",
        "missing_share_moved",
        {},
        owner,
    )
    if types & {"date", "ts"}:
        yield _expectation(
            "dates_not_in_the_future",
            "Columns look no further ahead than in earlier deliveries.",
            "too_many",
            # Some columns hold what is still to come, such as events people are invited to.
            _too_many(
                "future",
                "earlier_files >= 3 and future_count > 2"
                " and future_share > most_earlier_future_share + 0.2 + 2 / sqrt(row_count)",
            ),
            owner,
        )
        yield _expectation(
            "dates_reach_the_delivery",
            "The newest dates of a delta are as near to its delivery as in earlier ones.",
            "dates_end_early",
            {},
            owner,
        )
    if types & {"int", "num", "bool"}:
        yield _expectation(
            "numbers_as_before",
            "Numbers have the level they had in earlier deliveries.",
            "numbers_moved",
            {"counters": counters} if counters else {},
            owner,
        )


def _expectation(
    name: str,
    promise: str,
    query: str,
    arguments: dict[str, Any],
    owner: str,
    *,
    severity: str = "critical",
    remedy: str = DELIVER_AGAIN,
) -> dict[str, Any]:
    return {
        "type": "expect_query_to_find_nothing",
        "kwargs": {"query": f"raw/{query}"} | ({"arguments": arguments} if arguments else {}),
        "severity": severity,
        "description": promise,
        "meta": {"name": name, "owner": owner, "remedy": remedy},
    }


def _too_many(kind: str, condition: str) -> dict[str, str]:
    return {"kind": kind, "words": WORDS[kind], "too_many": condition}


def _more_than_before(kind: str) -> str:
    """A few rows may be wrong; the fewer there are, the larger a share of them that is."""
    return (
        f"{kind}_count > 2 and {kind}_share"
        f" > 0.02 + 0.5 / sqrt(row_count) + 3 * coalesce(earlier_{kind}_share, 0)"
    )


def _listed(extract: Extract, wanted: Callable[[Column], object]) -> str:
    return ", ".join(column.name for column in extract.columns if wanted(column))
