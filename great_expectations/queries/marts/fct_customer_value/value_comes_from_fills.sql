with months as (
    select
        max(month) as last_month,
        cast(max(month) - interval 3 month as date) as long_ago
    from {{ batch }}
),

-- Supply lasts for weeks after it shipped, up to months.
counted as (
    select
        (select coalesce(sum(accrued_value), 0) from {{ batch }}) as accrued,
        (select coalesce(sum(net_value), 0) from marts.fct_fills) as filled,
        (
            select coalesce(sum(fills.net_value), 0)
            from marts.fct_fills as fills
            cross join months
            where fills.customer_id is not null and fills.shipped_on < months.long_ago
        ) as filled_long_ago
)

select
    'all customers' as example,
    'accrued ' || accrued || ' of fills worth ' || filled || ', of which ' || filled_long_ago
    || ' shipped more than three months ago' as finding
from counted
where accrued > filled or accrued < 0.5 * filled_long_ago
