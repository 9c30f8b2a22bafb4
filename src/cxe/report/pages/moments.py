"""Moments that make a brand, barriers and feedback: what the page about promises says of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import altair as alt

from cxe.report import bars, charts
from cxe.report.answers import Column
from cxe.report.blocks import block_of
from cxe.report.joins import joined, ordered
from cxe.report.months import Months, last_months
from cxe.report.sentences import (
    is_hiding,
    leaders,
    least_and_most,
    of_shown,
    spread,
)

if TYPE_CHECKING:
    from cxe.report.answers import Answer
    from cxe.report.blocks import Block
    from cxe.report.source import Source

MOMENTS = {
    "pa_denial": "Prior authorisation denied",
    "first_shipment": "First shipment",
    "complaint": "Complaint",
    "adverse_event_report": "Adverse event report",
    "first_inquiry": "First medical inquiry",
    "barrier_escalation": "Barrier escalated",
    "first_call_after_broken_promise": "First call after a broken promise",
}
NO_MOMENTS = "No brand-defining moments in the delivered extracts."
NO_BARRIERS = "No barriers in the delivered extracts."
NO_DETRACTORS = "No detractors' answers in the delivered extracts."


def moments(source: Source, span: Months) -> Block:
    """What became of brand-defining moments."""
    answer = source.ask(
        "moments_over",
        "moments_judged",
        "moments_upheld",
        "moments_upheld_rate",
        "moments_seen_share",
        by=["territory", "moment_instance__moment"],
        scopes=["territory"],
        since=span.since,
        until=span.until,
    ).named("moment", MOMENTS)

    def say(answer: Answer) -> str:
        told = least_and_most(
            answer, answer.where(territory=None), "moments_upheld_rate", "moment_name", "upheld"
        )
        if not told:
            return f"No moment left evidence of how it went that can be shown, {span}."
        return f"{span}, all territories, moments that left evidence: {told}."

    return block_of(
        "moments",
        f"Brand-defining moments upheld, missed and unseen, {span}",
        answer,
        say,
        _draw_moments,
        nothing=NO_MOMENTS,
        shown=[
            "territory",
            "moment_name",
            "moments_over",
            "moments_judged",
            "moments_upheld",
            "moments_upheld_rate",
            "moments_seen_share",
        ],
        note=(
            "A moment is missed when a promise to the customer broke in the following 14 days or "
            "the mean of what they felt was under .6; unseen when there is no evidence at all, "
            "which is no good sign either: nobody asked."
        ),
    )


def _draw_moments(answer: Answer) -> dict[str, Any]:
    outcomes = ["upheld", "missed", "unseen"]
    # Of what is not shown no part is drawn: to the chart it would be 0.
    counts = ("moments_over", "moments_judged", "moments_upheld")
    known = " && ".join(f"isValid(datum.{name})" for name in counts)
    base = (
        alt.Chart(charts.ROWS)
        .transform_calculate(
            upheld=f"{known} ? datum.moments_upheld : null",
            missed=f"{known} ? datum.moments_judged - datum.moments_upheld : null",
            unseen=f"{known} ? datum.moments_over - datum.moments_judged : null",
            rate="isValid(datum.moments_upheld_rate) ? datum.moments_upheld_rate : 2",
            told="isValid(datum.moments_upheld_rate) ? "
            "format(datum.moments_upheld_rate, '.0%') + ' of ' + "
            "format(datum.moments_judged, ',') + ' upheld' : "
            "datum.moments_judged === 0 ? 'all unseen' : '•'",
        )
        .encode(y=alt.Y("moment_name:N", sort=alt.EncodingSortField("rate", op="min"), axis=None))
    )
    outcome_bars = (
        base.transform_fold([*outcomes], as_=["outcome", "moments"])
        .transform_filter("isValid(datum.moments)")
        .transform_calculate(place=f"indexof({outcomes}, datum.outcome)")
        .mark_bar(height=12, yOffset=9)
        .encode(
            alt.X(
                "moments:Q",
                stack="normalize",
                title="Share of moments that had their time",
                axis=charts.value_axis("share"),
            ),
            alt.Color(
                "outcome:N",
                **charts.colours(outcomes, [charts.GOOD, charts.BAD, "var(--band-0)"]),
            ),
            order="place:Q",
            tooltip=[
                *charts.tooltips(answer, "moment_name"),
                alt.Tooltip("outcome:N", title="Outcome"),
                alt.Tooltip("moments:Q", title="Moments", format=","),
            ],
        )
    )
    text: dict[str, Any] = {"baseline": "middle", "dy": -7}
    names = base.mark_text(align="left", **text).encode(x=alt.value(0), text="moment_name:N")
    numbers = base.mark_text(align="right", color=charts.SOFT, **text).encode(
        x=alt.value("width"), text="told:N"
    )
    rows = len({row["moment"] for row in answer.rows})
    return charts.spec(outcome_bars + names + numbers, bars.BAR_HEIGHT * rows + 50)


def barriers(source: Source, span: Months) -> list[Block]:
    """What became of barriers, and how long they stood."""
    last = last_months(source, 1)
    metrics = ["barriers_identified", "barriers_removed", "barrier_removal_rate"]
    types = source.ask(
        *metrics,
        "unescalated_removal_share",
        by=["barrier__barrier_type"],
        since=span.since,
        until=span.until,
    )
    types = types.worded("barrier_type", {None: "Not stated"})
    median = source.read(
        f"""
        select unit as function, identified, median_days from marts.fct_barrier_removal
        where unit_type = 'function' and month = date '{last.since}'
        order by unit
        """,
        [
            Column("function", "Function of the owner"),
            Column("identified", "Barriers identified", "barriers"),
            Column("median_days", "Median days to remove one", "days"),
        ],
        patients={"identified": ["identified"], "median_days": ["identified"]},
    )
    median = replace(median, rows=ordered(median.rows, ["-median_days", "function"]))
    company = source.ask("barrier_median_days", since=last.since, until=last.until)

    def say(answer: Answer) -> str:
        low = leaders(answer, answer.rows, "barrier_removal_rate", "barrier_type_name", lowest=True)
        told = f"Fewer than half the barriers of {span} are removed so far."
        if answer.rows[0]["barrier_median_days"] is not None:
            days = answer.text(answer.rows[0], "barrier_median_days")
            told = f"Half the barriers of {span} were removed within {days} days."
        if not low:
            return f"{told} By type there are too few to be shown."
        least = low.says(
            f"least often removed are barriers of {low.names.lower()}: "
            f"{low.texts('barriers_removed')} of {low.texts('barriers_identified')}."
        )
        return f"{told} {least}"

    def say_median(answer: Answer) -> str:
        runs = spread(answer, answer.rows, "median_days", "function", "days")
        if not runs:
            return f"Too few barriers by function to be shown, {span}."
        told = of_shown(
            f"the time within which half the barriers of a function were removed runs {runs}.",
            is_hiding(answer.rows, "median_days"),
        )
        return f"{span}: {told} Those not removed count as still in the way."

    def draw(answer: Answer) -> dict[str, Any]:
        return bars.labelled_bars(
            answer,
            name="barrier_type_name",
            label="datum.barrier_type_name",
            value="barriers_identified",
            shown="isValid(datum.barriers_removed) && isValid(datum.barriers_identified) ? "
            "format(datum.barriers_removed, ',') + ' removed of ' + "
            "format(datum.barriers_identified, ',') : '•'",
            order="-datum.barriers_identified",
            colour=alt.value("var(--band-0)"),
            tooltip=["barrier_type_name", "barriers_identified", "barriers_removed"],
            rows=len(answer.rows),
            domain=(),
            within="barriers_removed",
        )

    return [
        block_of(
            "barriers",
            f"Barriers found and removed, by type, {span}",
            joined(types, company),
            say,
            draw,
            nothing=NO_BARRIERS,
            shown=[
                "barrier_type_name",
                *metrics,
                "unescalated_removal_share",
            ],
            note="By the day a barrier was found; the newest have had little time to be removed.",
        ),
        block_of(
            "barrier-days",
            f"Days to remove a barrier, by function of its owner, {span}",
            median,
            say_median,
            nothing=NO_BARRIERS,
        ),
    ]


def feedback(source: Source, span: Months) -> list[Block]:
    """Whether detractors were called back."""
    year = last_months(source, 13)
    touchpoints = source.ask(
        "detractors_settled",
        "detractors_answered",
        "detractors_answered_rate",
        "feedback_action_rate",
        "nps_change_after_feedback",
        by=["survey_response__touchpoint"],
        order=["detractors_answered_rate"],
        since=span.since,
        until=span.until,
    )
    monthly = source.ask(
        "detractors_answered_rate",
        "feedback_action_rate",
        "detractors_settled",
        by=["month"],
        since=year.since,
        until=year.until,
    )
    rates = ["detractors_answered_rate", "feedback_action_rate"]

    def say(answer: Answer) -> str:
        low = leaders(answer, answer.rows, "detractors_answered_rate", "touchpoint", lowest=True)
        if not low:
            return f"No detractor's call was due yet, {span}."
        return (
            f"{span}: detractors are answered least often after {low.names}: "
            f"{low.texts('detractors_answered')} of {low.texts('detractors_settled')} within the "
            "promise."
        )

    def say_monthly(answer: Answer) -> str:
        known = [row for row in answer.rows if row["detractors_answered_rate"] is not None]
        if not known:
            return f"No detractor's call was due yet, {year}."
        first, last = known[0], known[-1]
        return (
            f"All territories: {answer.text(first, 'detractors_answered_rate')} of detractors were "
            f"called back in time in {answer.text(first, 'month')}, "
            f"{answer.text(last, 'detractors_answered_rate')} in {answer.text(last, 'month')} "
            f"({answer.text(last, 'detractors_settled')} answers)."
        )

    def draw(answer: Answer) -> dict[str, Any]:
        return bars.labelled_bars(
            answer,
            name="touchpoint",
            label="datum.touchpoint",
            value="detractors_answered_rate",
            shown="isValid(datum.detractors_answered_rate) ? "
            "format(datum.detractors_answered_rate, '.0%') + ' of ' + "
            "format(datum.detractors_settled, ',') : ''",
            order="datum.detractors_answered_rate",
            colour=alt.value(charts.ACCENT),
            tooltip=["touchpoint", *rates, "detractors_settled"],
            rows=len(answer.rows),
        )

    def draw_monthly(answer: Answer) -> dict[str, Any]:
        return charts.lines(
            answer,
            {name: answer[name].label for name in rates},
            "Share of detractors' answers",
            from_zero=True,
        )

    return [
        block_of(
            "feedback",
            f"Detractors called back in time, {year}",
            monthly,
            say_monthly,
            draw_monthly,
            nothing=NO_DETRACTORS,
            note=(
                "Acted on: a barrier, a support case or a hub case was opened within 14 days. The "
                "newest answers are not decided yet."
            ),
        ),
        block_of(
            "feedback-touchpoints",
            f"Detractors called back in time, by what the survey asked about, {span}",
            touchpoints,
            say,
            draw,
            nothing=NO_DETRACTORS,
            note=(
                "The change of the next recommendation shows no effect of the call: who was very "
                "unhappy tends to be less so the next time."
            ),
        ),
    ]
