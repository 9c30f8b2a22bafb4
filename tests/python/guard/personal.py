"""Personal data that a world's extracts hold: what must not be told anywhere."""

from __future__ import annotations

from pathlib import Path

from guard.delivered import read

# Tokens of patients, names and addresses.
COLUMNS = {
    "hub_enrollment": ("patient_token",),
    "sp_dispense": ("patient_token",),
    "account": ("Name",),
    "user": ("Name",),
    "multichannel_consent_vod__c": ("Channel_Value_vod__c",),
}
# What people wrote, and where they wrote from.
WRITTEN = {
    "case": ("Subject",),
    "survey_response": ("Comment", "RecipientEmail", "IPAddress"),
}


def personal_values(world: Path, *, with_texts: bool = False) -> set[str]:
    """Tokens of patients, names and addresses of people that the files of a world hold.

    Args:
        world: folder with its extracts.
        with_texts: whether what people wrote counts as well.
    """
    columns = COLUMNS | WRITTEN if with_texts else COLUMNS
    return {
        row[column]
        for extract, names in columns.items()
        for path in world.rglob(f"{extract}__2*")
        for row in read(path).rows
        for column in names
        if row[column] and row.get("IsPersonAccount", "true") == "true"
    }
