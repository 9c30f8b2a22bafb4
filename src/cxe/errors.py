"""Errors that reach a user: each says what is wrong, where, and what to do about it."""


class CxeError(Exception):
    """Base of every expected failure; `exit_code` is what the command line returns for it."""

    exit_code = 1


class InputError(CxeError):
    """The input or the usage is wrong: a file, a folder, an option."""

    exit_code = 2


class GateError(CxeError):
    """A check between two layers failed; nothing was published."""

    exit_code = 3


class BusyError(CxeError):
    """Another process is writing to the same home."""

    exit_code = 4
