"""Landing: delivered files become raw tables, untouched, with every row's place in its file."""

from cxe.landing.records import FileResult, LandingResult
from cxe.landing.run import land
from cxe.landing.tables import create_raw_tables

__all__ = ["FileResult", "LandingResult", "create_raw_tables", "land"]
