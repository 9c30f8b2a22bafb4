"""However a run ends, readers keep a whole version and the next run finishes the work."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from worlds import Cxe, mart_differences, published

from cxe.simulate import simulate

KILLS = 20
KILLS_IN_EVERY_RUN = 1

Worlds = tuple[Path, Path]
Homes = tuple[Path, Path, float]


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Worlds:
    """An early delivery of a world, and all of it."""
    root = tmp_path_factory.mktemp("worlds")
    simulate(root / "all", hcps=40, months=10, seed=5)
    everything = root / "all" / "extracts"
    early = root / "early"
    for path in everything.rglob("*__*.*"):
        if "__2026-01-01__" not in path.name:
            target = early / path.relative_to(everything)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(path)
    return early, everything


def start_run(extracts: Path, home: Path, parsed: Path) -> subprocess.Popen[bytes]:
    """A run as users start it, which may be killed: forks of the test process load much faster."""
    return subprocess.Popen(
        [sys.executable, "-m", "cxe", "run", "--extracts", extracts, "--home", home],
        env={**os.environ, "DBT_PARTIAL_PARSE_FILE_PATH": str(parsed), "CXE_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


@pytest.fixture(scope="module")
def homes(
    unchecked_cxe: Cxe, worlds: Worlds, parsed: Path, tmp_path_factory: pytest.TempPathFactory
) -> Homes:
    """A home that published the early delivery, one that published all, and how long that took."""
    early, everything = worlds
    root = tmp_path_factory.mktemp("homes")
    unchecked_cxe("run", "--extracts", early, "--home", root / "early")
    started = time.monotonic()
    assert start_run(everything, root / "all", parsed).wait() == 0
    return root / "early", root / "all", time.monotonic() - started


@pytest.mark.parametrize(
    "kill",
    [
        pytest.param(n, marks=[] if n < KILLS_IN_EVERY_RUN else [pytest.mark.thorough])
        for n in range(KILLS)
    ],
)
def test_a_killed_run_breaks_nothing_and_the_next_one_succeeds(
    kill: int, unchecked_cxe: Cxe, worlds: Worlds, homes: Homes, parsed: Path, tmp_path: Path
) -> None:
    _, everything = worlds
    early_home, full_home, seconds = homes
    home = tmp_path / "home"
    shutil.copytree(early_home, home, symlinks=True)
    # One moment in each of equal slices of a run's time, so that no phase is left out.
    order = random.Random(11).sample(range(KILLS), KILLS)
    moment = (order[kill] + random.Random(kill).random()) / KILLS * seconds
    process = start_run(everything, home, parsed)
    try:
        process.wait(moment)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert process.returncode in {0, -signal.SIGKILL}

    version = (home / "published" / "current").readlink().name
    whole = {early_home: mart_differences(early_home, home)}
    if whole[early_home]:
        whole[full_home] = mart_differences(full_home, home)
    assert {} in whole.values(), f"version {version} is neither the old one nor the new one"

    unchecked_cxe("run", "--extracts", everything, "--home", home)
    assert mart_differences(full_home, home) == {}
    with published(home) as connection:
        statuses = connection.execute("select status from ops.runs order by run_id").fetchall()
        doubled = connection.execute(
            "select path, sha256 from ops.files group by all having count(*) > 1"
        ).fetchall()
    assert statuses[-1] == ("published",)
    assert ("running",) not in statuses
    assert doubled == []


DISK_SCENARIO = """
import json, shutil, subprocess, sys
from pathlib import Path
import duckdb
prepared, everything, disk = map(Path, sys.argv[1:4])
home = disk / "home"
shutil.copytree(prepared, home, symlinks=True)
before = (home / "published" / "current").readlink().name
free = shutil.disk_usage(disk).free - int(sys.argv[4])
(disk / "ballast").write_bytes(bytes(max(0, free)))
done = subprocess.run(
    [sys.executable, "-m", "cxe", "run", "--extracts", everything, "--home", home],
    capture_output=True, text=True,
)
after = (home / "published" / "current").readlink().name
with duckdb.connect(str(home / "published" / "current" / "cxe.duckdb"), read_only=True) as c:
    rows = c.execute("select count(*) from marts.fct_fills").fetchone()[0]
(disk / "ballast").unlink()
again = subprocess.run(
    [sys.executable, "-m", "cxe", "run", "--extracts", everything, "--home", home],
    capture_output=True, text=True,
)
print(json.dumps({"code": done.returncode, "error": done.stderr, "before": before, "after": after,
    "rows": rows, "again": again.returncode, "again_error": again.stderr}))
"""


@pytest.mark.parametrize(
    "free_bytes", [200_000, pytest.param(6_000_000, marks=pytest.mark.thorough)]
)
def test_a_full_disk_gives_a_clear_error_and_leaves_the_published_version(
    free_bytes: int, worlds: Worlds, homes: Homes, tmp_path: Path
) -> None:
    _, everything = worlds
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = f"mount -t tmpfs -o size=200m tmpfs {disk} && exec "
    arguments = " ".join(
        f"'{part}'"
        for part in (
            *(sys.executable, "-c", DISK_SCENARIO.replace("'", '"')),
            *(homes[0], everything, disk, free_bytes),
        )
    )
    done = subprocess.run(
        ["unshare", "--mount", "--map-root-user", "sh", "-c", mount + arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    if "unshare" in done.stderr or "mount:" in done.stderr:
        pytest.skip(f"this kernel lets nobody mount a small disk: {done.stderr.strip()}")
    found = json.loads(done.stdout)
    assert found["code"] == 1, found["error"]
    assert "full" in found["error"]
    assert "free space" in found["error"].lower()
    assert "Traceback" not in found["error"]
    assert found["after"] == found["before"]
    assert found["rows"] > 0
    assert found["again"] == 0, found["again_error"]
