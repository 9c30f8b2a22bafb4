select
    files.path || ':' || (emails.source_row_id % 4294967296) as example,
    'the campaign holds an @' as finding
from (select * from {{ batch }}) as emails
inner join raw._files as files on emails.source_row_id // 4294967296 = files.file_id
where emails.campaign like '%@%'
