{#
Columns of the newest delivery with too many values of a kind.

kind: missing, unparsed, unseen or future.
words: what such values are, for the message.
too_many: condition over the column's profile.
#}
select
    path || ':' || {{ kind }}_at_row as example,
    column_name || ': ' || {{ kind }}_count || ' of ' || row_count
    || ' values are {{ words }}, where earlier deliveries had '
    || coalesce(round(100 * earlier_{{ kind }}_share, 1) || ' %', 'no rows') as finding
from {{ batch }}
where
    {{ kind }}_count > 0
    and ({{ too_many }})
