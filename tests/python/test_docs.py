"""What the docs tell a user to type works, and what can be typed is in the docs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from guard.page import page as faults_page
from worlds import mart_differences, published

from cxe.cli import main
from cxe.metrics.layer import SEMANTIC_MANIFEST
from cxe.metrics.page import catalog_page

REPOSITORY = Path(__file__).resolve().parents[2]
REFERENCE = (REPOSITORY / "docs/reference/command-line.md").read_text(encoding="utf-8")


def blocks(document: str) -> list[str]:
    """The fenced shell blocks of a document that call the tools of the virtual environment."""
    text = (REPOSITORY / document).read_text(encoding="utf-8")
    fenced = re.findall(r"^```\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    return [
        block
        for block in fenced
        if block.startswith((".venv/bin/", "make bootstrap")) and "<root>" not in block
    ]


def run_block(block: str, folder: Path, **environment: object) -> str:
    script = block.replace("make bootstrap\n", "")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        # Two tests at a time have a core each.
        env=os.environ
        | {"CXE_THREADS": "1"}
        | {name: str(value) for name, value in environment.items()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{block}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder in which the documented commands find their tools."""
    (tmp_path / ".venv").symlink_to(sys.prefix)
    return tmp_path


def test_the_tutorial_can_be_followed_to_its_end(checkout: Path, parsed: Path) -> None:
    outputs = [
        run_block(block, checkout, DBT_PARTIAL_PARSE_FILE_PATH=parsed)
        for block in blocks("docs/tutorial.md")
    ]
    assert len(outputs) == 8
    assert "realized_value" in outputs[3]
    assert "promises_kept / promises_settled" in outputs[4]
    assert "sp_dispense" in outputs[5]
    assert "rejected" in outputs[6]
    assert (checkout / "tutorial/home/reports/current/index.html").exists()


def test_the_query_of_the_readme_answers(checkout: Path, sample_home: Path) -> None:
    (checkout / ".cxe").symlink_to(sample_home)
    outputs = [run_block(block, checkout) for block in blocks("README.md")]
    assert len(outputs) == 1
    assert "run_rate" in outputs[0]


@pytest.mark.thorough
def test_recalibrating_as_documented_changes_nothing(
    checkout: Path, sample_home: Path, parsed: Path
) -> None:
    shutil.copytree(sample_home, checkout / ".cxe", symlinks=True)
    outputs = [
        run_block(block, checkout, DBT_PARTIAL_PARSE_FILE_PATH=parsed)
        for block in blocks("docs/how-to/recalibrate.md")
    ]
    assert len(outputs) == 1
    assert "model_card.md" in outputs[0]
    assert mart_differences(sample_home, checkout / ".cxe") == {}
    kept = [
        [
            *connection.execute("from ops.cvar_coefficients order by all").fetchall(),
            card.read_text(),
        ]
        for home in (sample_home, checkout / ".cxe")
        for card in [home / "published" / "current" / "reports" / "model_card.md"]
        for connection in [published(home)]
    ]
    assert len(kept[0]) > 1
    assert kept[0] == kept[1]


def test_every_query_of_the_explanations_answers(sample_home: Path) -> None:
    queries = [
        query
        for document in (REPOSITORY / "docs/explanation").glob("*.md")
        for query in re.findall(
            r"^```sql\n(.*?)^```$", document.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL
        )
    ]
    assert queries
    with published(sample_home) as connection:
        for query in queries:
            assert connection.execute(query).fetchall(), query


def commands(group: click.Group, prefix: str = "") -> dict[str, click.Command]:
    """Every command by its full name."""
    found: dict[str, click.Command] = {}
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            found |= commands(command, f"{prefix}{name} ")
        else:
            found[prefix + name] = command
    return found


@pytest.mark.parametrize("name", sorted(commands(main)))
def test_every_command_and_option_is_in_the_reference(name: str) -> None:
    assert f"`cxe {name}" in REFERENCE
    for parameter in commands(main)[name].params:
        if isinstance(parameter, click.Option):
            assert any(option in REFERENCE for option in parameter.opts), parameter.opts


def test_the_catalogue_of_metrics_is_up_to_date(sample_home: Path) -> None:
    manifest = sample_home / "published" / "current" / "metrics" / SEMANTIC_MANIFEST
    page = (REPOSITORY / "docs/reference/metrics.md").read_text(encoding="utf-8")
    assert page == catalog_page(manifest.read_text(encoding="utf-8")), "make docs"


def test_the_list_of_faults_is_up_to_date() -> None:
    written = (REPOSITORY / "docs/reference/faults.md").read_text(encoding="utf-8")
    assert written == faults_page(), "make docs"


def test_links_between_documents_lead_somewhere() -> None:
    for document in [*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/**/*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text(encoding="utf-8")):
            assert (document.parent / target).exists(), f"{document.name} -> {target}"
