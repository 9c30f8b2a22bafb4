select
    'source row ' || source_row_id as example,
    'an attribute holds an @' as finding
from {{ batch }}
where concat_ws(' ', npi, credentials, specialty, segment, territory, territories, state) like '%@%'
