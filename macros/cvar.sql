{# Drivers of experience CVAR, in the order in which cents are rounded. #}
{% macro cvar_drivers() %}
    {{- return(['trust', 'ease', 'sentiment', 'reciprocity', 'variability', 'overdue']) -}}
{% endmacro %}

{# What the retained share is predicted from besides the drivers. #}
{% macro cvar_baseline() %}
    {{- return([
        'log_run_rate', 'log_tenure', 'log_accrual_months', 'log_recent_fills', 'last_quarter_ratio',
        'last_month_ratio', 'last_day_ratio', 'months_since_start', 'medicaid_share',
        'medicare_d_share'
    ]) -}}
{% endmacro %}

{# Terms of the linear index. #}
{% macro cvar_terms() %}
    {{- return(['intercept'] + cvar_baseline() + cvar_drivers()) -}}
{% endmacro %}

{# Promise levels of the drivers side by side, as `reference_<driver>`, from their seed. #}
{% macro cvar_promise_levels() %}
    {%- set levels = [] -%}
    {%- for driver in cvar_drivers() -%}
        {%- do levels.append(
            "max(case when driver = '" ~ driver ~ "' then cast(reference as double) end) as reference_"
            ~ driver
        ) -%}
    {%- endfor -%}
    {{- return(levels | join(',\n        ')) -}}
{% endmacro %}

{# Linear index of the retained share. #}
{% macro cvar_linear_index(coefficients, covariates) %}
    {%- set products = [coefficients ~ '.coefficient_intercept'] -%}
    {%- for term in cvar_terms()[1:] -%}
        {%- do products.append(coefficients ~ '.coefficient_' ~ term ~ ' * ' ~ covariates ~ '.' ~ term) -%}
    {%- endfor -%}
    {{- return(products | join('\n        + ')) -}}
{% endmacro %}

{# Variance of a combination of coefficients with the factors `<prefix><term>`, from the columns
   `covariance_<term>_<other term>`, doubled for pairs of different terms; rounding may leave it
   below 0. #}
{% macro cvar_variance(prefix) %}
    {%- set rows = [] -%}
    {%- for term in cvar_terms() -%}
        {%- set row = [] -%}
        {%- for other in cvar_terms()[:loop.index] -%}
            {%- do row.append('covariance_' ~ other ~ '_' ~ term ~ ' * ' ~ prefix ~ other) -%}
        {%- endfor -%}
        {%- do rows.append(prefix ~ term ~ ' * (\n    ' ~ row | join('\n    + ') ~ '\n)') -%}
    {%- endfor -%}
    {{- return('greatest(\n    0,\n' ~ rows | join('\n+ ') ~ '\n)') -}}
{% endmacro %}
