"""Commands as processes of their own, forked from one that has loaded what a run needs.

Loading it takes seconds of a processor, which a suite with a hundred commands would spend on little
else. A fork has its own environment, modules and files, as a process that was started has.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

FORKS = get_context("forkserver")
# What is not installed is left out. None of them opens a database, and the threads of duckdb and
# pyarrow are idle.
FORKS.set_forkserver_preload(
    [
        "cxe.cli",
        "cxe.dbt_speed",
        "cxe.pipeline",
        "cxe.progress",
        "cxe.status",
        "dbt.adapters.duckdb",
        "dbt.adapters.duckdb.connections",
        "dbt.cli.main",
        "great_expectations",
    ]
)


def run_cxe(
    arguments: Sequence[str],
    cwd: Path,
    environment: Mapping[str, str],
    left_out: frozenset[str] = frozenset(),
) -> subprocess.CompletedProcess[str]:
    """Run the command line to its end, as `subprocess.run` would.

    Args:
        arguments: after `cxe`.
        cwd: where it runs.
        environment: all of it.
        left_out: checks that are: `expectations` and `tests`, a fifth and a third of a small run.
    """
    with TemporaryDirectory() as folder:
        outputs = [Path(folder, name) for name in ("stdout", "stderr")]
        process = FORKS.Process(
            target=_become_cxe, args=(arguments, cwd, environment, left_out, *outputs), name="cxe"
        )
        process.start()
        process.join()
        texts = [path.read_text(encoding="utf-8") for path in outputs]
    assert process.exitcode is not None
    return subprocess.CompletedProcess(arguments, process.exitcode, *texts)


class _NoGuard:
    """Expects nothing."""

    def check(self, layer: str) -> list[Any]:
        """No findings."""
        return []


def _become_cxe(
    arguments: Sequence[str],
    cwd: Path,
    environment: Mapping[str, str],
    left_out: frozenset[str],
    stdout: Path,
    stderr: Path,
) -> None:
    for descriptor, path in ((1, stdout), (2, stderr)):
        with path.open("wb") as file:
            os.dup2(file.fileno(), descriptor)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["cxe", *arguments]
    from cxe import build, pipeline
    from cxe.cli import main

    changed: Any = pipeline
    if "expectations" in left_out:
        changed.guarding = lambda *_, **__: nullcontext(_NoGuard())
    changed = build
    if "tests" in left_out:
        changed.LAYERS = {
            layer: (*command, "--exclude-resource-type", "test")
            for layer, command in build.LAYERS.items()
        }
    main(prog_name="cxe")
