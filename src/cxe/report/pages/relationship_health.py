"""Relationship health: how customers experience us, what that rests on, and where it varies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from cxe.report import bars, charts
from cxe.report.answers import Answer, Column
from cxe.report.blocks import Block, Page, block_of
from cxe.report.formats import month_text
from cxe.report.joins import beside, joined
from cxe.report.months import Months, last_months
from cxe.report.pages.variability import control_charts, funnels, signals
from cxe.report.sentences import (
    leaders,
    listed,
    of_shown,
    spread,
)

if TYPE_CHECKING:
    from cxe.report.answers import Row
    from cxe.report.source import Source

# As definitions, section 7, weighs them.
COMPONENTS = {
    "trust": "Trust",
    "ease": "Ease",
    "responsiveness": "Responsiveness",
    "coherence": "Coherence",
    "reciprocity": "Reciprocity",
    "fulfillment": "Fulfillment",
    "sentiment": "Sentiment",
}
SCORES = [f"{name}_score" for name in COMPONENTS]
RATED = [band for band in charts.BANDS if band != "unrated"]
NO_HEALTH = "No months of relationships in the delivered extracts."
HEALTH = "marts.fct_relationship_health"
BAND_HEIGHT, ROW_HEIGHT = 46, 60


def page(source: Source) -> Page:
    """The page.

    Args:
        source: the published version.
    """
    charted = control_charts(source)
    return Page(
        "relationship-health.html",
        "Relationship health",
        "How customers experience us, what that rests on, and where it varies by more than chance.",
        [
            _headline(source),
            _bands(source),
            _scores(source),
            *_movements(source),
            *_components(source),
            signals(source),
            *charted,
            *funnels(source),
        ],
        "relationship-health.html.jinja",
        {"charted": [block.id for block in charted]},
    )


# ---- where relationships stand


def _headline(source: Source) -> Block:
    span = last_months(source, 13)
    health = source.ask(
        "relationship_health",
        "healthy_customer_share",
        "rated_customer_share",
        "fragile_customers",
        "emotional_engagement",
        "experience_variability",
        by=["month", "territory"],
        scopes=["territory", "month"],
        since=span.since,
        until=span.until,
    )
    burden = source.ask(
        "burden_hours",
        by=["month", "customer__territory"],
        scopes=["customer__territory", "month"],
        since=span.since,
        until=span.until,
    )

    def say(answer: Answer) -> str:
        row = Block("", "", "", answer).first_view[0]
        return (
            f"At the end of {answer.text(row, 'month')} mean health of all customers is "
            f"{answer.text(row, 'relationship_health')} of 100. "
            f"{answer.text(row, 'healthy_customer_share')} of the rated customers are strong or "
            f"steady, {answer.text(row, 'fragile_customers')} are fragile or critical; "
            f"{answer.text(row, 'rated_customer_share')} of all have enough evidence to be rated."
        )

    return block_of(
        "headline",
        "Where relationships stand at the end of the month",
        beside(health, burden),
        say,
        nothing=NO_HEALTH,
        is_tiles=True,
        note=(
            "Burden hours count the customers' time in the month itself, by their territory of "
            "today; everything else is the state at its end."
        ),
    )


def _bands(source: Source) -> Block:
    span = last_months(source, 13)
    counts = [f"count(*) filter (where band = '{band}') as {band}" for band in charts.BANDS]
    answer = source.read(
        f"""
        select month, territory, {", ".join(counts)}
        from (
            select month, coalesce(territory, '(none)') as territory, band from {HEALTH}
            where month >= date '{span.since}'
        )
        group by grouping sets ((month), (month, territory))
        order by territory nulls first, month
        """,
        [
            Column("month", "Month", "month"),
            Column("territory", "Territory"),
            *(Column(band, band.capitalize(), "customers") for band in charts.BANDS),
        ],
        scopes=["territory"],
    )

    def say(answer: Answer) -> str:
        first, last = _ends(answer)
        told = ", ".join(
            f"{answer.text(last, band)} {band}" for band in [*reversed(RATED), "unrated"]
        )
        return (
            f"Of all customers at the end of {answer.text(last, 'month')}: {told}. Fragile or "
            f"critical together were {first['fragile'] + first['critical']:,} in "
            f"{answer.text(first, 'month')} and are {last['fragile'] + last['critical']:,} now."
        )

    def draw(answer: Answer) -> dict[str, Any]:
        bands = list(charts.BANDS)
        chart = (
            alt.Chart(charts.ROWS)
            .transform_fold([*charts.BANDS], as_=["band", "customers"])
            .transform_calculate(
                signed="datum.band === 'unrated' ? -datum.customers : +datum.customers",
                place=f"indexof({bands}, datum.band)",
            )
            .mark_bar()
            .encode(
                alt.X(
                    "month:O",
                    timeUnit="utcyearmonth",
                    title="Month",
                    axis=alt.Axis(
                        labelAngle=0,
                        labelOverlap="parity",
                        labelExpr="[utcFormat(datum.value, '%b'), utcFormat(datum.value, '%Y')]",
                    ),
                ),
                alt.Y(
                    "signed:Q",
                    title="Customers; unrated below the line",
                    axis=alt.Axis(labelExpr="format(abs(datum.value), ',')", tickCount=6),
                ),
                alt.Color("band:N", **_band_colours()),
                order="place:Q",
                tooltip=[
                    *charts.tooltips(answer, "month"),
                    alt.Tooltip("band:N", title="Band"),
                    alt.Tooltip("customers:Q", title="Customers", format=","),
                ],
            )
        )
        return charts.spec(chart, 320)

    return block_of("bands", f"Customers by band, {span}", answer, say, draw, nothing=NO_HEALTH)


def _scores(source: Source) -> Block:
    span = last_months(source, 1)
    answer = source.read(
        f"""
        select territory, band, least(floor(health / 5) * 5, 95) as score_from,
            score_from + 5 as score_to, count(*) as customers
        from (
            select coalesce(territory, '(none)') as territory, band, health from {HEALTH}
            where month = date '{span.since}' and health is not null
        )
        group by grouping sets ((band, score_from), (territory, band, score_from))
        order by territory nulls first, score_from, band
        """,
        [
            Column("territory", "Territory"),
            Column("band", "Band"),
            Column("score_from", "Health from", "points of score"),
            Column("score_to", "to below", "points of score"),
            Column("customers", "Customers", "customers"),
        ],
        scopes=["territory"],
    )

    def say(answer: Answer) -> str:
        rows = [row for row in answer.where(territory=None) if row["band"] != "unrated"]
        if not rows:
            return f"No customer has enough evidence to be rated at the end of {span}."
        lowest, highest = rows[0], rows[-1]
        most = max(rows, key=lambda row: row["customers"])
        return (
            f"At the end of {span} rated customers stand between "
            f"{answer.text(lowest, 'score_from')} and {answer.text(highest, 'score_to')}; the "
            f"largest group, {answer.text(most, 'customers')}, between "
            f"{answer.text(most, 'score_from')} and {answer.text(most, 'score_to')}. Unrated ones "
            "are drawn to the middle."
        )

    def draw(answer: Answer) -> dict[str, Any]:
        bands = list(charts.BANDS)
        chart = (
            alt.Chart(charts.ROWS)
            .transform_calculate(place=f"indexof({bands}, datum.band)")
            .mark_bar(binSpacing=2)
            .encode(
                alt.X(
                    "score_from:Q",
                    bin="binned",
                    title="Health, 0 to 100",
                    axis=alt.Axis(values=list(range(0, 101, 15)), format="d"),
                ),
                alt.X2("score_to"),
                alt.Y("customers:Q", title="Customers", axis=charts.value_axis("customers")),
                alt.Color("band:N", **_band_colours()),
                order="place:Q",
                tooltip=charts.tooltips(answer, "score_from", "score_to", "band", "customers"),
            )
        )
        return charts.spec(chart, 320)

    return block_of(
        "scores",
        f"Customers by health score, end of {span}",
        answer,
        say,
        draw,
        nothing=NO_HEALTH,
    )


def _band_colours() -> dict[str, Any]:
    names, colours = list(charts.BANDS), list(charts.BANDS.values())
    return charts.colours(names, colours, columns=3, columnPadding=12)


# ---- movement between bands

_MOVEMENTS = {
    "improved": "Improved",
    "worsened": "Worsened",
    "unchanged": "In the same band",
    "newly rated": "Newly rated",
    "no longer rated": "No longer rated",
    "new": "New in the panel",
}


def _movements(source: Source) -> list[Block]:
    span = last_months(source, 1)
    before = month_text(source.months[-4]) if source.months[3:] else ""
    order = f"[{', '.join(repr(band) for band in RATED)}]"
    pairs = f"""
        with pairs as (
            select coalesce(now.territory, '(none)') as territory, now.band as band_now,
                coalesce(earlier.band, 'new') as band_before,
                list_position({order}, band_now) - list_position({order}, band_before) as steps,
                case
                    when band_before = 'new' then 'new'
                    when band_before = band_now then 'unchanged'
                    when band_now = 'unrated' then 'no longer rated'
                    when band_before = 'unrated' then 'newly rated'
                    when steps > 0 then 'improved' else 'worsened'
                end as movement
            from {HEALTH} as now
            left join {HEALTH} as earlier on now.customer_id = earlier.customer_id
                and earlier.month = now.month - interval 3 month
            where now.month = date '{span.since}'
        )"""
    customers = Column("customers", "Customers", "customers")
    matrix = source.read(
        f"""{pairs}
        select territory, band_before, band_now, movement, count(*) as customers from pairs
        group by grouping sets ((band_before, band_now, movement),
            (territory, band_before, band_now, movement))
        order by territory nulls first, movement, band_before, band_now
        """,
        [
            Column("territory", "Territory"),
            Column("band_before", "Band three months before"),
            Column("band_now", "Band now"),
            Column("movement", "Movement"),
            customers,
        ],
        scopes=["territory"],
    )
    summed = source.read(
        f"""{pairs}
        select territory, movement, count(*) as customers from pairs
        group by grouping sets ((movement), (territory, movement))
        order by territory nulls first, customers desc, movement
        """,
        [Column("territory", "Territory"), Column("movement", "Movement"), customers],
        scopes=["territory"],
    ).named("movement", _MOVEMENTS)
    when = f"{before} to {span}" if before else f"to {span}"

    def say(answer: Answer) -> str:
        told = {
            row["movement"]: answer.text(row, "customers") for row in answer.where(territory=None)
        }
        return (
            f"From {when}, {told.get('improved', '0')} customers moved to a better band and "
            f"{told.get('worsened', '0')} to a worse one; {told.get('unchanged', '0')} stayed. "
            f"{told.get('newly rated', '0')} came to be rated, {told.get('no longer rated', '0')} "
            f"are no longer, {told.get('new', '0')} are new."
        )

    def say_matrix(answer: Answer) -> str:
        worse = answer.where(territory=None, movement="worsened")
        if not worse:
            return f"All territories, {when}: no rated customer moved to a worse band."
        most = leaders(answer, worse, "customers", "band_now")
        if not most:
            return f"All territories, {when}: no step down that can be shown."
        steps = [f"from {row['band_before']} to {row['band_now']}" for row in most.rows]
        return (
            f"All territories, {when}. The most frequent step down is {listed(steps)}: {most.text} "
            "customers."
        )

    return [
        block_of(
            "movement",
            f"Customers who moved to another band, {when}",
            summed,
            say,
            _draw_movement,
            nothing=NO_HEALTH,
            shown=["territory", "movement_name", "customers"],
        ),
        block_of(
            "movement-matrix",
            f"Bands before and after, {when}",
            matrix,
            say_matrix,
            _draw_matrix,
            nothing=NO_HEALTH,
            note=(
                "Right of the diagonal customers improved, left of it they worsened. A customer "
                "becomes unrated when the evidence of six months runs out: nobody met them, or "
                "nobody asked."
            ),
        ),
    ]


_MOVEMENT_COLOURS = {
    "improved": charts.GOOD,
    "worsened": charts.BAD,
    "unchanged": charts.ACCENT,
    "newly rated": charts.NEUTRAL,
    "no longer rated": charts.NEUTRAL,
    "new": charts.NEUTRAL,
}


def _movement_colour() -> alt.Color:
    return alt.Color(
        "movement:N",
        scale=alt.Scale(domain=list(_MOVEMENT_COLOURS), range=list(_MOVEMENT_COLOURS.values())),
        legend=None,
    )


def _draw_movement(answer: Answer) -> dict[str, Any]:
    return bars.labelled_bars(
        answer,
        name="movement",
        label="{'improved': '▲ ', 'worsened': '▼ '}[datum.movement] ? "
        "{'improved': '▲ ', 'worsened': '▼ '}[datum.movement] + datum.movement_name : "
        "datum.movement_name",
        value="customers",
        shown="format(datum.customers, ',')",
        order=f"indexof({list(_MOVEMENTS)}, datum.movement)",
        colour=_movement_colour(),
        tooltip=["movement_name", "customers"],
        rows=len(_MOVEMENTS),
        domain=(),
    )


def _draw_matrix(answer: Answer) -> dict[str, Any]:
    base = alt.Chart(charts.ROWS).encode(
        alt.X(
            "band_now:N",
            title="Band now",
            scale=alt.Scale(domain=[*RATED, "unrated"]),
            axis=alt.Axis(
                orient="top", labelAngle=0, labelOverlap=False, domain=False, ticks=False
            ),
        ),
        alt.Y(
            "band_before:N",
            title="Band three months before",
            scale=alt.Scale(domain=[*RATED, "unrated", "new"]),
            axis=alt.Axis(domain=False, ticks=False),
        ),
    )
    cells = base.mark_rect(cornerRadius=4).encode(
        color=_movement_colour(),
        opacity=alt.Opacity(
            "customers:Q", scale=alt.Scale(type="sqrt", range=[0.12, 0.55]), legend=None
        ),
        tooltip=charts.tooltips(answer, "band_before", "band_now", "movement", "customers"),
    )
    marks = "{'improved': ' ▲', 'worsened': ' ▼'}[datum.movement]"
    counts = base.transform_calculate(
        told=f"format(datum.customers, ',') + ({marks} ? {marks} : '')"
    ).mark_text(fontSize=13)
    return charts.spec(cells + counts.encode(text="told:N"), BAND_HEIGHT * 6)


# ---- what it rests on


def _components(source: Source) -> list[Block]:
    year, last = last_months(source, 13), last_months(source, 1)
    monthly = source.ask(
        *SCORES, by=["month", "territory"], scopes=["territory"], since=year.since, until=year.until
    )
    weakest = source.ask(
        "customers_in_panel",
        by=["territory", "health_month__weakest_component"],
        scopes=["territory"],
        since=last.since,
        until=last.until,
    ).named("weakest_component", {**COMPONENTS, None: "None below average"})
    return [
        block_of(
            "components",
            f"The seven components, {year}",
            monthly,
            _say_components,
            _draw_components if any(monthly.known(name) for name in SCORES) else None,
            nothing=NO_HEALTH,
            note=(
                "Mean scores of customers, 0 to 100, first and last month at the right. Each line "
                "runs around its own mean, all in the same steps. Weights in "
                "health: trust .25; ease, responsiveness and coherence .15 each; reciprocity, "
                "fulfillment and sentiment .10 each, unless the seed health_weights says otherwise."
            ),
        ),
        block_of(
            "weakest",
            f"Customers by their weakest component, end of {last}",
            weakest,
            lambda answer: _say_weakest(answer, last),
            _draw_weakest,
            nothing=NO_HEALTH,
            shown=["territory", "weakest_component_name", "customers_in_panel"],
            note=(
                "The component that lies furthest below the mean of all customers, times its "
                "weight: where to begin with a customer."
            ),
        ),
        _by_territory(source, last),
    ]


def _say_components(answer: Answer) -> str:
    first, last = _ends(answer)
    known = [name for name in SCORES if last[name] is not None]
    if not known:
        return f"No component is known at the end of {answer.text(last, 'month')}."
    components = Answer(
        (Column("name", ""), Column("score", "", "score"), Column("fall", "", "score")),
        [
            {
                "name": answer[name].label.lower(),
                "score": last[name],
                "fall": None if first[name] is None else first[name] - last[name],
                "told": f"from {answer.text(first, name)} to {answer.text(last, name)}",
            }
            for name in known
        ],
        (),
    )
    month = answer.text(last, "month")
    runs = spread(components, components.rows, "score", "name")
    told = f"Mean scores of all customers at the end of {month}: {runs}."
    fell = leaders(components, components.rows, "fall", "name")
    if first is last or not fell:
        return told
    if fell.row["fall"] <= 0:
        return f"{told} None fell since {answer.text(first, 'month')}."
    ends = listed([row["told"] for row in fell.rows])
    return f"{told} Fell most since {answer.text(first, 'month')}: {fell.names}, {ends}."


def _draw_components(answer: Answer) -> dict[str, Any]:
    names = [answer[name].label for name in SCORES]
    # Every line runs around its own mean: side by side from 0 to 100 all would look flat.
    base = (
        alt.Chart(charts.ROWS)
        .transform_fold([*SCORES], as_=["code", "score"])
        .transform_filter("datum.score !== null")
        .transform_joinaggregate(
            mean_score="mean(score)",
            earliest="min(month)",
            latest="max(month)",
            groupby=["code"],
        )
        .transform_calculate(
            component=f"{names}[indexof({SCORES}, datum.code)]",
            off="datum.score - datum.mean_score",
        )
        .encode(y=alt.Y("component:N", sort=names, axis=None, scale=alt.Scale(padding=0)))
    )
    month = charts.months()
    off = alt.YOffset("off:Q", scale=alt.Scale(range=[ROW_HEIGHT - 8, 22]))
    tips = [
        *charts.tooltips(answer, "month"),
        alt.Tooltip("component:N", title="Component"),
        alt.Tooltip("score:Q", title="Score", format=".1f"),
    ]
    line = base.mark_line().encode(month, yOffset=off, detail="component:N", tooltip=tips)
    points = base.mark_point(size=25).encode(month, yOffset=off, tooltip=tips)
    text: dict[str, Any] = {"baseline": "top", "dy": 2 - ROW_HEIGHT // 2}
    named = base.mark_text(align="left", **text).encode(
        x=alt.value(0), text="component:N", opacity=_only("earliest")
    )
    scores = base.transform_window(
        first_score="first_value(score)",
        sort=[alt.SortField("month")],
        groupby=["code"],
    ).transform_calculate(
        told="format(datum.first_score, '.1f') + ' → ' + format(datum.score, '.1f')"
    )
    numbers = scores.mark_text(align="right", color=charts.SOFT, **text).encode(
        x=alt.value("width"), text="told:N", opacity=_only("latest")
    )
    return charts.spec(line + points + named + numbers, ROW_HEIGHT * len(SCORES) + 45)


def _only(month: str) -> Any:
    """Seen in the first or the last month of a line only."""
    return alt.condition(f"datum.month === datum.{month}", alt.value(1), alt.value(0))


def _say_weakest(answer: Answer, span: Months) -> str:
    rows = [row for row in answer.where(territory=None) if row["weakest_component"]]
    if not rows:
        return f"No customer lies below average in any component at the end of {span}."
    most = leaders(answer, rows, "customers_in_panel", "weakest_component_name")
    if not most:
        return f"Too few customers to be shown at the end of {span}."
    told = f"{most.names.lower()}: {most.text} of them"
    return (
        f"All territories, end of {span}. Where most customers fall behind: "
        f"{of_shown(told, most.hides)}."
    )


def _draw_weakest(answer: Answer) -> dict[str, Any]:
    return bars.labelled_bars(
        answer,
        name="weakest_component_name",
        label="datum.weakest_component_name",
        value="customers_in_panel",
        shown="format(datum.customers_in_panel, ',')",
        order="datum.weakest_component ? -datum.customers_in_panel : 0",
        colour=alt.condition(
            "datum.weakest_component === null", alt.value(charts.NEUTRAL), alt.value(charts.ACCENT)
        ),
        tooltip=["weakest_component_name", "customers_in_panel"],
        rows=len(COMPONENTS) + 1,
        domain=(),
    )


def _by_territory(source: Source, span: Months) -> Block:
    scores = source.ask(
        "relationship_health",
        "health_change_3m_mean",
        "rated_customers",
        *SCORES,
        by=["territory"],
        order=["relationship_health"],
        since=span.since,
        until=span.until,
    )
    most = source.read(
        f"""
        select territory, weakest
        from (
            select coalesce(territory, '(none)') as territory, weakest_component as weakest
            from {HEALTH}
            where month = date '{span.since}' and weakest_component is not null
        )
        group by territory, weakest
        qualify row_number() over (partition by territory order by count(*) desc, weakest) = 1
        order by territory
        """,
        [Column("territory", "Territory"), Column("weakest", "Weakest of most customers")],
    ).named("weakest", COMPONENTS)
    answer = joined(scores, most).labelled(
        relationship_health="Health",
        health_change_3m_mean="Change in 3 months",
        rated_customers="Rated",
        weakest_name="Weakest",
    )

    def say(answer: Answer) -> str:
        runs = spread(answer, answer.rows, "relationship_health", "territory")
        if not runs:
            return f"No territory's health is known at the end of {span}."
        return f"Mean health at the end of {span}: {runs}. Lowest first."

    return block_of(
        "territories",
        f"Components by territory, end of {span}",
        answer,
        say,
        nothing=NO_HEALTH,
        shown=[
            "territory",
            "relationship_health",
            "health_change_3m_mean",
            "rated_customers",
            "weakest_name",
            *SCORES,
        ],
        note=(
            "This is no ranking: a territory with few rated customers may stand high or low by "
            "chance. The weakest component is the one in which most of its customers fall behind."
        ),
    )


# ---- small things


def _ends(answer: Answer) -> tuple[Row, Row]:
    """First and last month of all territories."""
    rows = answer.where(territory=None)
    return rows[0], rows[-1]
