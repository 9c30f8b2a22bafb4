{# Ranges of one thing that overlap: a day would have two answers. Ranges are half open. #}
{% test no_overlap(model, columns, valid_from, valid_to) %}
with

ranges as (

    select
        {{ columns | join(', ') }},
        {{ valid_from }} as valid_from,
        lag({{ valid_to }}) over (
            partition by {{ columns | join(', ') }}
            order by {{ valid_from }}
        ) as previous_valid_to
    from {{ model }}

)

select * from ranges
where previous_valid_to > valid_from
{% endtest %}
