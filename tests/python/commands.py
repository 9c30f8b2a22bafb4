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

from worlds import Cxe

REPOSITORY = Path(__file__).resolve().parents[2]

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
        left_out: parts that are: checks (`expectations` and `tests`, a fifth and a third of a small
            run), the `report` that a published version gets, and the marts that nothing else reads
            but people (`flywheel`, another fifth).
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


# All of the flywheel but the value bridge, which expectations read; and the scorecards.
FLYWHEEL = "path:models/marts/flywheel/fct_[!v]* path:models/marts/scorecards"


def is_left_out_with_flywheel(node: Mapping[str, Any]) -> bool:
    """Whether a node of the manifest is one of the marts that `FLYWHEEL` selects."""
    folder, name = node["fqn"][2], node["name"]
    return folder == "scorecards" or (folder == "flywheel" and not name.startswith("fct_v"))


def command(parsed: Path, *left_out: str) -> Cxe:
    """Run the command line as a user does; fails the test unless the exit code is `code`."""

    def run(*arguments: object, code: int | None = 0) -> subprocess.CompletedProcess[str]:
        done = run_cxe(
            [*map(str, arguments)],
            REPOSITORY,
            # Two tests at a time have a core each.
            {**os.environ, "DBT_PARTIAL_PARSE_FILE_PATH": str(parsed), "CXE_THREADS": "1"},
            frozenset(left_out),
        )
        if code is not None:
            assert done.returncode == code, done.stdout + done.stderr
        return done

    return run


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
    from cxe import build, pipeline, publish
    from cxe.cli import main

    changed: Any = pipeline
    if "expectations" in left_out:
        changed.guarding = lambda *_, **__: nullcontext(_NoGuard())
    # Nor can it be written without the marts of the flywheel.
    if left_out & {"report", "flywheel"}:
        changed._report_published = lambda *_: None
    changed = build
    if "tests" in left_out:
        changed.LAYERS = {
            layer: (*command, "--exclude-resource-type", "test")
            for layer, command in build.LAYERS.items()
        }
    if "flywheel" in left_out:
        changed.LAYERS = {
            **build.LAYERS,
            "marts": (*build.LAYERS["marts"], "--exclude", *FLYWHEEL.split()),
        }
        all_marts, changed = publish._marts, publish
        changed._marts = lambda manifest: [
            node for node in all_marts(manifest) if not is_left_out_with_flywheel(node)
        ]
    main(prog_name="cxe")
