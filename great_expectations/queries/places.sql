{# What all queries know of landed rows: a row's id is the file's id and the row's number in it. #}
{% macro place(row_id) -%}
(
        select files.path || ':' || ({{ row_id }} % 4294967296)
        from raw._files as files
        where files.file_id = {{ row_id }} // 4294967296
    )
{%- endmacro %}

{# Whether a row stands in a file that is judged in this run. #}
{% macro is_judged(row_id) -%}
({{ row_id }} // 4294967296) in (
        select judged.content_file_id
        from intermediate.int_files_judged as judged
        where judged.is_judged
    )
{%- endmacro %}
