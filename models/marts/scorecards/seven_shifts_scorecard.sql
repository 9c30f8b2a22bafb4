-- One row per month and line of the seven shifts: metric, value, trend, target, status, evidence.

{{ scorecard_lines('seven_shifts') }}
