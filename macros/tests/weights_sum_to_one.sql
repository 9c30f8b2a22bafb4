{# The sum of weights, where it is not 1 or a weight is missing or negative. #}
{% test weights_sum_to_one(model, weight) %}
select
    sum({{ weight }}) as total,
    min({{ weight }}) as lowest
from {{ model }}
having
    coalesce(sum({{ weight }}), 0) <> 1
    or min({{ weight }}) < 0
    or count(*) <> count({{ weight }})
{% endtest %}
