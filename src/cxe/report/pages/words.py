"""A reader's words for codes that several pages show."""

PAYERS = {
    "all": "All payers",
    "COMMERCIAL": "Commercial",
    "MEDICARE_D": "Medicare Part D",
    "MEDICAID": "Medicaid",
    "CASH": "Cash",
    "unknown": "Not given",
    None: "Not given",
}
FUNCTIONS: dict[str | None, str] = {
    "access": "Access",
    "marketing": "Marketing",
    "medical": "Medical",
    "sales": "Sales",
    "support": "Support",
}
