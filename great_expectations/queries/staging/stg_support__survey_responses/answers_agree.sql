select
    'csat and ces' as example,
    'correlation ' || round(corr(csat, ces), 2) || ' in ' || count(*) || ' new answers' as finding
from (select
    *,
    file_delivered_on = max(file_delivered_on) over () as is_newest
from {{ batch }}) as answers
where is_newest and csat is not null and ces is not null
having count(*) >= 15 and corr(csat, ces) < -0.3
