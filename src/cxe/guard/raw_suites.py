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
# Random spread of a share over n rows is at most .5 / sqrt(n), of a mean its deviation / sqrt(n):
# what lies further out than four of these is no chance.
SPREADS = 4
NOISE = (
    "greatest(coalesce(number_deviation, 0.5), coalesce(greatest_earlier_deviation, 0.5))"
    " / sqrt(row_count - missing_count)"
)
# A few rows may be wrong; the fewer there are, the larger a share of them that is.
SLACK = "0.02 + 0.5 / sqrt(row_count)"
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
        "expectations": list(_expectations(extract)),
    }


def deliveries_suite(contract: Mapping[tuple[str, str], Extract]) -> dict[str, Any]:
    """Suite over the newest delivery of every extract: whether it came, whole and once."""
    days = " ".join(
        f"when '{extract.folder}' then {extract.freshness_days}" for extract in contract.values()
    )
    freshness = f"case system || '/' || extract {days} end"
    late = (
        "select path as example, 'the newest delivery is ' || days_behind || ' days older than the "
        f"newest of all; the contract allows ' || {freshness} as finding from {{batch}}"
    )
    checks = (
        (
            "delivered_in_time",
            "The newest delivery of every extract ever delivered is no older, against the newest "
            "of all, than the contract allows.",
            f"{late} where days_behind > {freshness}",
            "warning",
            LATE,
        ),
        (
            "still_delivered",
            f"No extract has stopped coming: none is {STOPPED_DAYS} days later than the contract "
            "allows.",
            f"{late} where days_behind > {freshness} + {STOPPED_DAYS}",
            "critical",
            LATE,
        ),
        (
            "full_as_long_as_before",
            "A full list does not lose a tenth of its rows, nor grow by half, between two "
            "deliveries.",
            "select path as example, row_count || ' rows, where the list had ' ||"
            " cast(most_expected_rows as bigint) as finding"
            " from {batch} where mode = 'full' and earlier_deliveries > 0 and ("
            "row_count < 0.9 * most_expected_rows - 1"
            " or row_count > 1.5 * most_expected_rows + 20)",
            "critical",
            DELIVER_AGAIN,
        ),
        (
            "delta_as_long_as_before",
            "A delta has as many rows for the days it covers as earlier ones, once three of them "
            "and three weeks are known.",
            "select path as example, row_count || ' rows for ' || covered_days || ' days, where "
            "earlier deltas make one expect ' || cast(fewest_expected_rows as bigint) || ' to ' ||"
            " cast(most_expected_rows as bigint) as finding from {batch}"
            " where mode = 'delta' and earlier_deliveries >= 3 and earlier_days >= 21 and ("
            "row_count < 0.7 * fewest_expected_rows - 2"
            " - 2 * greatest(1.25 * sqrt(fewest_expected_rows), expected_rows_deviation)"
            " or row_count > 1.6 * most_expected_rows + 10"
            " + 4 * greatest(sqrt(most_expected_rows), expected_rows_deviation))",
            "critical",
            DELIVER_AGAIN,
        ),
        (
            "keys_delivered_once",
            "A file hardly names a key twice.",
            "select path || ':' || repeated_key_at_row as example, repeated_key_count || ' of ' ||"
            " row_count || ' rows have the key of another row' as finding"
            " from {batch} where repeated_key_count > 5"
            " and repeated_key_share > 0.01 + 2 * coalesce(earlier_repeated_key_share, 0)",
            "critical",
            DELIVER_AGAIN,
        ),
        (
            "delta_says_something_new",
            "A delta with rows is not the same bytes as an earlier one.",
            "select path as example,"
            " 'all ' || row_count || ' rows repeat an earlier delivery' as finding from {batch}"
            " where mode = 'delta' and is_repeat and row_count > 0",
            "critical",
            DELIVER_AGAIN,
        ),
    )
    return {
        "name": "raw.deliveries",
        "meta": {
            "batch": f"select * from {DELIVERIES}",
            "why": "A part of a feed looks like customers falling silent.",
        },
        "expectations": [
            {
                "type": "unexpected_rows_expectation",
                "kwargs": {"unexpected_rows_query": query},
                "severity": severity,
                "description": promise,
                "meta": {"name": name, "owner": "Data platform", "remedy": remedy},
            }
            for name, promise, query, severity, remedy in checks
        ],
    }


def columns_suite() -> dict[str, Any]:
    """Suite over the columns of all newest deliveries: what is worth a look and stops nothing."""
    checks = (
        (
            "codes_unseen",
            "Every code stands in the code list of its column.",
            _rows("unseen", "unseen_count > 0"),
            "Add the code to the contract of its extract (models/staging) if the system means it, "
            "decide what the models make of it, or have the delivery corrected.",
        ),
        (
            "columns_not_emptied",
            "No column came all empty that would be so by chance once in a thousand deliveries.",
            _rows(
                "missing",
                "missing_count >= 3 and missing_count = row_count"
                " and power(earlier_missing_share, missing_count) < 0.001",
            ),
            DELIVER_AGAIN,
        ),
    )
    return {
        "name": "raw.columns",
        "meta": {"batch": f"select * from {COLUMNS}", "why": "Small things grow."},
        "expectations": [
            {
                "type": "unexpected_rows_expectation",
                "kwargs": {"unexpected_rows_query": query},
                "severity": "warning",
                "description": promise,
                "meta": {"name": name, "owner": "Data platform", "remedy": remedy},
            }
            for name, promise, query, remedy in checks
        ],
    }


def _expectations(extract: Extract) -> Iterator[dict[str, Any]]:
    owner = OWNERS[extract.system]

    def no_rows(name: str, promise: str, query: str, severity: str = "critical") -> dict[str, Any]:
        return {
            "type": "unexpected_rows_expectation",
            "kwargs": {"unexpected_rows_query": query},
            "severity": severity,
            "description": promise,
            "meta": {"name": name, "owner": owner, "remedy": DELIVER_AGAIN},
        }

    types = {column.type for column in extract.columns}
    yield no_rows(
        "required_filled",
        f"Required columns are filled: {_listed(extract, lambda column: column.required)}.",
        _rows(
            "missing",
            "is_required and missing_count > 2"
            f" and missing_share > {SLACK} + 3 * coalesce(earlier_missing_share, 0)",
        ),
    )
    if types - {"id", "text"}:
        yield no_rows(
            "values_parsed",
            "Values can be read as the type their column has in the contract.",
            _rows(
                "unparsed",
                "unparsed_count > 2"
                f" and unparsed_share > {SLACK} + 3 * coalesce(earlier_unparsed_share, 0)",
            ),
        )
    if any(column.codes for column in extract.columns):
        coded = _listed(extract, lambda column: bool(column.codes))
        yield no_rows(
            "codes_known",
            f"Hardly a code stands outside the code lists: {coded}.",
            _rows(
                "unseen",
                "unseen_count > 2"
                f" and unseen_share > {SLACK} + 3 * coalesce(earlier_unseen_share, 0)",
            ),
        )
    yield no_rows(
        "missing_as_before",
        "Columns are as empty as in earlier deliveries.",
        _rows(
            "missing",
            "earlier_files >= 3 and ("
            f"missing_share > most_earlier_missing_share + 0.15 + {SPREADS / 2} / sqrt(row_count)"
            " or missing_share < least_earlier_missing_share - 0.15"
            f" - {SPREADS / 2} / sqrt(row_count))",
        ),
    )
    if types & {"date", "ts"}:
        yield no_rows(
            "dates_not_in_the_future",
            "Columns look no further ahead than in earlier deliveries.",
            _rows(
                "future",
                # Some columns hold what is still to come, such as events people are invited to.
                "earlier_files >= 3 and future_count > 2"
                " and future_share > most_earlier_future_share + 0.2 + 1 / sqrt(row_count)",
            ),
        )
        yield no_rows(
            "dates_reach_the_delivery",
            "The newest dates of a delta are as near to its delivery as in earlier ones.",
            "select path as example, column_name || ': the newest date is ' || lag_days ||"
            " ' days before the delivery, where it was at most ' || most_earlier_lag_days"
            " as finding from {batch}"
            " where mode = 'delta' and earlier_files >= 3 and row_count >= 20"
            " and lag_days > greatest(most_earlier_lag_days, covered_days) + 45",
        )
    if types & {"int", "num", "bool"}:
        yield no_rows(
            "numbers_as_before",
            "Numbers have the level they had in earlier deliveries.",
            "select path as example, column_name || ' averages ' || round(number_mean, 4) || ', '"
            " || coalesce(round(number_mean / nullif(greatest_earlier_mean, 0), 2)"
            " || ' times ', '') || 'what earlier deliveries had ('"
            " || round(least_earlier_mean, 4) || ' to ' || round(greatest_earlier_mean, 4) || ')'"
            " as finding from {batch}"
            " where number_mean is not null and least_earlier_mean is not null and ("
            # A full list is no sample: what it says changes only when the list does.
            "mode = 'full' and row_count - missing_count >= 3 and column_type <> 'bool' and ("
            "number_mean > 1.5 * greatest_earlier_mean or number_mean < least_earlier_mean / 1.5)"
            " or column_type <> 'bool' and row_count - missing_count >= 5 and ("
            f"number_mean > 3 * greatest(greatest_earlier_mean, 0) + {SPREADS} * {NOISE}"
            f" or number_mean < least_earlier_mean / 3 - {SPREADS} * {NOISE})"
            " or earlier_files >= 3 and row_count - missing_count >= 20 and ("
            "number_mean > greatest_earlier_mean + 0.15 * abs(greatest_earlier_mean) + "
            f"{SPREADS} * {NOISE} or number_mean < least_earlier_mean"
            f" - 0.15 * abs(least_earlier_mean) - {SPREADS} * {NOISE}))",
        )


def _rows(finding: str, condition: str) -> str:
    """Columns with too much of a finding: the first row that has it, and how usual it is."""
    return (
        f"select path || ':' || {finding}_at_row as example, column_name || ': ' || {finding}_count"
        f" || ' of ' || row_count || ' values are {WORDS[finding]}, where earlier deliveries had '"
        f" || coalesce({_percent(f'earlier_{finding}_share')}, 'no rows') as finding"
        f" from {{batch}} where {condition}"
    )


def _percent(share: str) -> str:
    return f"round(100 * {share}, 1) || ' %'"


def _listed(extract: Extract, wanted: Callable[[Column], object]) -> str:
    return ", ".join(column.name for column in extract.columns if wanted(column))
