{# Name of a fill, of a relation of claims. The hash is there because a prescription number identifies
   a patient, and must not leave the layer. #}
{% macro fill_id(claims) %}
    {{- return(dbt.hash(dbt.concat([
        "coalesce(" ~ claims ~ ".pharmacy_id, '')",
        "'|'",
        claims ~ ".rx_number",
        "'|'",
        dbt.cast(claims ~ ".fill_number", api.Column.translate_type("string")),
    ]))) -}}
{% endmacro %}
