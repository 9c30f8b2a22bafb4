-- One row per month and line of the eight questions for leaders: metric, value, target, evidence.

{{ scorecard_lines('leadership') }}
