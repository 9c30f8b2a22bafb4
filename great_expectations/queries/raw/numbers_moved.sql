{#
Columns whose numbers have another level than in earlier deliveries.

The random spread of a mean over n rows is its deviation / sqrt(n), of a share at most 0.5 / sqrt(n):
what lies further out than four of these is no chance. A full list is no sample: what it says
changes only when the list does, and a new entry may be dear.

counters: columns that number what came before, and grow with a business.
#}
with columns as (
    select
        *,
        row_count - missing_count as size,
        greatest(abs(least_earlier_mean), abs(greatest_earlier_mean)) as earlier_level,
        4 * greatest(coalesce(number_deviation, 0.5), coalesce(greatest_earlier_deviation, 0.5))
        / sqrt(row_count - missing_count) as noise
    from {{ batch }}
    where
        number_mean is not null
        and least_earlier_mean is not null
        and row_count > missing_count
        {% for counter in counters | default([]) %}
        and column_name <> '{{ counter }}'
        {% endfor %}
)

select
    path as example,
    column_name || ' averages ' || round(number_mean, 4) || ', '
    || coalesce(
        round(number_mean / nullif(greatest_earlier_mean, 0), 2) || ' times what earlier'
        || ' deliveries had',
        'where earlier deliveries had'
    )
    || ' (' || round(least_earlier_mean, 4) || ' to ' || round(greatest_earlier_mean, 4) || ')'
    as finding
from columns
where
    (
        mode = 'full'
        and column_type <> 'bool'
        and size >= 3
        and earlier_level > 0
        and (
            abs(number_mean) > 5 * earlier_level
            or abs(number_mean) < least(abs(least_earlier_mean), abs(greatest_earlier_mean)) / 5
        )
    )
    or (
        column_type <> 'bool'
        and size >= 5
        and (
            number_mean > greatest_earlier_mean + 2 * abs(greatest_earlier_mean) + noise
            or number_mean < least_earlier_mean - 2 / 3 * abs(least_earlier_mean) - noise
        )
    )
    or (
        earlier_files >= 3
        and size >= 20
        and (
            number_mean > greatest_earlier_mean + 0.15 * abs(greatest_earlier_mean) + noise
            or number_mean < least_earlier_mean - 0.15 * abs(least_earlier_mean) - noise
        )
    )
