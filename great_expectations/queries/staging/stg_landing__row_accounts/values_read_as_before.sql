select
    present.system || '/' || present.extract as example,
    present.unparsed_values
    || ' unreadable values, published with '
    || published.unparsed_values as finding
from (select * from {{ batch }}) as present
inner join
    previous.ops.row_accounts as published
    on present.system = published.system and present.extract = published.extract
where
    present.unparsed_values
    > published.unparsed_values
    + 0.02 * greatest(present.rows_in_force - published.rows_in_force, 0)
    + 0.002 * present.rows_in_force
    + 5
