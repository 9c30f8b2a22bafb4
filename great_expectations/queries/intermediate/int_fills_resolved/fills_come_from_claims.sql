select
    'fills' as example,
    count(*)
    || ' fills of '
    || max(claims.claims)
    || ' paid primary claims not reversed since' as finding
from {{ batch }}
cross join (
    select count(*) as claims from (
        select
            pharmacy_id,
            rx_number,
            fill_number
        from staging.stg_access__dispenses
        group by pharmacy_id, rx_number, fill_number
        having
            max(
                case
                    when
                        transaction_code = 'B1'
                        and claim_status = '1'
                        and coalesce(payer_sequence, 1) = 1
                        then transaction_at
                end
            )
            > coalesce(
                max(case when transaction_code = 'B2' then transaction_at end),
                timestamp '1900-01-01'
            )
    ) as standing
) as claims
having count(*) > max(claims.claims) or count(*) < 0.6 * max(claims.claims)
