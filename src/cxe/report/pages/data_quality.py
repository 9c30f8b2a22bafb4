"""Data quality: what was delivered, what the gates found, and whether to trust the numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from cxe.freshness import extracts_sql
from cxe.report import charts
from cxe.report.answers import Answer, Column
from cxe.report.blocks import Block, Page

if TYPE_CHECKING:
    from cxe.report.answers import Row
    from cxe.report.source import Source

# From here to the home: the site stands in reports/<run_id>.
HOME = "../../"
SHOWN_RUNS = 20
STATES = ("landed", "same as before", "rejected")
FOUND = {"warned": "warn", "accepted": "accepted", "failed": "fail"}
EXTRACT = Column("extract", "Extract")
# How many checks ended how; could not run is as bad as failed.
COUNTS = """
    count(*) filter (where checks.status = 'pass') as passed,
    count(*) filter (where checks.status = 'warn') as warned,
    count(*) filter (where checks.status = 'accepted') as accepted,
    count(*) filter (where checks.status in ('fail', 'error')) as failed
"""
COUNT_COLUMNS = (
    Column("passed", "Passed", "checks"),
    Column("warned", "Warned", "checks"),
    Column("accepted", "Accepted", "checks"),
    Column("failed", "Failed", "checks"),
)


def page(source: Source) -> Page:
    """The page.

    Args:
        source: the published version.
    """
    extracts = _extracts(source)
    found = _checks(source)
    blocks = [
        _verdict(source, extracts.answer),
        found,
        _gates(source),
        extracts,
        _rejected_files(source),
        _rejects(source),
        _timeline(source),
        _accounts(source),
        _runs(source),
    ]
    return Page(
        "data-quality.html",
        "Data quality",
        "Whether to trust the numbers: what was delivered, what the gates found, how fresh it is.",
        # What has no rows has nothing to tell, and the verdict says so.
        [block for block in blocks if block.answer.rows],
        "data-quality.html.jinja",
        {
            "data_docs": _page_of_home(source, source.home.data_docs(source.version)),
            "evidence": _evidence(source),
        },
    )


def _verdict(source: Source, extracts: Answer) -> Block:
    answer = source.read(
        f"""
        select * from (
            select runs.as_of_date, runs.as_known_on, {COUNTS}
            from ops.runs as runs
            left join ops.quality_results as checks on runs.run_id = checks.run_id
            where runs.run_id = '{source.version}' group by all
        ) cross join (
            select count(*) filter (where status = 'landed') as files_landed,
                coalesce(sum(rows_landed), 0) as rows_landed,
                coalesce(sum(rows_rejected), 0) as rows_rejected,
                count(*) filter (where status = 'rejected') as files_rejected
            from ops.files
        ) cross join (
            select count(*) filter (where is_late) as late_extracts from ({extracts_sql()})
        )
        """,
        [
            Column("as_of_date", "The world ends on", "date"),
            Column("as_known_on", "As known on", "date"),
            Column("passed", "Checks passed", "checks"),
            Column("warned", "Checks that warned", "checks"),
            Column("accepted", "Findings accepted", "checks"),
            Column("late_extracts", "Late extracts", "extracts"),
            Column("files_landed", "Files landed", "files"),
            Column("rows_landed", "Rows landed", "rows"),
            Column("files_rejected", "Files rejected", "files"),
            Column("rows_rejected", "Rows rejected", "rows"),
        ],
    )
    row = answer.rows[0]
    if row["warned"] or row["accepted"]:
        gates = (
            f"{answer.text(row, 'passed')} checks of its gates passed,"
            f" {answer.text(row, 'warned')} warned, and {answer.text(row, 'accepted')} that would"
            f" have stopped it {'was' if row['accepted'] == 1 else 'were'} accepted by a person"
        )
    else:
        gates = f"All {answer.text(row, 'passed')} checks of its gates passed"
    rejected = "nothing was rejected"
    if row["files_rejected"] or row["rows_rejected"]:
        rejected = (
            f"{_counted(row['files_rejected'], 'file')} and"
            f" {_counted(row['rows_rejected'], 'row')} were rejected"
        )
    late = [one["extract"] for one in extracts.where(state="late")]
    freshness = (
        f"{', '.join(late)} {'is' if len(late) == 1 else 'are'} late"
        if late
        else "no extract is late"
    )
    return Block(
        "verdict",
        f"What version {source.version} stands on",
        f"{gates}. By the contract, {freshness}. Of all that was ever delivered,"
        f" {rejected}. The numbers end on {answer.text(row, 'as_of_date')}, as known on"
        f" {answer.text(row, 'as_known_on')}.",
        answer,
        is_tiles=True,
        shown=[column.name for column in answer.columns],
        note="A check that fails stops a run, and readers stay on the version before: what is"
        " published has none. A warning is told and does not stop. Accepted is what a person said"
        " is true of the business.",
    )


def _checks(source: Source) -> Block:
    # Examples name rows of files; the evidence pages have them, which fewer people read.
    answer = source.read(
        f"""
        select status, check_name, nullif(description, '') as description, failures, owner,
            remedy, layer,
            case severity when 'error' then 'stops a run' else 'warns' end as severity
        from ops.quality_results
        where run_id = '{source.version}' and status <> 'pass'
        order by array_position(['error', 'fail', 'accepted', 'warn'], status), layer, check_name
        """,
        [
            Column("status", "Status"),
            Column("check_name", "Check"),
            Column("description", "What it promises"),
            Column("failures", "Rows against it", "rows"),
            Column("owner", "Owner"),
            Column("remedy", "What to do"),
            Column("layer", "Layer"),
            Column("severity", "If not met"),
        ],
    )
    return Block(
        "checks",
        "Checks to look at",
        f"{_counted(len(answer.rows), 'check')} of run {source.version} did not pass: what each"
        " promises, who answers for it, and what to do.",
        answer,
    )


def _evidence(source: Source) -> list[tuple[str, str]]:
    """Pages of the Data Docs that show what the checks above found."""
    pages = source.read(
        "select check_name, query_path from ops.quality_results"
        f" where run_id = '{source.version}' and status <> 'pass'"
        " and query_path like 'quality/%' order by check_name",
        [Column("check_name", ""), Column("query_path", "")],
    )
    found = []
    for row in pages.rows:
        href = _page_of_home(source, source.home.root / row["query_path"])
        if href:
            found.append((row["check_name"], href))
    return found


def _page_of_home(source: Source, path: Any) -> str | None:
    """Where a page of the home is seen from the site; None where it has been removed."""
    return f"{HOME}{path.relative_to(source.home.root)}" if path.exists() else None


def _gates(source: Source) -> Block:
    answer = source.read(
        f"""
        select layer, {COUNTS}, count(*) as checks from ops.quality_results as checks
        where run_id = '{source.version}' group by layer order by min(checked_at)
        """,
        [Column("layer", "Layer"), *COUNT_COLUMNS, Column("checks", "Checks", "checks")],
    )
    layers = ", ".join(row["layer"] for row in answer.rows)
    return Block(
        "gates",
        "Checks of this version by layer, in the order of the gates",
        f"Run {source.version} went through the gates of {layers}: each is judged before the next"
        " is built.",
        answer,
    )


def _extracts(source: Source) -> Block:
    answer = source.read(
        f"""
        select system || '.' || extract as extract,
            case when newest_delivered_on is null then 'never delivered'
                when is_late then 'late' else 'in time' end as state,
            newest_delivered_on, days_behind, freshness_days, files_landed, files_repeated,
            files_rejected, rows_landed, rows_rejected
        from ({extracts_sql()})
        order by array_position(['late', 'in time', 'never delivered'], state),
            files_rejected desc nulls last, rows_rejected desc nulls last, extract
        """,
        [
            EXTRACT,
            Column("state", "State"),
            Column("newest_delivered_on", "Newest delivery", "date"),
            Column("days_behind", "Days behind", "whole days"),
            Column("freshness_days", "Allowed", "whole days"),
            Column("files_landed", "Files landed", "files"),
            Column("files_repeated", "Same as before", "files"),
            Column("files_rejected", "Files rejected", "files"),
            Column("rows_landed", "Rows landed", "rows"),
            Column("rows_rejected", "Rows rejected", "rows"),
        ],
    )
    counted = {
        state: len(answer.where(state=state)) for state in ("in time", "late", "never delivered")
    }
    return Block(
        "extracts",
        "Deliveries by extract, late ones first",
        f"Of {len(answer.rows)} extracts {counted['in time']} came in time, "
        f"{counted['late'] or 'none'} late; "
        + (
            f"{_counted(counted['never delivered'], 'was', 'were')} never delivered."
            if counted["never delivered"]
            else "every one was delivered at some time."
        ),
        answer,
        note="Days behind are counted from the newest delivery of all extracts; the contract says"
        " how many are allowed. A file with the bytes of an earlier one is not landed again, but"
        " shows that the feed is alive.",
    )


def _rejected_files(source: Source) -> Block:
    answer = source.read(
        "select path, delivered_on, bytes, message from ops.files where status = 'rejected'"
        " order by file_id desc",
        [
            Column("path", "File"),
            Column("delivered_on", "Delivered on", "date"),
            Column("bytes", "Bytes", "bytes"),
            Column("message", "Why, and what to do"),
        ],
    )
    return Block(
        "rejected-files",
        "Files that were rejected as a whole",
        f"{_counted(len(answer.rows), 'file')} brought no row to this version.",
        answer,
    )


def _rejects(source: Source) -> Block:
    answer = source.read(
        "select files.system || '.' || files.extract as extract, rejects.reason,"
        " count(distinct rejects.file_id) as files, count(*) as rows_rejected"
        " from ops.rejects as rejects join ops.files as files on rejects.file_id = files.file_id"
        " group by all order by rows_rejected desc, 1, 2",
        [
            EXTRACT,
            Column("reason", "Reason"),
            Column("files", "Files", "files"),
            Column("rows_rejected", "Rows rejected", "rows"),
        ],
    )
    return Block(
        "rejects",
        "Rejected rows by reason",
        "Rows that are no whole record are kept aside; the other rows of their files landed."
        " cxe status names the files.",
        answer,
    )


def _timeline(source: Source) -> Block:
    answer = source.read(
        """
        select system || '.' || extract as extract, delivered_on,
            case when bool_or(status = 'landed') then 'landed'
                when bool_or(status = 'repeat') then 'same as before'
                else 'rejected' end as state,
            count(*) as files, sum(rows_landed) as rows_landed
        from ops.files
        where delivered_on > (select max(delivered_on) from ops.files) - interval 1 year
            and extract is not null
        group by system, extract, delivered_on order by all
        """,
        [
            EXTRACT,
            Column("delivered_on", "Delivered on", "date"),
            Column("state", "State"),
            Column("files", "Files", "files"),
            Column("rows_landed", "Rows landed", "rows"),
        ],
    )
    days = sorted({row["delivered_on"] for row in answer.rows})
    span = f"from {days[0]} to {days[-1]}" if days else "at all"
    return Block(
        "timeline",
        "Rows landed by extract and delivery date",
        f"{_counted(len(days), 'delivery date')} {span}; a year of them at most is shown. A gap"
        " in a line is a delivery that did not come.",
        answer,
        _timeline_chart(answer) if answer.rows else None,
        note="The larger the mark, the more rows. The first delivery of an extract brings its"
        " history and is larger than what follows.",
    )


def _timeline_chart(answer: Answer) -> dict[str, Any]:
    lines = len({row["extract"] for row in answer.rows})
    look = {"landed": charts.ACCENT, "same as before": charts.NEUTRAL, "rejected": charts.BAD}
    chart = (
        alt.Chart(charts.ROWS)
        .mark_point(filled=True, opacity=0.85)
        .encode(
            charts.months("delivered_on", "Delivered on"),
            alt.Y(
                "extract:N",
                title=None,
                axis=alt.Axis(
                    labelLimit=190, labelPadding=12, grid=True, domain=False, ticks=False
                ),
            ),
            alt.Size(
                "rows_landed:Q",
                scale=alt.Scale(type="symlog", constant=100, range=[40, 260]),
                legend=None,
            ),
            alt.Color(
                "state:N",
                # In one column: over a plot that is narrow on a phone, a row would be cut off.
                **charts.colours(STATES, [look[state] for state in STATES], columns=1),
            ),
            alt.Shape(
                "state:N",
                scale=alt.Scale(domain=list(STATES), range=["circle", "diamond", "cross"]),
            ),
            tooltip=charts.tooltips(
                answer, "extract", "delivered_on", "state", "files", "rows_landed"
            ),
        )
    )
    return charts.spec(chart, 22 * lines + 110)


def _accounts(source: Source) -> Block:
    answer = source.read(
        """
        select system || '.' || extract as extract, rows_landed,
            rows_landed - rows_known as rows_not_yet_known, rows_not_in_force, rows_in_force,
            rows_in_force / nullif(rows_known, 0) as share_in_force, unparsed_values
        from ops.row_accounts where rows_landed > 0
        order by unparsed_values desc, share_in_force, extract
        """,
        [
            EXTRACT,
            Column("rows_landed", "Rows landed", "rows"),
            Column("rows_not_yet_known", "Not yet known", "rows"),
            Column("rows_not_in_force", "Not in force", "rows"),
            Column("rows_in_force", "In force", "rows"),
            Column("share_in_force", "Share in force", "share"),
            Column("unparsed_values", "Values not readable", "values"),
        ],
    )
    landed, unknown, out, kept, unparsed = (
        f"{sum(row[name] for row in answer.rows):,}"
        for name in (
            "rows_landed",
            "rows_not_yet_known",
            "rows_not_in_force",
            "rows_in_force",
            "unparsed_values",
        )
    )
    return Block(
        "accounts",
        "Where every landed row went, by extract",
        f"All {landed} rows that landed are accounted for: {kept} are in force, {out} are not, and"
        f" {unknown} were delivered after the day that this version knows of. {unparsed} values"
        " could not be read and are empty.",
        answer,
        note="Not in force are rows that a later version replaced, that were deleted, that belong"
        " to a patient who revoked consent, or that are no record (total lines, missing keys)."
        " They stay in the raw layer.",
    )


def _runs(source: Source) -> Block:
    answer = source.read(
        f"""
        select runs.run_id, runs.status, runs.started_at,
            max(date_diff('second', runs.started_at, checks.checked_at)) as seconds,
            runs.as_of_date, runs.files_landed, runs.files_rejected, {COUNTS},
            string_agg(checks.check_name, ', ' order by checks.check_name)
                filter (where checks.status in ('fail', 'error')) as stopped_by
        from ops.runs as runs
        left join ops.quality_results as checks on runs.run_id = checks.run_id
        group by all order by runs.run_id desc limit {SHOWN_RUNS}
        """,
        [
            Column("run_id", "Run"),
            Column("status", "Status"),
            Column("started_at", "Started (UTC)", "date"),
            Column("seconds", "Seconds to the last check", "seconds"),
            Column("as_of_date", "As of", "date"),
            Column("files_landed", "Files landed", "files"),
            Column("files_rejected", "Files rejected", "files"),
            *COUNT_COLUMNS,
            Column("stopped_by", "Stopped by"),
        ],
    )
    return Block(
        "runs",
        "The last runs of this home, and how their checks ended",
        _history(answer.rows),
        answer,
        _runs_chart(answer) if _with_findings(answer.rows) else None,
        note="The newest run shown is the one that was published. cxe status tells of runs after"
        " it, which published nothing.",
    )


def _history(runs: list[Row] | Any) -> str:
    if len(runs) == 1:
        return "This home has had one run, the published one: there is no history yet."
    published = sum(row["status"] == "published" for row in runs)
    failed = sum(row["status"] == "failed" for row in runs)
    return (
        f"Of the last {len(runs)} runs {_counted(published, 'was', 'were')} published and {failed}"
        " failed; a run that fails publishes nothing."
    )


def _with_findings(runs: list[Row] | Any) -> bool:
    return len(runs) > 1 and any(row[name] for row in runs for name in FOUND)


def _runs_chart(answer: Answer) -> dict[str, Any]:
    look = {"warned": charts.NEUTRAL, "accepted": charts.ACCENT, "failed": charts.BAD}
    chart = (
        alt.Chart(charts.ROWS)
        .transform_fold(list(FOUND), as_=["ended", "checks"])
        .mark_bar()
        .encode(
            alt.X(
                "checks:Q",
                title="Checks that did not pass",
                axis=alt.Axis(tickMinStep=1, format="d"),
            ),
            alt.Y("run_id:N", title=None, sort="descending"),
            alt.Color("ended:N", **charts.colours(list(look), list(look.values()), columns=1)),
            tooltip=[
                alt.Tooltip("run_id:N", title="Run"),
                alt.Tooltip("status:N", title="Status"),
                alt.Tooltip("ended:N", title="Checks that"),
                alt.Tooltip("checks:Q", title="Checks"),
            ],
        )
    )
    return charts.spec(chart, 26 * len(answer.rows) + 110)


def _counted(number: int, one: str, more: str = "") -> str:
    """A number with its noun."""
    return f"{number:,} {one if number == 1 else more or f'{one}s'}"
