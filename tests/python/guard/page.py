"""The list of faults as a page of the docs: `make docs`."""

from __future__ import annotations

from guard.faults import FAULTS, NOT_CAUGHT

TEXT = """# Faults the guard is held against

Made by `make docs` from `tests/python/guard`. Each is planted alone, into the second delivery of a
healthy sample world of 300 HCPs x 14 months, or into a copy of the models between two runs.
*Blocks*: the run ends with exit code 3 (2 for an unusable delivery) and readers stay on the version
they have. *Warns*: it is published, and the run says what was found. `make test-all` plants all of
them; {known} of {all} are known not to be caught.

{parts}
"""
CAUGHT = {"block": "blocks", "warn": "warns"}


def page() -> str:
    """Markdown, by where the fault lies."""
    return TEXT.format(
        all=len(FAULTS),
        known=len(NOT_CAUGHT) or "none",
        parts="\n\n".join(
            (_part("In deliveries", in_models=False), _part("In models", in_models=True))
        ),
    )


def _part(title: str, *, in_models: bool) -> str:
    lines = [
        f"## {title}",
        "",
        "| fault | what is wrong | what must become of it |",
        "|---|---|---|",
    ]
    for fault in FAULTS.values():
        if fault.is_in_models == in_models:
            reason = NOT_CAUGHT.get(fault.name)
            became = f"not caught: {reason}" if reason else CAUGHT[fault.severity]
            lines.append(f"| `{fault.name}` | {fault.says} | {became} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201 - its output is the page
