"""The pages of the report, in the order of the navigation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cxe.report.pages import (
    cvar,
    data_quality,
    flywheel,
    leadership,
    metrics,
    operations,
    overview,
    path_to_fulfillment,
    path_to_prescribe,
    promises,
    relationship_health,
    seven_shifts,
    work_list,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from cxe.report.blocks import Page
    from cxe.report.source import Source

PAGES: tuple[Callable[[Source], Page], ...] = (
    overview.page,
    cvar.page,
    relationship_health.page,
    path_to_fulfillment.page,
    path_to_prescribe.page,
    promises.page,
    operations.page,
    flywheel.page,
    leadership.page,
    seven_shifts.page,
    metrics.page,
    data_quality.page,
)
# What lists single cases stands apart: a report is passed on.
WORK_LIST: Callable[[Source], Page] = work_list.page
