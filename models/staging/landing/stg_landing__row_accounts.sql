-- One row per extract: how many of its landed rows stand in staging, and what could not be parsed.

with

{% for system, extract, model_name in staged_extracts() -%}
{{ system }}_{{ extract }}_landed as (

    select
        count(*) as rows_landed,
        coalesce(sum(case when {{ is_known() }} then 1 else 0 end), 0) as rows_known
    from {{ source(system, extract) }}

),

{{ system }}_{{ extract }}_staged as (

    select
        count(*) as rows_in_force,
        coalesce(sum(unparsed_values), 0) as unparsed_values
    from {{ ref(model_name) }}

),

{% endfor -%}
row_accounts as (

    {% for system, extract, model_name in staged_extracts() -%}
    select
        '{{ system }}' as system,
        '{{ extract }}' as extract,
        '{{ model_name }}' as model_name,
        landed.rows_landed,
        landed.rows_known,
        staged.rows_in_force,
        landed.rows_known - staged.rows_in_force as rows_not_in_force,
        staged.unparsed_values
    from {{ system }}_{{ extract }}_landed as landed
    cross join {{ system }}_{{ extract }}_staged as staged
    {% if not loop.last -%}
    union all
    {% endif -%}
    {% endfor %}
)

select * from row_accounts
