"""Homes built once per session; every test that only reads shares them."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

# Before numpy is loaded: threads of many small products stall each other on a busy machine.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# Nor may what the tests load call home, or leave byte code in the checkout.
os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
os.environ.setdefault("PYTHONDONTWRITEBYTECODE", "1")

import pytest
from commands import command
from hypothesis.configuration import set_hypothesis_home_dir
from worlds import MID_MONTH, Cxe

from cxe.simulate import simulate

BuiltOnce = Callable[[str, Callable[[Path], object]], Path]
REPOSITORY = Path(__file__).resolve().parents[2]
# Hypothesis would write into the checkout otherwise.
set_hypothesis_home_dir(REPOSITORY / ".venv" / ".cache" / "hypothesis")

SHARED_DATA = REPOSITORY.parent / "shared" / "data"
# Files of tests that take minutes go first, the longest at the head: left to the end, they would
# keep one processor busy while the other has nothing to do.
LONGEST = (
    *("test_arrival", "test_crash", "test_docs", "test_golden", "test_run", "test_faults"),
    *("test_worlds", "test_cvar", "test_layer", "test_health"),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    order = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(item.path.stem, len(order)))


@pytest.fixture(scope="session")
def built_once(tmp_path_factory: pytest.TempPathFactory) -> BuiltOnce:
    """Fill a folder of that name, unless another test process has or does."""
    base = tmp_path_factory.getbasetemp()
    root = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "built_once"
    root.mkdir(exist_ok=True)

    def build(name: str, fill: Callable[[Path], object]) -> Path:
        folder, is_built = root / name, root / f"{name}.is_built"
        with (root / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not is_built.exists():
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                fill(folder)
                is_built.touch()
        return folder

    return build


@pytest.fixture(scope="session")
def parsed(built_once: BuiltOnce) -> Path:
    """dbt's parse of the project: a quarter of a small run, and the same for every home."""

    def parse(target: Path) -> None:
        environment = {**os.environ, "DBT_TARGET_PATH": str(target), "DBT_LOG_PATH": str(target)}
        environment.pop("CXE_HOME", None)
        subprocess.run(
            [Path(sys.executable).with_name("dbt"), "--quiet", "parse"],
            cwd=REPOSITORY,
            env=environment,
            check=True,
        )

    return built_once("parsed", parse) / "partial_parse.msgpack"


@pytest.fixture(scope="session")
def cxe(parsed: Path) -> Cxe:
    """The command line."""
    return command(parsed)


@pytest.fixture(scope="session")
def quick_cxe(parsed: Path) -> Cxe:
    """The command line without guard and report, for tests of what models make of a delivery."""
    return command(parsed, "expectations", "report")


@pytest.fixture(scope="session")
def unchecked_cxe(parsed: Path) -> Cxe:
    """The command line without dbt's data tests either, where marts are compared with marts."""
    return command(parsed, "expectations", "tests", "report")


@pytest.fixture(scope="session")
def valuing_cxe(parsed: Path) -> Cxe:
    """The command line without checks and without marts that stand on value at risk."""
    return command(parsed, "expectations", "tests", "report", "flywheel")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Third-party inputs beside the checkout."""
    if not SHARED_DATA.is_dir():
        pytest.skip("third-party inputs are not at ../shared/data")
    return SHARED_DATA


@pytest.fixture(scope="session")
def cdnow_home(cxe: Cxe, shared_data: Path, built_once: BuiltOnce) -> Path:
    extracts = shared_data / "cdnow"
    return built_once("cdnow", lambda home: cxe("run", "--extracts", extracts, "--home", home))


@pytest.fixture(scope="session")
def synthea_home(cxe: Cxe, shared_data: Path, built_once: BuiltOnce) -> Path:
    extracts = shared_data / "synthea"
    return built_once("synthea", lambda home: cxe("run", "--extracts", extracts, "--home", home))


@pytest.fixture(scope="session")
def synthea_complete_home(cxe: Cxe, synthea_home: Path, built_once: BuiltOnce) -> Path:
    def fill(home: Path) -> None:
        shutil.copytree(synthea_home, home, symlinks=True, dirs_exist_ok=True)
        cxe("build", "--home", home, "--as-of", "2024-06-30")
        cxe("publish", "--home", home)

    return built_once("synthea_complete", fill)


@pytest.fixture(scope="session")
def sample_extracts(built_once: BuiltOnce) -> Path:
    """Extracts of a healthy sample world."""
    world = built_once("world", lambda out: simulate(out, hcps=150, months=24, seed=1))
    return world / "extracts"


@pytest.fixture(scope="session")
def sample_home(cxe: Cxe, sample_extracts: Path, built_once: BuiltOnce) -> Path:
    return built_once(
        "sample", lambda home: cxe("run", "--extracts", sample_extracts, "--home", home)
    )


@pytest.fixture(scope="session")
def mid_month_home(quick_cxe: Cxe, sample_home: Path, built_once: BuiltOnce) -> Path:
    """The sample world as of `MID_MONTH`."""

    def build(home: Path) -> None:
        shutil.copytree(sample_home, home, symlinks=True, dirs_exist_ok=True)
        quick_cxe("build", "--home", home, "--as-of", MID_MONTH)
        quick_cxe("publish", "--home", home)

    return built_once("mid_month", build)


@pytest.fixture(scope="session")
def experience_extracts(built_once: BuiltOnce) -> Path:
    """Extracts of another sample world, in which experience decides more than by default."""
    world = built_once(
        "experience_world",
        lambda out: simulate(out, hcps=150, months=24, seed=2, experience_effect=3),
    )
    return world / "extracts"


@pytest.fixture(scope="session")
def experience_home(quick_cxe: Cxe, experience_extracts: Path, built_once: BuiltOnce) -> Path:
    extracts = experience_extracts
    return built_once(
        "experience", lambda home: quick_cxe("run", "--extracts", extracts, "--home", home)
    )
