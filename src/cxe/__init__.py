"""cxe, the Customer Excellence Warehouse."""

__version__ = "0.1.0"
