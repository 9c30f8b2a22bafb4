{% from "places.sql" import is_judged %}
select
    'csat and ces' as example,
    'correlation ' || round(corr(csat, ces), 2) || ' in ' || count(*) || ' new answers' as finding
from {{ batch }}
where {{ is_judged("source_row_id") }} and csat is not null and ces is not null
having count(*) >= 15 and corr(csat, ces) < -0.3
