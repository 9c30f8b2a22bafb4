-- Every model crosses its rows with the reporting period: a second row would double them all.
select count(*) as row_count
from {{ ref('int_reporting_period') }}
having count(*) <> 1
