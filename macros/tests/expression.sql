{# Rows for which an identity does not hold; an unknown result counts as a failure. #}
{% test expression(model, expression) %}
select * from {{ model }}
where not coalesce({{ expression }}, false)
{% endtest %}
