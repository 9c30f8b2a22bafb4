{# The rules of a fill, counted another way: what is shipped by the last day makes all of them. #}
with claims as (
    select
        pharmacy_id,
        rx_number,
        fill_number,
        max(transaction_at) filter (where transaction_code = 'B1' and claim_status = '1') as paid_at,
        max(transaction_at) filter (where transaction_code = 'B2') as reversed_at
    from staging.stg_access__dispenses
    where
        coalesce(payer_sequence, 1) = 1
        and transaction_at < (select ends_before from intermediate.int_reporting_period)
    group by pharmacy_id, rx_number, fill_number
),

counted as (
    select
        (select count(*) from {{ batch }}) as fills,
        (
            select count(*)
            from claims
            where paid_at is not null and coalesce(reversed_at <= paid_at, true)
        ) as standing
)

select
    'fills' as example,
    fills || ' fills of ' || standing || ' paid primary claims not reversed since' as finding
from counted
where fills > standing or (standing >= 20 and fills < 0.6 * standing)
