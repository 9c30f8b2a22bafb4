"""The guard bites: every fault, planted alone into a second delivery, is stopped or told."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from worlds import Cxe

from cxe.home import PROJECT_DIR
from cxe.simulate import simulate
from guard.delivered import Fault, day_of
from guard.faults import FAULTS, IN_EVERY_RUN, NOT_CAUGHT
from guard.personal import personal_values

NO_PART_OF_A_RUN = frozenset({"docs", "benchmarks", "target", "logs"})
REFUSED, UNUSABLE = 3, 2
SHARED = [
    pytest.param(fault, id=name, marks=[] if name in IN_EVERY_RUN else pytest.mark.thorough)
    for name, fault in FAULTS.items()
]
# What the faults of personal data plant.
PERSONAL = re.compile(r"@(mail|company)\.example|Jane Roe|617 555")

Runs = Callable[[Path, Path], "subprocess.CompletedProcess[str]"]


def split_last_delivery(everything: Path, out: Path) -> None:
    """Symlinks to the files of the last delivery date in `last`, to those before it in `early`."""
    files = [path for path in everything.rglob("*__*.*") if path.is_file()]
    newest = max(map(day_of, files))
    for path in files:
        part = "last" if day_of(path) == newest else "early"
        target = out / part / path.relative_to(everything)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(path)


def warned(done: subprocess.CompletedProcess[str]) -> set[str]:
    """What a run that ended well warns of, and which files it rejected."""
    said = json.loads(done.stdout)
    checks = {f"{check['check_name']} on {check['relation']}" for check in said["warnings"]}
    files = {file["path"] for file in said["files"] if file["status"] == "rejected"}
    return checks | files


@dataclass(frozen=True)
class Stage:
    """A home that published every delivery but the last.

    Attributes:
        root: holds the deliveries as `early` and `last`, and the home.
    """

    root: Path

    def fresh(self, folder: Path) -> tuple[Path, Path]:
        """A copy of the last delivery that may be spoiled, and one of the home."""
        self.delivery(folder)
        shutil.copytree(self.root / "home", folder / "home", symlinks=True)
        return folder / "last", folder / "home"

    def delivery(self, folder: Path) -> Path:
        """A copy of the last delivery that may be spoiled."""
        shutil.copytree(self.root / "last", folder / "last")
        (folder / "early").symlink_to(self.root / "early")
        return folder / "last"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    root = tmp_path_factory.mktemp("guarded")
    # Deletions and strangers are daily life, and some models are wrong about nothing else.
    simulate(
        root / "world", hcps=300, months=14, seed=11, faults=("soft_deletes", "unknown_prescriber")
    )
    split_last_delivery(root / "world" / "extracts", root)
    return Stage(root)


@pytest.fixture(scope="module")
def personal(world: Stage) -> set[str]:
    """Tokens of patients, names and addresses that the world's files hold."""
    return personal_values(world.root / "world")


@pytest.fixture(scope="module")
def stage(cxe: Cxe, world: Stage) -> Stage:
    cxe("run", "--extracts", world.root / "early", "--home", world.root / "home")
    return world


@pytest.fixture(scope="module")
def usual_warnings(cxe: Cxe, stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """What the run on the healthy last delivery warns of."""
    last, home = stage.fresh(tmp_path_factory.mktemp("healthy"))
    return warned(cxe("run", "--extracts", last, "--home", home, "--json"))


def copied_project(folder: Path) -> Path:
    """A copy of the project that `cxe` can be run from."""

    def left_out(parent: str, names: list[str]) -> set[str]:
        is_root, is_tests = Path(parent) == PROJECT_DIR, Path(parent) == PROJECT_DIR / "tests"
        return {
            name
            for name in names
            if name == "__pycache__"
            or (is_root and (name.startswith(".") or name in NO_PART_OF_A_RUN))
            or (is_tests and name == "python")
        }

    shutil.copytree(PROJECT_DIR, folder, ignore=left_out)
    return folder


def run_from(project: Path, extracts: Path, home: Path) -> subprocess.CompletedProcess[str]:
    """`cxe run` with the models of a copy, which nothing parsed before."""
    (home / "target" / "partial_parse.msgpack").unlink(missing_ok=True)
    environment = {
        **os.environ,
        "PYTHONPATH": str(project / "src"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "CXE_THREADS": "1",
    }
    environment.pop("DBT_PARTIAL_PARSE_FILE_PATH", None)
    return subprocess.run(
        [sys.executable, "-m", "cxe", "run", "--extracts", extracts, "--home", home, "--json"],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def evidence(home: Path) -> str:
    """All that the newest gates left behind."""
    newest = max(path for path in (home / "quality").iterdir() if path.is_dir())
    return "\n".join(
        path.read_text(encoding="utf-8") for path in newest.rglob("*") if path.is_file()
    )


def contents(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("fault", SHARED)
def test_planting_changes_what_is_there(fault: Fault, world: Stage, tmp_path: Path) -> None:
    place = copied_project(tmp_path / "project") if fault.is_in_models else world.delivery(tmp_path)
    before = contents(place)
    fault.plant(place)
    assert contents(place) != before


@pytest.mark.parametrize("fault", SHARED)
def test_a_fault_is_stopped_or_told(
    fault: Fault,
    cxe: Cxe,
    stage: Stage,
    tmp_path: Path,
    personal: set[str],
    request: pytest.FixtureRequest,
    record_property: Callable[[str, object], None],
) -> None:
    last, home = stage.fresh(tmp_path)
    published = (home / "published" / "current").readlink()
    if fault.is_in_models:
        project = copied_project(tmp_path / "project")
        fault.plant(project)
        done = run_from(project, last, home)
    else:
        fault.plant(last)
        done = cxe("run", "--extracts", last, "--home", home, "--json", code=None)

    said = done.stdout[-2000:] + done.stderr
    assert done.returncode in {0, REFUSED, UNUSABLE}, said
    assert "Traceback" not in done.stderr, said
    told = done.stdout + done.stderr + evidence(home)
    assert not PERSONAL.search(told), "personal data were told"
    assert not [value for value in personal if value in told], "personal data were told"
    if done.returncode:
        gate = re.search(r"gate after layer (\w+)", done.stderr)
        record_property("stopped_after", gate[1] if gate else "landing")
        assert (home / "published" / "current").readlink() == published
        assert done.stderr.strip()
        is_told = False
    else:
        news = warned(done) - request.getfixturevalue("usual_warnings")
        record_property("told", sorted(news))
        is_told = bool(news)

    if fault.severity == "warn":
        assert not done.returncode, f"blocks where a warning would do: {said}"
        is_caught = is_told
    else:
        is_caught = bool(done.returncode)
    reason = NOT_CAUGHT.get(fault.name)
    if reason is None:
        assert is_caught, f"{fault.says}, and nothing stopped or told it. {said}"
    else:
        assert not is_caught, f"is caught now, so it must leave NOT_CAUGHT ({reason})"


def test_nearly_all_faults_are_caught() -> None:
    assert len(FAULTS) >= 66
    assert set(NOT_CAUGHT) <= set(FAULTS)
    assert set(FAULTS) >= IN_EVERY_RUN
    assert 1 - len(NOT_CAUGHT) / len(FAULTS) >= 0.95


def test_a_fault_that_only_warns_says_why() -> None:
    for fault in FAULTS.values():
        assert fault.severity in {"block", "warn"}
        assert fault.layer in {"landing", "raw", "staging", "intermediate", "marts"}
        assert fault.says[-1] != "."
        if fault.severity == "warn":
            assert "only a warning, because" in fault.says, fault.name
