"""Every fault the guard is held against, and those it is known not to see."""

from __future__ import annotations

from types import MappingProxyType

from guard import faults_codes, faults_columns, faults_files, faults_models, faults_values
from guard.delivered import Fault

_ALL = (
    *faults_files.FAULTS,
    *faults_columns.FAULTS,
    *faults_values.FAULTS,
    *faults_codes.FAULTS,
    *faults_models.FAULTS,
)
FAULTS: MappingProxyType[str, Fault] = MappingProxyType({fault.name: fault for fault in _ALL})
if len(FAULTS) < len(_ALL):
    raise ValueError("Two faults have one name.")

# Name and why no guard can see it. What stands here must indeed not be caught.
NOT_CAUGHT: dict[str, str] = {}

# Cheap ones: run every time. The others run with `make test-all`.
IN_EVERY_RUN = frozenset(
    {
        "dispenses_missing",
        "calls_empty",
        "calls_with_semicolons",
        "npi_and_ndc_swapped",
        "emails_in_milliseconds",
        "prices_times_100",
    }
)
