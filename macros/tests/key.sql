{# Rows that break a key: a combination that occurs more than once, or that lacks a part which may
   not be empty. One test for both, because every test costs a query and a node in every run. #}
{% test key(model, columns, may_be_empty=[]) %}
select
    {{ columns | join(', ') }},
    count(*) as row_count
from {{ model }}
group by {{ columns | join(', ') }}
having
    count(*) > 1
    {% for column in columns if column not in may_be_empty -%}
    or {{ column }} is null
    {% endfor %}
{% endtest %}
