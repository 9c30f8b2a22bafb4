"""Invented names and the words of the world: nothing here is a real person, firm or drug."""

from __future__ import annotations

FIRST_NAMES = (
    "Ada", "Ben", "Cleo", "Dara", "Elin", "Finn", "Gita", "Hugo", "Iris", "Jonas", "Kira", "Leon",
    "Mara", "Nils", "Oona", "Paul", "Quinn", "Rosa", "Sven", "Tara", "Uma", "Viktor", "Wanda",
    "Xenia", "Yara", "Zeno", "Amir", "Bela", "Chidi", "Dina", "Emeka", "Farah", "Goran", "Hana",
    "Ines", "Jin", "Kofi", "Lena", "Miro", "Noor",
)  # fmt: skip
LAST_NAMES = (
    "Abel", "Brandt", "Castell", "Dorn", "Eklund", "Ferro", "Grau", "Holm", "Ibarra", "Jansen",
    "Keller", "Lindt", "Marchetti", "Nordin", "Okafor", "Petrov", "Quast", "Rossi", "Sandoval",
    "Takeda", "Ulrich", "Varga", "Weiss", "Xu", "Yilmaz", "Zeller", "O'Dell", "Amari", "Bello",
    "Cho", "D'Angelo", "Estrada", "Fong", "Gupta", "Haddad", "Iversen", "Jovic", "Kaur", "Laine",
    "Mbeki", "Novak", "Osei", "Pham", "Rahman", "Silva", "Tran", "Urban", "Vogel", "Wolf", "Zhou",
)  # fmt: skip
PLACES = ("Lakeside", "Harbor", "Northgate", "Summit", "Riverside", "Elm Street", "Bayview", "Mesa")
ORGANISATIONS = ("Clinic", "Medical Group, LLC", "Hospital", "Specialty Center", "Associates, PC")
STATES = (
    "NY", "NJ", "PA", "MA", "CT", "MD", "VA", "NC", "GA", "FL", "OH", "MI", "IL", "WI", "MN", "MO",
    "TX", "OK", "CO", "AZ", "NV", "UT", "CA", "OR", "WA",
)  # fmt: skip
SPECIALTIES = ("Rheumatology", "Dermatology", "Gastroenterology", "Internal Medicine", "Neurology")
CREDENTIALS = ("MD", "DO", "NP", "PA", "PharmD", "RN")
SEGMENTS = ("A", "B", "C", "D")
USER_TYPES = ("Sales_vod", "Medical_vod", "Access_vod", "Marketing_vod")

BRANDS = ("Velora", "Nuvexa", "Ardenta")
PRODUCTS = (
    *BRANDS,
    "Velora Efficacy", "Velora Access", "Nuvexa Dosing", "Nuvexa Safety", "Ardenta Launch",
    "Biologics Market", "Oral Market",
)  # fmt: skip
PRODUCT_TYPES = ("Brand",) * 3 + ("Detail",) * 5 + ("Market",) * 2
NDCS = ("50999010001", "50999020060", "50999030001")
UNIT_PRICES = (1800.0, 38.0, 4200.0)
UNITS_PER_30_DAYS = (2.0, 60.0, 1.0)
MARGIN_RATES = (0.78, 0.71, 0.82)

PAYER_TYPES = ("COMMERCIAL", "MEDICARE_D", "MEDICAID", "CASH")
PHARMACIES = ("SP01", "SP02", "SP03", "SP04")
