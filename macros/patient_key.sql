{# Pseudonym of a patient, null for a missing token: the token itself must not leave staging. #}
{% macro patient_key(column) %}
    {{- return(dbt.hash(typed(column))) -}}
{% endmacro %}
