{# The macros of control charts and of the net promoter score give what definitions, section 8,
   takes from the literature. Reads no model: `dbt build` runs it, `cxe run` does not. #}
{%- set measured = [
    11, 4, 6, 4, 5, 7, 5, 4, 7, 12, 4, 2, 4, 5, 6, 4, 2, 2, 5, 9, 5, 6, 5, 9
] -%}

with

points as (

    {% for point in measured -%}
    select
        {{ loop.index }} as number,
        {{ point }} as point
    {% if not loop.last -%}
    union all
    {% endif -%}
    {% endfor %}
),

moved as (

    select
        *,
        abs(point - lag(point) over (order by number)) as moving_range
    from points

),

based as (

    select
        avg(point) as mean,
        avg(moving_range) as mean_moving_range
    from moved

),

compared as (

    select
        'mean of the points' as statistic,
        5.5417 as published,
        mean as computed
    from based
    union all
    select
        'lower natural process limit' as statistic,
        -1.3975 as published,
        {{ xmr_limit('mean', 'mean_moving_range', -1) }} as computed
    from based
    union all
    select
        'upper natural process limit' as statistic,
        12.4808 as published,
        {{ xmr_limit('mean', 'mean_moving_range', 1) }} as computed
    from based
    union all
    select
        'net promoter score of 50 promoters and 20 detractors in 100' as statistic,
        30 as published,
        {{ net_promoter_score(50, 20, 100) }} as computed
    union all
    select
        'its standard error' as statistic,
        7.8102 as published,
        {{ net_promoter_score_error(50, 20, 100) }} as computed

)

select * from compared
where not coalesce(abs(published - computed) < 0.00005, false)
