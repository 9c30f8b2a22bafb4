{# One row saying by how many rows two relations of the same grain differ. #}
{% test same_row_count(model, compare_model) %}
with

own_rows as (

    select count(*) as row_count from {{ model }}

),

other_rows as (

    select count(*) as row_count from {{ compare_model }}

)

select
    own_rows.row_count,
    other_rows.row_count as other_row_count
from own_rows
cross join other_rows
where own_rows.row_count <> other_rows.row_count
{% endtest %}
