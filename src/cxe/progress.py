"""What a person sees while a run works: steps and counts on standard error, or nothing."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.progress import Progress as Bar

if TYPE_CHECKING:
    from collections.abc import Iterator


class Progress:
    """Shows the step at work and how far it is; silent without a bar."""

    def __init__(self, bar: Bar | None = None) -> None:
        """Args: bar: a started rich progress display, None to be silent."""
        self._bar = bar
        self._task: Any = None

    def step(self, name: str) -> None:
        """Begin a step."""
        if self._bar is None:
            return
        if self._task is not None:
            self._bar.update(self._task, total=1, completed=1)
        self._task = self._bar.add_task(name, total=None)

    def advance(self, done: int, total: int) -> None:
        """Say how much of the step is done."""
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=done, total=total)

    def on_dbt_event(self, event: Any) -> None:
        """Follow dbt's own events."""
        if event.info.name in {"LogModelResult", "LogTestResult", "LogSeedResult"}:
            # Models carry a total, tests a number of models.
            total = getattr(event.data, "total", 0) or getattr(event.data, "num_models", 0)
            self.advance(event.data.index, int(total))


@contextmanager
def shown(*, quiet: bool) -> Iterator[Progress]:
    """A progress display on standard error; silent when quiet or without a terminal."""
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield Progress()
        return
    columns = (
        SpinnerColumn(finished_text="[green]✓"),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Bar(*columns, console=console) as bar:
        yield Progress(bar)
