{# Twice the mean rank of a value within its group, less the mean of all: a whole number. #}
{% macro centred_rank(value, group) %}
    {%- set group = group | join(', ') -%}
    {{- return(
        '2 * rank() over (partition by ' ~ group ~ ' order by ' ~ value ~ ')'
        ~ ' + count(*) over (partition by ' ~ group ~ ', ' ~ value ~ ')'
        ~ ' - count(*) over (partition by ' ~ group ~ ') - 2'
    ) -}}
{% endmacro %}

{# Spearman's correlation of two columns made by `centred_rank`; null when one does not vary. #}
{% macro rank_correlation(one, other) %}
    {{- return(
        'cast(sum(' ~ one ~ ' * ' ~ other ~ ') as double) / nullif('
        ~ 'sqrt(cast(sum(' ~ one ~ ' * ' ~ one ~ ') as double))'
        ~ ' * sqrt(cast(sum(' ~ other ~ ' * ' ~ other ~ ') as double)), 0)'
    ) -}}
{% endmacro %}

{# Slope per row of the least-squares line through the last `rows` values of a group, in its order.
   Values are paired from both ends: those that are all alike have a slope of exactly 0. Whether
   the rows are in step with the months is for the caller to know. #}
{% macro trailing_slope(value, group, order, rows) %}
    {%- set window = 'over (partition by ' ~ group ~ ' order by ' ~ order ~ ')' -%}
    {%- set terms = [] -%}
    {%- for row in range(rows // 2) -%}
        {%- do terms.append(
            (rows - 1 - 2 * row) ~ ' * (lag(' ~ value ~ ', ' ~ row ~ ') ' ~ window
            ~ ' - lag(' ~ value ~ ', ' ~ (rows - 1 - row) ~ ') ' ~ window ~ ')'
        ) -%}
    {%- endfor -%}
    {{- return(
        '6 * (' ~ terms | join(' + ') ~ ') / ' ~ (rows * (rows * rows - 1))
    ) -}}
{% endmacro %}

{# Fractions that are added up over rows: as decimals, so that the order of rows does not matter. #}
{% macro fraction_sum_type() %}
    {{- return('decimal(38, 18)') -}}
{% endmacro %}

{# Sample variance over n, of values with nine decimals, from their exact sums: values that are all
   alike have none at all. #}
{% macro variance_of_mean(number, total, square_total) %}
    {%- set n = 'cast(' ~ number ~ ' as decimal(10, 0))' -%}
    {%- set total = 'cast(' ~ total ~ ' as decimal(18, 9))' -%}
    {{- return(
        'cast(' ~ n ~ ' * cast(' ~ square_total ~ ' as decimal(28, 18)) - ' ~ total ~ ' * ' ~ total
        ~ ' as double) / nullif(cast(' ~ number ~ ' as double) * ' ~ number ~ ' * (' ~ number
        ~ ' - 1), 0)'
    ) -}}
{% endmacro %}
