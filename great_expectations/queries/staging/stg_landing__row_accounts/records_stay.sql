select
    present.system || '/' || present.extract as example,
    present.rows_in_force || ' records, published with ' || published.rows_in_force as finding
from (select * from {{ batch }}) as present
inner join
    previous.ops.row_accounts as published
    on present.system = published.system and present.extract = published.extract
where present.rows_in_force < 0.98 * published.rows_in_force - 2
