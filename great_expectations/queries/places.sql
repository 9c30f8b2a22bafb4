{# Where a landed row stands: a row's id is the file's id and the row's number in the file. #}
{% macro place(row_id) -%}
(
        select files.path || ':' || ({{ row_id }} % 4294967296)
        from raw._files as files
        where files.file_id = {{ row_id }} // 4294967296
    )
{%- endmacro %}
