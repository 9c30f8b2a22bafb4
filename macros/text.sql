{# The first of a ";"-joined list, null where the list is empty. #}
{% macro first_listed(list) %}
    {{- return('nullif(trim(' ~ dbt.split_part(list, "';'", 1) ~ "), '')") -}}
{% endmacro %}

{# A vendor code as a field term: `Face_to_face_vod` becomes `face_to_face`. #}
{% macro field_term(code) %}
    {{- return('lower(' ~ dbt.replace(dbt.replace(code, "'_vod'", "''"), "' '", "'_'") ~ ')') -}}
{% endmacro %}
