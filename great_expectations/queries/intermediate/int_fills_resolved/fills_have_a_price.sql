with judged as (
    select
        shipped_on >= max(shipped_on) over () - 31 as is_new,
        not is_free_goods and coalesce(net_value, 0) = 0 as is_unpriced
    from {{ batch }}
),

counted as (
    select
        count(*) filter (where is_new) as fills,
        count(*) filter (where is_new and is_unpriced) as unpriced,
        count(*) filter (where not is_new) as earlier,
        count(*) filter (where not is_new and is_unpriced) as earlier_unpriced
    from judged
)

select
    'fills of the last month' as example,
    unpriced
    || ' of '
    || fills
    || ' have no price, of earlier ones '
    || earlier_unpriced
    || ' of '
    || earlier as finding
from counted
where
    unpriced > 3
    and unpriced > 0.03 * fills + 2 * fills * coalesce(earlier_unpriced / nullif(earlier, 0), 0)
