"""What the metrics of the flywheel and of economics must be.

Plain SQL on the marts, written from the definitions, where possible on other marts than the
metric's own.
"""

from __future__ import annotations

from metrics.golden import MONTH, Golden, at_month_end, counted, ratio

# Months of the panel, counted from 1; a newest month that is under way has none.
PANEL = "select *, row_number() over (order by month) as number from marts.dim_months"
# Up to when the world is known: the end of the panel, or what happened in the month under way.
AS_OF_DATE = """
    (
        select greatest(
            max(last_day_on), (select max(occurred_at)::date from marts.fct_interactions)
        )
        from marts.dim_months
    )
"""


def _at_quarter_end(query: str) -> Golden:
    """A value that a query has one of by month, `value`: the newest, and that of each quarter.

    By month alone it would not show if the first month of a time stood for its last.
    """
    return Golden(
        total=f"""
            select value from ({query}) where month = (select max(month) from marts.dim_months)
        """,
        by=("metric_time__quarter",),
        cut=f"""
            select date_trunc('quarter', month)::date, value
            from ({query})
            where month in (
                select max(month) from marts.dim_months group by date_trunc('quarter', month)
            )
        """,
    )


# --- What moved value from one quarter to the next, by product -----------------------------------


def _accrued_by(column: str, last_day: str) -> str:
    """Money of fills that fell on days up to the last one, rounded to cents per fill."""
    cents = f"(fills.{column} * 100)::bigint"
    days = f"least(fills.days_supply, {last_day} - fills.shipped_on + 1)"
    supply = "fills.days_supply::bigint"
    return f"""
        coalesce(sum((2 * {cents} * {days} + {supply}) // (2 * {supply})), 0)::decimal(36, 0) * 0.01
    """


# Differences of what had accrued by the ends of three months, fill by fill.
PRODUCT_BRIDGE = f"""
    with pairs as (
        select
            customer_id,
            product_id,
            date_trunc('month', min(shipped_on))::date as first_month
        from marts.fct_fills
        where customer_id is not null
        group by 1, 2
    ),

    accrued as (
        select
            pairs.customer_id,
            pairs.product_id,
            months.month,
            {_accrued_by("net_value", "months.last_day_on")} as so_far
        from pairs
        inner join marts.dim_months as months
            on pairs.first_month <= months.month
        inner join marts.fct_fills as fills
            on
                pairs.customer_id = fills.customer_id
                and pairs.product_id is not distinct from fills.product_id
                and months.last_day_on >= fills.shipped_on
        group by 1, 2, 3
    ),

    compared as (
        select
            *,
            coalesce(max(so_far) over (
                partition by customer_id, product_id order by month
                range between interval 3 months preceding and interval 3 months preceding
            ), 0) as a_quarter_ago,
            coalesce(max(so_far) over (
                partition by customer_id, product_id order by month
                range between interval 6 months preceding and interval 6 months preceding
            ), 0) as half_a_year_ago
        from accrued
    ),

    moved as (
        select
            month,
            product_id as product,
            a_quarter_ago > 0 as is_known,
            a_quarter_ago - half_a_year_ago as opening,
            so_far - a_quarter_ago as closing
        from compared
    )
"""
# Movements of products are those of customers where value does not change its product.
QUARTER = """
    select sum(accrued_value)
    from marts.fct_customer_value
    where month between
        (select max(month) - interval {first} months from marts.dim_months)
        and (select max(month) - interval {last} months from marts.dim_months)
"""


def _of_products(value: str, total: str = "") -> Golden:
    by_product = at_month_end(PRODUCT_BRIDGE, "moved", value, "product")
    return Golden(total=total or by_product.total, by=by_product.by, cut=by_product.cut)


PRODUCT_METRICS = {
    "product_opening_value": _of_products("sum(opening)", QUARTER.format(first=5, last=3)),
    "product_new_value": _of_products("sum(case when is_known then 0 else closing end)"),
    "product_reactivated_value": _of_products(
        "sum(case when is_known and opening = 0 then closing else 0 end)"
    ),
    "product_expansion_value": _of_products(
        "sum(case when opening > 0 then greatest(closing - opening, 0) else 0 end)"
    ),
    "product_contraction_value": _of_products(
        "sum(case when closing > 0 then greatest(opening - closing, 0) else 0 end)"
    ),
    "product_churned_value": _of_products("sum(case when closing = 0 then opening else 0 end)"),
    "product_closing_value": _of_products("sum(closing)", QUARTER.format(first=2, last=0)),
    # What is left of the opening is what pairs of both quarters brought in the second one.
    "product_net_revenue_retention": _of_products(
        ratio("sum(case when opening > 0 then closing else 0 end)", "sum(opening)")
    ),
    "product_gross_revenue_retention": _of_products(
        ratio("sum(least(opening, closing))", "sum(opening)")
    ),
}

# --- What the well served keep -------------------------------------------------------------------

# Both quarters of every customer who was rated at the end of the first.
SERVED = f"""
    with panel as ({PANEL}),

    quarters as (
        select
            value.customer_id,
            value.month,
            health.band,
            sum(value.accrued_value) over (
                partition by value.customer_id order by value.month
                range between interval 2 months preceding and current row
            ) as opening,
            coalesce(sum(value.accrued_value) over (
                partition by value.customer_id order by value.month
                range between interval 1 month following and interval 3 months following
            ), 0) as closing
        from marts.fct_customer_value as value
        inner join marts.fct_relationship_health as health
            on value.customer_id = health.customer_id and value.month = health.month
    ),

    served as (
        select
            panel.month,
            coalesce(quarters.band in ('strong', 'steady'), false) as is_well_served,
            coalesce(quarters.band in ('fragile', 'critical'), false) as is_less_served,
            coalesce(quarters.opening, 0) as opening,
            coalesce(quarters.opening - greatest(quarters.opening - quarters.closing, 0), 0)
                as kept
        from panel
        left join quarters
            on panel.month = quarters.month + interval 3 months and quarters.opening > 0
        where panel.number >= 7
    )
"""


def _served(column: str, group: str) -> str:
    return f"coalesce(sum({column}) filter (where is_{group}_served), 0)"


def _retention(group: str) -> str:
    return ratio(_served("kept", group), _served("opening", group))


SERVED_METRICS = {
    name: at_month_end(SERVED, "served", value)
    for name, value in {
        "well_served_opening_value": _served("opening", "well"),
        "well_served_kept_value": _served("kept", "well"),
        "less_served_opening_value": _served("opening", "less"),
        "less_served_kept_value": _served("kept", "less"),
        "well_served_retention": _retention("well"),
        "less_served_retention": _retention("less"),
        "experience_retention_difference": f"{_retention('well')} - {_retention('less')}",
    }.items()
}

# --- Starts lost on the way ----------------------------------------------------------------------

# How far a relationship without a start came, in those old enough to have one.
PRESCRIBE_LOSSES = f"""
    with unstarted as (
        select
            customer_id,
            product_id,
            least(reached_at, engaged_at, first_prescription_at)::date as began_on,
            case
                when first_prescription_at is not null then 'prescribed'
                when engaged_at is not null then 'engaged'
                else 'reached'
            end as stage
        from marts.fct_prescribe_journeys
        where first_start_at is null
    ),

    lost as (
        select months.month, unstarted.stage, unstarted.product_id, history.territory
        from unstarted
        inner join marts.dim_months as months
            on unstarted.began_on between months.month and months.last_day_on
        left join marts.dim_customer_history as history
            on
                unstarted.customer_id = history.customer_id
                and unstarted.began_on >= history.valid_from
                and unstarted.began_on < history.valid_to
        where unstarted.began_on + 90 <= {AS_OF_DATE}
    )
"""
FULFILLMENT_LOSSES = """
    with lost as (
        select
            months.month,
            cases.territory,
            cases.product_id,
            case
                when cases.coverage_ready_at is not null then 'coverage_ready'
                when cases.pa_decided_at is not null then 'pa_decided'
                when cases.pa_submitted_at is not null then 'pa_submitted'
                when cases.benefits_verified_at is not null then 'benefits_verified'
                when cases.enrolled_at is not null then 'enrolled'
                else 'received'
            end as stage
        from marts.fct_fulfillment_journeys as cases
        inner join marts.dim_months as months
            on cases.received_at::date between months.month and months.last_day_on
        where
            cases.case_type in ('NEW', 'RESTART')
            and cases.is_mature
            and cases.first_shipped_at is null
    )
"""


def _value_lost(journey: str, losses: str) -> Golden:
    """Lost starts, each at the price of its product.

    What a start is worth follows a patient from fill to fill, and no mart says who that is. The
    prices are those of the few rows of the metric's mart in which a product is alone; whether they
    are right is tested against the files, in golden/test_flywheel.py.
    """
    rows = f"""
        {losses},

        of_products as (
            select
                month,
                stage,
                coalesce(territory, 'unassigned') as territory,
                min(product_id) as product_id
            from lost
            group by 1, 2, 3
            having count(distinct product_id) = 1 and count(product_id) = count(*)
        ),

        prices as (
            select
                of_products.product_id,
                any_value((losses.value_lost / losses.lost)::decimal(18, 2)) as price
            from marts.fct_stage_losses as losses
            inner join of_products
                on
                    losses.month = of_products.month
                    and losses.stage = of_products.stage
                    and losses.territory = of_products.territory
            where losses.journey = '{journey}'
            group by 1
        ),

        priced as (
            select lost.*, prices.price
            from lost
            left join prices
                on lost.product_id = prices.product_id
        )
    """
    return counted(rows, "priced", "sum(price)", "stage", "territory")


LOSS_METRICS = {
    "prescribe_starts_lost": counted(PRESCRIBE_LOSSES, "lost", "count(*)", "stage", "territory"),
    "prescribe_value_lost": _value_lost("prescribe", PRESCRIBE_LOSSES),
    "fulfillment_starts_lost": counted(
        FULFILLMENT_LOSSES, "lost", "count(*)", "stage", "territory"
    ),
    "fulfillment_value_lost": _value_lost("fulfillment", FULFILLMENT_LOSSES),
}

# --- What customers cost, and when they have paid for it -----------------------------------------

WON = f"""
    with panel as ({PANEL}),

    newcomers as (
        select customer_id, min(shipped_on) as shipped_on
        from marts.fct_fills
        where customer_id is not null
        group by 1
    ),

    -- Who bought before the extracts begin is no winner.
    won as (
        select
            newcomers.customer_id,
            value.month,
            value.territory,
            coalesce((
                select sum(touches.touch_cost)
                from marts.fct_interactions as touches
                where
                    touches.customer_id = newcomers.customer_id
                    and touches.direction = 'outbound'
                    and touches.occurred_at < newcomers.shipped_on
            ), 0) as cost,
            value.month + interval 11 months <= (select max(month) from panel) as is_decided
        from newcomers
        inner join marts.fct_customer_value as value
            on
                newcomers.customer_id = value.customer_id
                and value.month = date_trunc('month', newcomers.shipped_on)
        inner join panel
            on value.month = panel.month
        where panel.number > 3
    ),

    -- Margin of a customer's first twelve months: all there was, because the first fill is in them.
    margins as (
        select
            won.customer_id,
            {_accrued_by("margin", "(won.month + interval 12 months - interval 1 day)::date")}
                as margin
        from won
        inner join marts.fct_fills as fills
            on
                won.customer_id = fills.customer_id
                and won.month + interval 12 months > fills.shipped_on
        group by 1
    ),

    judged as (
        select won.*, won.is_decided and margins.margin >= won.cost as is_broken_even
        from won
        inner join margins
            on won.customer_id = margins.customer_id
    )
"""
RETURNED = f"""
    with panel as ({PANEL}),

    customer_months as (
        select
            *,
            max(case when accrued_value > 0 then month end) over (
                partition by customer_id order by month
                rows between unbounded preceding and 1 preceding
            ) as last_month
        from marts.fct_customer_value
    ),

    came_back as (
        select
            customer_months.*,
            (
                select coalesce(min(fills.shipped_on), customer_months.month)
                from marts.fct_fills as fills
                where
                    fills.customer_id = customer_months.customer_id
                    and date_trunc('month', fills.shipped_on) = customer_months.month
            ) as shipped_on
        from customer_months
        inner join panel
            on customer_months.month = panel.month
        where
            panel.number > 3
            and customer_months.accrued_value > 0
            and customer_months.last_month < customer_months.month - interval 3 months
    ),

    returned as (
        select
            *,
            coalesce((
                select sum(touches.touch_cost)
                from marts.fct_interactions as touches
                where
                    touches.customer_id = came_back.customer_id
                    and touches.direction = 'outbound'
                    and touches.occurred_at >= came_back.last_month + interval 1 month
                    and touches.occurred_at < came_back.shipped_on
            ), 0) as cost
        from came_back
    )
"""
BROKEN_EVEN = "count(*) filter (where is_broken_even)"
DECIDED = "count(*) filter (where is_decided)"

# Each customer's touches and value of twelve months, by the month that they end with.
SERVICE = f"""
    with panel as ({PANEL}),

    costs as (
        select
            customer_id,
            date_trunc('month', occurred_at)::date as month,
            sum(touch_cost) as cost
        from marts.fct_interactions
        where direction = 'outbound'
        group by 1, 2
    ),

    served as (
        select
            value.month,
            value.territory,
            sum(costs.cost) over trailing_year as cost,
            sum(value.accrued_value) over trailing_year as value
        from marts.fct_customer_value as value
        left join costs
            on value.customer_id = costs.customer_id and value.month = costs.month
        window trailing_year as (
            partition by value.customer_id order by value.month
            range between interval 11 months preceding and current row
        )
    ),

    -- Hidden tax that is nobody's makes a row where there may be no customer to serve.
    service as (
        select month, territory, coalesce(cost, 0) as cost, value from served
        union all
        select month, nullif(territory, 'unassigned'), 0, 0 from marts.fct_hidden_tax
    ),

    whole_years as (
        select service.*
        from service
        inner join panel
            on service.month = panel.month
        where panel.number >= 12
    )
"""

ECONOMY_METRICS = {
    **{
        name: counted(WON, "judged", value, MONTH, "territory")
        for name, value in {
            "won_customers": "count(*)",
            "acquisition_spend": "sum(cost)",
            "break_even_decided_customers": DECIDED,
            "broken_even_customers": BROKEN_EVEN,
            "cac": ratio("sum(cost)", "count(*)"),
            "break_even_rate": ratio(BROKEN_EVEN, DECIDED),
        }.items()
    },
    **{
        name: counted(RETURNED, "returned", value, MONTH, "territory")
        for name, value in {
            "reactivated_customers": "count(*)",
            "reacquisition_spend": "sum(cost)",
            "reacquisition_cost_per_customer": ratio("sum(cost)", "count(*)"),
        }.items()
    },
    "cost_to_serve": at_month_end(SERVICE, "whole_years", "sum(cost)", "territory"),
    "cost_to_serve_rate": at_month_end(
        SERVICE, "whole_years", ratio("sum(cost)", "sum(value)"), "territory"
    ),
}

# --- Hidden tax and duplicate touches ------------------------------------------------------------

DUPLICATES = """
    duplicates as (
        select distinct later.interaction_id
        from marts.fct_interactions as later
        inner join marts.fct_interactions as earlier
            on
                later.customer_id = earlier.customer_id
                and later.product_id = earlier.product_id
                and later.function <> earlier.function
                and later.occurred_at - earlier.occurred_at between
                    interval 0 hours and interval 48 hours
                and (later.occurred_at, later.interaction_id)
                > (earlier.occurred_at, earlier.interaction_id)
        where later.direction = 'outbound' and earlier.direction = 'outbound'
    )
"""
# No mart but their own dates the reopening of a case, or an appeal.
HIDDEN_TAX = f"""
    with {DUPLICATES},

    contacts as (
        select
            customer_id,
            occurred_at,
            occurred_at - lag(occurred_at) over (
                partition by customer_id order by occurred_at, interaction_id
            ) as since_last
        from marts.fct_interactions
        where interaction_type = 'support_case' and customer_id is not null
    ),

    steps as (
        select
            customer_id,
            entered_at,
            step,
            lag(step, 1, 'none') over (partition by case_id order by entered_at, seq) as last_step
        from marts.fct_fulfillment_steps
    ),

    dated as (
        select 'repeat_contact' as cause, customer_id, occurred_at
        from contacts
        where since_last <= interval 7 days
        union all
        select 'missing_information', customer_id, entered_at
        from steps
        where step = 'missing_info' and last_step <> 'missing_info'
        union all
        select 'duplicate_touch', customer_id, occurred_at
        from marts.fct_interactions
        inner join duplicates using (interaction_id)
    ),

    incidents as (
        select months.month, history.territory, dated.cause, 1 as incidents
        from dated
        inner join marts.dim_months as months
            on dated.occurred_at::date between months.month and months.last_day_on
        left join marts.dim_customer_history as history
            on
                dated.customer_id = history.customer_id
                and dated.occurred_at::date >= history.valid_from
                and dated.occurred_at::date < history.valid_to
        union all
        select month, nullif(territory, 'unassigned'), cause, incidents
        from marts.fct_hidden_tax
        where cause in ('reopened_case', 'appeal')
    ),

    taxed as (
        select
            *,
            incidents * case cause
                when 'reopened_case' then 60.00
                when 'repeat_contact' then 35.00
                when 'appeal' then 150.00
                when 'missing_information' then 40.00
                when 'duplicate_touch' then 25.00
            end as cost
        from incidents
    )
"""
HIDDEN_TAX_INCIDENTS = counted(HIDDEN_TAX, "taxed", "sum(incidents)", "cause", "territory")
TOUCHES = f"""
    with {DUPLICATES},

    touches as (
        select interactions.*, duplicates.interaction_id is not null as is_duplicate
        from marts.fct_interactions as interactions
        left join duplicates
            on interactions.interaction_id = duplicates.interaction_id
    )
"""
DUPLICATE = "count(*) filter (where is_duplicate)"

TAX_METRICS = {
    "hidden_tax_cost": counted(HIDDEN_TAX, "taxed", "sum(cost)", MONTH, "cause"),
    "hidden_tax_incidents": Golden(
        # Appeals as the cases count them.
        total=f"""
            {HIDDEN_TAX}
            select
                sum(incidents) + (select sum(appeals) from marts.fct_fulfillment_journeys)
            from taxed
            where cause <> 'appeal'
        """,
        by=HIDDEN_TAX_INCIDENTS.by,
        cut=HIDDEN_TAX_INCIDENTS.cut,
    ),
    "hidden_tax_rate": Golden(
        total=f"""
            {HIDDEN_TAX}
            select {ratio("sum(cost)", "(select sum(accrued_value) from marts.fct_value_bridge)")}
            from taxed
        """,
        by=(MONTH, "territory"),
        cut=f"""
            {HIDDEN_TAX},

            costs as (select month, territory, sum(cost) as cost from taxed group by 1, 2),

            net_values as (
                select month, territory, sum(accrued_value) as net_value
                from marts.fct_customer_value
                group by 1, 2
            )

            select month, net_values.territory, {ratio("costs.cost", "net_values.net_value")}
            from net_values
            inner join costs
                using (month)
            where costs.territory is not distinct from net_values.territory
        """,
    ),
    "duplicate_touches": counted(TOUCHES, "touches", DUPLICATE, "interaction__function"),
    "duplicate_touch_share": counted(
        TOUCHES,
        "touches",
        ratio(DUPLICATE, "count(*) filter (where direction = 'outbound')"),
        "interaction__function",
    ),
}

# --- Volume and continuity -----------------------------------------------------------------------

# A customer's decile tells how many of ten customers had fewer touches; all are a year old.
DECILES = """
    with touches as (
        select customer_id, date_trunc('month', occurred_at)::date as month, count(*) as touches
        from marts.fct_interactions
        where direction = 'outbound'
        group by 1, 2
    ),

    starts as (
        select customer_id, date_trunc('month', shipped_on)::date as month, count(*) as starts
        from marts.fct_fills
        where is_start
        group by 1, 2
    ),

    customer_years as (
        select
            health.month,
            coalesce(sum(touches.touches) over trailing_year, 0)::bigint as touches,
            coalesce(sum(starts.starts) over trailing_year, 0)::bigint as starts,
            count(*) over trailing_year as months
        from marts.fct_relationship_health as health
        left join touches
            on health.customer_id = touches.customer_id and health.month = touches.month
        left join starts
            on health.customer_id = starts.customer_id and health.month = starts.month
        window trailing_year as (
            partition by health.customer_id order by health.month
            range between interval 11 months preceding and current row
        )
    ),

    deciles as (
        select
            month,
            starts,
            1 + 10 * count(*) over (
                partition by month order by touches
                range between unbounded preceding and 1 preceding
            ) // count(*) over (partition by month) as decile
        from customer_years
        where months = 12
    )
"""

CONTINUITY = """
    with months_touched as (
        select
            customer_id,
            date_trunc('month', occurred_at)::date as month,
            bool_or(direction = 'inbound' or is_two_way) as is_engaged,
            count(*) filter (where direction = 'outbound' and function = 'marketing') as touches
        from marts.fct_interactions
        group by 1, 2
    ),

    -- The panel has no gaps: twelve rows are twelve months.
    years as (
        select
            value.month,
            value.segment,
            count(*) over trailing_year as months,
            count(case when months_touched.is_engaged then 1 end) over trailing_year as engaged,
            list(coalesce(months_touched.touches, 0)) over trailing_year as touches
        from marts.fct_customer_value as value
        left join months_touched
            on
                value.customer_id = months_touched.customer_id
                and value.month = months_touched.month
        window trailing_year as (
            partition by value.customer_id order by value.month
            rows between 11 preceding and current row
        )
    ),

    whole_years as (
        select
            month,
            segment,
            engaged,
            months,
            case when list_sum(touches) >= 4 then list_sum(touches) end as touches,
            case
                when list_sum(touches) >= 4 then list_sum(list_reverse_sort(touches)[:3])
            end as busiest
        from years
        where months = 12
    )
"""

VOLUME_METRICS = {
    **{
        name: at_month_end(DECILES, "deciles", value, "decile")
        for name, value in {
            "decile_customers": "count(*)",
            "decile_starts": "sum(starts)",
            "starts_per_100_customers": ratio("100 * sum(starts)", "count(*)"),
        }.items()
    },
    **{
        name: at_month_end(CONTINUITY, "whole_years", value, "segment")
        for name, value in {
            "engaged_months": "sum(engaged)",
            "continuity_months": "sum(months)",
            "rated_marketing_touches": "sum(touches)",
            "busiest_marketing_touches": "sum(busiest)",
            "engagement_continuity": ratio("sum(engaged)", "sum(months)"),
            "launch_and_leave_index": ratio("sum(busiest)", "sum(touches)"),
        }.items()
    },
}

# --- Barriers, expectations, feedback ------------------------------------------------------------

# Kaplan and Meier, barrier by barrier: who gives up has not removed it.
BARRIER_DAYS = f"""
    with panel as ({PANEL}),

    waits as (
        select
            months.month,
            coalesce(
                barriers.resolution = 'removed'
                and barriers.resolved_at < months.month + interval 1 month,
                false
            ) as is_removed,
            case
                when
                    barriers.resolution in ('removed', 'withdrawn')
                    and barriers.resolved_at < months.month + interval 1 month
                    then barriers.resolved_at::date
                else months.last_day_on
            end - barriers.identified_at::date as days
        from panel as months
        inner join marts.fct_barriers as barriers
            on
                barriers.identified_at >= months.month - interval 11 months
                and barriers.identified_at < months.month + interval 1 month
        where months.number >= 12
    ),

    counted as (
        select
            month,
            days,
            count(*) filter (where is_removed) as removed,
            sum(count(*)) over (partition by month order by days desc) as waiting
        from waits
        group by 1, 2
    ),

    curves as (
        select
            month,
            days,
            product(1 - removed / waiting) over (partition by month order by days) as survival
        from counted
    )

    select month, min(days) as value
    from curves
    where survival <= 0.5 + 1e-9
    group by 1
"""

# The 75th percentile, interpolated by hand: at place .75 (n - 1), counted from 0.
GAPS = f"""
    with panel as ({PANEL}),

    parts as (
        select
            panel.month,
            panel.number,
            observations.function,
            observations.touchpoint,
            sum(observations.weight) as weight,
            sum(observations.weight * observations.q) as weighted_q
        from panel
        inner join marts.fct_experience_observations as observations
            on
                panel.month - interval 11 months <= observations.observed_at
                and panel.month + interval 1 month > observations.observed_at
        where panel.number >= 12
        group by 1, 2, 3, 4
        having sum(observations.weight) > 0
    ),

    bests as (
        select month, touchpoint, max(weighted_q / weight) as q
        from parts
        where function is not null and weight >= 3
        group by 1, 2
    ),

    placed as (
        select
            month,
            q,
            row_number() over (partition by month order by q) - 1 as place,
            0.75 * (count(*) over (partition by month) - 1) as wanted
        from bests
    ),

    bars as (
        select month, sum(q * greatest(0, 1 - abs(place - wanted))) as bar
        from placed
        group by 1
    ),

    gaps as (
        select
            parts.month,
            parts.number,
            any_value(bars.bar) - sum(parts.weighted_q) / sum(parts.weight) as gap
        from parts
        inner join bars
            on parts.month = bars.month
        group by 1, 2
    )
"""
# Least squares over six months: they lie -2.5 to 2.5 from their middle, 17.5 in squares.
GAP_SLOPES = f"""
    {GAPS}

    select
        newest.month,
        case
            when count(*) = 6 then sum((gaps.number - newest.number + 2.5) * gaps.gap) / 17.5
        end as value
    from gaps as newest
    inner join gaps
        on gaps.number between newest.number - 5 and newest.number
    group by 1
"""

# Answers of 0 to 6 to the recommendation question (q is a tenth of it), and what came after.
DETRACTORS = f"""
    with answers as (
        select
            customer_id,
            touchpoint,
            observed_at,
            replace(observation_id, 'nps:', '') as response_id,
            round(10 * q)::integer as nps,
            lead(round(10 * q)::integer) over (
                partition by customer_id order by observed_at, observation_id
            ) as next_nps
        from marts.fct_experience_observations
        where kind = 'nps' and customer_id is not null
    ),

    actions as (
        select customer_id, identified_at as acted_at from marts.fct_barriers
        union all
        select customer_id, occurred_at
        from marts.fct_interactions
        where interaction_type in ('support_case', 'enrollment')
    ),

    detractors as (
        select
            answers.*,
            history.territory,
            exists (
                select 1
                from actions
                where
                    actions.customer_id = answers.customer_id
                    and actions.acted_at > answers.observed_at
                    and actions.acted_at <= answers.observed_at + interval 14 days
            ) as is_acted_on,
            answers.observed_at + interval 14 days <= {AS_OF_DATE} + interval 1 day as is_over
        from answers
        left join marts.dim_customer_history as history
            on
                answers.customer_id = history.customer_id
                and answers.observed_at::date >= history.valid_from
                and answers.observed_at::date < history.valid_to
        where answers.nps <= 6
    )
"""
# A follow-up is promised to who breaks off a survey too; only finished ones are observations.
FOLLOW_UPS = """
    with follow_ups as (
        select
            promises.territory,
            promises.settled_at is not null as is_settled,
            promises.settled_at is not null
            and coalesce(promises.delivered_at <= promises.due_at, false) as is_answered
        from marts.fct_promises as promises
        inner join marts.fct_experience_observations as observations
            on
                replace(promises.promise_instance_id, promises.promise_id, 'nps')
                = observations.observation_id
        where promises.promise_id = 'detractor_follow_up'
    )
"""
SETTLED = "count(*) filter (where is_settled)"
ANSWERED = "count(*) filter (where is_answered)"
# What is not over is not counted, whatever has happened.
JUDGED = "count(*) filter (where is_over)"
ACTED_ON = "count(*) filter (where is_over and is_acted_on)"

FEEDBACK_METRICS = {
    "barrier_median_days": _at_quarter_end(BARRIER_DAYS),
    "expectation_gap": _at_quarter_end(f"{GAPS} select month, gap as value from gaps"),
    "expectation_gap_slope": _at_quarter_end(GAP_SLOPES),
    **{
        name: counted(FOLLOW_UPS, "follow_ups", value, "territory")
        for name, value in {
            "detractors_settled": SETTLED,
            "detractors_answered": ANSWERED,
            "detractors_answered_rate": ratio(ANSWERED, SETTLED),
        }.items()
    },
    **{
        name: counted(DETRACTORS, "detractors", value, "territory")
        for name, value in {
            "detractors_decided": JUDGED,
            "detractors_acted_on": ACTED_ON,
            "feedback_action_rate": ratio(ACTED_ON, JUDGED),
            "nps_change_after_feedback": "avg(next_nps - nps)",
        }.items()
    },
}

GOLDEN = {
    **PRODUCT_METRICS,
    **SERVED_METRICS,
    **LOSS_METRICS,
    **ECONOMY_METRICS,
    **TAX_METRICS,
    **VOLUME_METRICS,
    **FEEDBACK_METRICS,
}
