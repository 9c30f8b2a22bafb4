"""What the warehouse says a landed file holds is what stands in the delivered file."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb
import pytest
from worlds import Cxe

from cxe.contract import Column, Extract, load_contract
from cxe.simulate import simulate

Profile = Callable[..., None]
ROOT = Path(__file__).parents[2]
EXTRACTS = (("crm", "account"), ("access", "product_price"), ("support", "survey_response"))
OPTIONAL_KEY_PARTS = {"payer_type"}
BOOLEANS = {"true": 1, "1": 1, "y": 1, "false": 0, "0": 0, "n": 0}
MODELS = ("stg_landing__column_profiles", "stg_landing__file_profiles")
# As `cxe build` does: dbt would parse anew for every path of a database. One process for all runs.
DBT_FOR_ANY_HOME = """
import json, os, sys
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner
manifest = dbtRunner().invoke(["--quiet", "parse"]).result
for line in sys.stdin:
    os.environ["CXE_HOME"], *command = json.loads(line)
    is_done = dbtRunner(manifest=manifest).invoke(["--quiet", *command]).success
    DuckDBConnectionManager._ENV.close()
    print("done" if is_done else "failed", flush=True)
"""
# A file with everything the simulated ones lack: blanks, words for numbers, unseen codes, days to
# come, a value over two lines, a repeated key, a row without its key.
PRICES = """ndc11,payer_type,valid_from,net_unit_price,margin_rate,modified_ts
11111111111,,2025-01-01,100.25,0.35,2025-01-01T00:00:00Z
11111111111,CASH,01/31/2025,"1,5",0.5,2025-02-01 10:00:00
,CASH,2025-02-30,7, ,2099-12-31T23:30:00-02:00
11111111111,,2025-01-01,999999999999,0.123456,yesterday
22222222222,"
",2030-01-01,-3,1,2025-03-01T00:00:00+00:00
11111111111, ,2025-01-01,0,1e-1,2025-03-01
,CASH,2025-01-01,0,0,2025-03-01
"""
SURVEYS = """ResponseId,RecordedDate,Finished,AccountId,Touchpoint,CSAT,CES,NPS,Emotion
question,text,,,,,,,
import,id,,,,,,,
R1,2025-03-01T10:00:00Z,Y,A1,CALL,5,7,10.0,Delighted
R2,2025-03-01T23:00:00-05:00,no,,FAX,4.5,x,9,Happy
R3,2025-04-01T00:00:00Z,0,A2,CALL,,1,-1,Neutral
"""


@dataclass(frozen=True)
class Row:
    """A record of a delivered file, with the line it starts on."""

    line: int
    values: dict[str, str | None]


@pytest.fixture(scope="module")
def profile(parsed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Profile]:
    """Run dbt on the two models of a home."""
    place = str(tmp_path_factory.mktemp("dbt"))
    environment = {
        **os.environ,
        "DBT_TARGET_PATH": place,
        "DBT_LOG_PATH": place,
        "DBT_PARTIAL_PARSE_FILE_PATH": str(parsed),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    environment.pop("CXE_HOME", None)
    with subprocess.Popen(
        [sys.executable, "-c", DBT_FOR_ANY_HOME],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as dbt:
        assert dbt.stdin and dbt.stdout
        orders, answers = dbt.stdin, dbt.stdout

        def run(home: Path, *options: str) -> None:
            command = ["run", "--no-write-json", *options, "--select", *MODELS]
            print(json.dumps([str(home), *command]), file=orders, flush=True)
            said = []
            while (line := answers.readline()) and line not in {"done\n", "failed\n"}:
                said.append(line)
            assert line == "done\n", "".join(said)

        yield run


def profiles(home: Path, model: str) -> list[dict[str, Any]]:
    with duckdb.connect(str(home / "warehouse/cxe.duckdb"), read_only=True) as connection:
        found = connection.execute(f"from staging.{model} order by all")
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


@pytest.fixture(scope="module")
def extracts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("profiled_world")
    simulate(out, hcps=30, months=6, seed=4, faults=("all",))
    for extract, text in (("access/product_price", PRICES), ("support/survey_response", SURVEYS)):
        folder = out / "extracts" / extract
        (folder / f"{folder.name}__2025-03-01__delta__7.csv").write_text(text)
    return out / "extracts"


@pytest.fixture(scope="module")
def home(
    cxe: Cxe, profile: Profile, extracts: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """All but the last delivery of each extract profiled, then the rest."""
    root = tmp_path_factory.mktemp("profiled")
    first = root / "first"
    for folder in extracts.glob("*/*"):
        files = sorted(folder.iterdir())
        (first / folder.relative_to(extracts)).mkdir(parents=True)
        for file in files[:-1] or files:
            shutil.copy(file, first / file.relative_to(extracts))
    for drop in (first, extracts):
        cxe("land", "--extracts", drop, "--home", root / "home")
        profile(root / "home")
    return root / "home"


def read(path: Path, extract: Extract) -> list[Row]:
    reader = csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline=""))
    by_name = {name.casefold(): name for name in extract.column_names}
    names = [by_name.get(name.strip().casefold()) for name in next(reader)]
    rows, end = [], reader.line_num
    for values in reader:
        start, end = end + 1, reader.line_num
        if values and start > 1 + extract.extra_header_lines:
            delivered = {name: text for name, text in zip(names, values, strict=True) if name}
            texts = {name: delivered.get(name, "").strip(" ") for name in extract.column_names}
            rows.append(Row(start, {name: text or None for name, text in texts.items()}))
    return rows


def parsed(text: str | None, kind: str) -> Any:
    """A value of the contract type, None for what is none; the contract's forms, and no others."""
    if text is None:
        return None
    if kind == "bool":
        return BOOLEANS.get(text.lower())
    try:
        if kind in {"int", "num"}:
            number = Fraction(text)
            return number if kind == "num" or number.denominator == 1 else None
        if kind == "date":
            form = "%m/%d/%Y" if "/" in text else "%Y-%m-%d"
            return datetime.strptime(text, form).replace(tzinfo=UTC).date()
        stamp = datetime.fromisoformat(text)
        return (stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)).astimezone(UTC).date()
    except ValueError:
        return None


def column_profile(rows: list[Row], column: Column, delivered_on: date) -> dict[str, Any]:
    name, kind = column.name, column.type
    is_parsed, is_dated = kind not in {"id", "text"}, kind in {"date", "ts"}
    cells = [(row.line, row.values[name], parsed(row.values[name], kind)) for row in rows]
    findings = {
        "missing": [line for line, text, _ in cells if text is None],
        "unparsed": [line for line, text, value in cells if is_parsed and text and value is None],
        "unseen": [
            line for line, text, _ in cells if column.codes and text not in (None, *column.codes)
        ],
        "future": [line for line, _, value in cells if is_dated and value and value > delivered_on],
    }
    values = [value for _, text, value in cells if is_parsed and value is not None]
    numbers = [] if is_dated else values
    mean = sum(numbers) / Fraction(len(numbers)) if numbers else None
    deviation = None
    if mean is not None and kind != "bool":
        deviation = math.sqrt(sum((number - mean) ** 2 for number in numbers) / len(numbers))
    return {
        "column_type": kind,
        "is_required": column.required,
        "row_count": len(rows),
        **{f"{finding}_count": len(lines) for finding, lines in findings.items()},
        **{f"{finding}_at_row": min(lines, default=None) for finding, lines in findings.items()},
        "number_mean": None if mean is None else pytest.approx(float(mean), rel=1e-9),
        "number_deviation": None
        if deviation is None
        else pytest.approx(deviation, rel=1e-9, abs=1e-9),
        "latest_on": max(values, default=None) if is_dated else None,
    }


def file_profile(rows: list[Row], extract: Extract) -> dict[str, Any]:
    keys = [
        (row.line, tuple(row.values[name] for name in extract.key))
        for row in rows
        if all(row.values[name] or name in OPTIONAL_KEY_PARTS for name in extract.key)
    ]
    counts = Counter(key for _, key in keys)
    seen: set[tuple[str | None, ...]] = set()
    repeated_at = None
    for line, key in keys:
        if key in seen:
            repeated_at = line
            break
        seen.add(key)
    return {
        "row_count": len(rows),
        "repeated_key_count": sum(count for count in counts.values() if count > 1),
        "repeated_key_at_row": repeated_at,
    }


@pytest.mark.parametrize(("system", "name"), EXTRACTS)
def test_a_profile_is_that_of_the_delivered_file(
    system: str, name: str, extracts: Path, home: Path
) -> None:
    extract = load_contract(ROOT)[system, name]
    columns = {column.name: column for column in extract.columns}
    by_file: dict[int, list[dict[str, Any]]] = {}
    for found in profiles(home, MODELS[0]):
        by_file.setdefault(found["file_id"], []).append(found)
    files = [
        found
        for found in profiles(home, MODELS[1])
        if (found["system"], found["extract"]) == (system, name)
    ]
    assert files
    for file in files:
        rows = read(extracts / file["path"], extract)
        expected = file_profile(rows, extract)
        assert {key: file[key] for key in expected} == expected, file["path"]
        assert [found["column_name"] for found in by_file[file["file_id"]]] == sorted(columns)
        for found in by_file[file["file_id"]]:
            column = columns[found["column_name"]]
            wanted = column_profile(rows, column, file["file_delivered_on"])
            assert {key: found[key] for key in wanted} == wanted, (file["path"], column.name)


def test_profiles_grown_by_deliveries_are_those_made_at_once(
    home: Path, profile: Profile, tmp_path: Path
) -> None:
    at_once = tmp_path / "home"
    (at_once / "warehouse").mkdir(parents=True)
    shutil.copy(home / "warehouse/cxe.duckdb", at_once / "warehouse")
    profile(at_once, "--full-refresh")
    for model in MODELS:
        assert profiles(home, model) == profiles(at_once, model)


def test_a_profile_of_another_contract_is_made_anew(
    home: Path, profile: Profile, tmp_path: Path
) -> None:
    changed = tmp_path / "home"
    (changed / "warehouse").mkdir(parents=True)
    shutil.copy(home / "warehouse/cxe.duckdb", changed / "warehouse")
    with duckdb.connect(str(changed / "warehouse/cxe.duckdb")) as connection:
        for model in MODELS:
            connection.execute(
                f"update staging.{model} set row_count = -1, contract_hash = 'another'"
                " where extract = 'account'"
            )
    profile(changed)
    for model in MODELS:
        assert profiles(home, model) == profiles(changed, model)


def test_every_landed_file_has_its_profiles_and_no_other(home: Path) -> None:
    with duckdb.connect(str(home / "warehouse/cxe.duckdb"), read_only=True) as connection:
        landed = connection.execute(
            "select file_id, rows_landed from raw._files where status = 'landed'"
        ).fetchall()
    assert any(rows == 0 for _, rows in landed), "no file that holds nothing but its header"
    found = [(file["file_id"], file["row_count"]) for file in profiles(home, MODELS[1])]
    assert sorted(found) == sorted(landed)
    assert {row["file_id"] for row in profiles(home, MODELS[0])} == {file for file, _ in landed}
