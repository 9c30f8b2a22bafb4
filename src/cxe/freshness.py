"""How fresh extracts are: the newest delivery of each against its contract."""

from __future__ import annotations

from cxe.contract import load_contract
from cxe.home import PROJECT_DIR


def extracts_sql() -> str:
    """Query of `ops.files`: one row per extract of the contract or of a file, late or not.

    Late is what is behind the newest delivery of all by more days than its contract allows; an
    extract that was never delivered is not.
    """
    contract = ", ".join(
        f"('{extract.system}', '{extract.name}', {extract.freshness_days})"
        for extract in load_contract(PROJECT_DIR).values()
    )
    return f"""
        select system, extract, newest_delivered_on, files_landed, files_repeated, files_rejected,
            rows_landed, rows_rejected, freshness_days,
            date_diff('day', newest_delivered_on, max(newest_delivered_on) over ()) as days_behind,
            coalesce(days_behind > freshness_days, false) as is_late
        from (
            select system, extract,
                max(delivered_on) filter (where status <> 'rejected') as newest_delivered_on,
                count(*) filter (where status = 'landed') as files_landed,
                count(*) filter (where status = 'repeat') as files_repeated,
                count(*) filter (where status = 'rejected') as files_rejected,
                coalesce(sum(rows_landed), 0) as rows_landed,
                coalesce(sum(rows_rejected), 0) as rows_rejected
            from ops.files where extract is not null group by all
        )
        full join (values {contract}) as contract(system, extract, freshness_days)
            using (system, extract)
    """
