"""What really was, beside the extracts: nothing a warehouse may read, everything to check it by."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from cxe.simulate.crm_tables import account_id
from cxe.simulate.names import SEGMENTS, SPECIALTIES
from cxe.simulate.tables import Column, Style, code, number_id, render

if TYPE_CHECKING:
    from pathlib import Path

    from cxe.simulate.engine import History


def write_truth(folder: Path, history: History) -> None:
    """Write `hcp_months.parquet` (one row per month and HCP) and `hcps.parquet` (one per HCP).

    Trust, hazard and states are those at the month's end; the hazard is the chance that a
    prescriber of this trust starts no patient after the month.
    """
    folder.mkdir(parents=True, exist_ok=True)
    world = history.world
    months, hcps = history.trust.shape
    hcp = np.arange(hcps)
    days = pa.array(world.calendar.first_days, pa.date32())
    traits = {
        "account_id": account_id(hcp),
        "npi": number_id("", world.npi),
        "organization_id": account_id(world.organisation_account(world.organisation)),
        "territory": code(
            world.territory, [f"T{number:03d}" for number in range(world.territories)]
        ),
        "specialty": code(world.specialty, SPECIALTIES),
        "segment": code(world.segment, SEGMENTS),
        "potential": Column("num", world.potential),
        "digital_affinity": Column("num", world.digital),
        "answers_surveys": Column("num", world.answers),
    }
    people = render(traits, list(traits), Style())
    first_month = np.where(history.writes_from < months, history.writes_from, -1)
    pyarrow.parquet.write_table(
        people.append_column("first_writing_month", _month(days, first_month)).append_column(
            "stopped_month", _month(days, history.stopped_in)
        ),
        folder / "hcps.parquet",
    )
    month = np.repeat(np.arange(months), hcps)
    pyarrow.parquet.write_table(
        pa.table(
            {
                "account_id": people["account_id"].take(np.tile(hcp, months)),
                "npi": people["npi"].take(np.tile(hcp, months)),
                "month": days.take(month),
                "trust": history.trust.ravel(),
                "stop_hazard": history.hazard.ravel(),
                "is_writer": month >= np.tile(history.writes_from, months),
                "is_stopped": history.is_stopped.ravel(),
            }
        ),
        folder / "hcp_months.parquet",
    )


def _month(days: pa.Array, index: np.ndarray) -> pa.Array:
    return days.take(pa.array(index, mask=index < 0))
