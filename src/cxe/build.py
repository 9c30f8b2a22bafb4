"""Build the layers with dbt, one after the other, each behind the checks of the one before."""

from __future__ import annotations

import json
import logging
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cxe.calibration.card import model_card, write_card
from cxe.calibration.warehouse import calibrate, parameters_of, read_variables
from cxe.errors import CxeError, GateError, InputError
from cxe.home import PROJECT_DIR, Home, disk_message, memory_limit, open_warehouse
from cxe.ops import CheckResult, record_checks

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dbt.cli.main import dbtRunner
    from dbt.contracts.graph.manifest import Manifest

    from cxe.guard.gate import Guard
    from cxe.progress import Progress

# What reads the fits, which are made of the intermediate layer: built with the marts.
CALIBRATED = "path:models/staging/calibration path:models/intermediate/cvar"
# What the raw layer's expectations read: how the newest deliveries look beside earlier ones.
DELIVERED = (
    "stg_landing__files stg_landing__file_profiles stg_landing__column_profiles"
    " path:models/intermediate/deliveries"
)
# A test that spans two layers runs with the later one: `buildable` waits for all its parents.
LAYERS: Mapping[str, tuple[str, ...]] = {
    "raw": ("build", "--select", "source:landing", DELIVERED),
    "reference": ("build", "--select", "resource_type:seed"),
    "staging": ("build", "--select", "path:models/staging", "--exclude", CALIBRATED, DELIVERED),
    "intermediate": (
        *("build", "--select", "path:models/intermediate", "--exclude", CALIBRATED, DELIVERED),
    ),
    "marts": ("build", "--select", "path:models/marts", CALIBRATED),
}
DISK_ERRORS = ("No space left", "could not write", "Could not write", "disk is full")
NOT_BUILT = "The model could not be built."
DEFAULT_REMEDY = "Run the query to see the rows, correct the extract or the model, and run again."


@dataclass(frozen=True)
class BuildResult:
    """What a build left behind.

    Attributes:
        checks: every check of every layer.
    """

    checks: tuple[CheckResult, ...]

    @property
    def warnings(self) -> tuple[CheckResult, ...]:
        """Checks that found something without blocking."""
        return tuple(check for check in self.checks if check.status in {"warn", "accepted"})


def build(
    home: Home,
    run_id: str,
    progress: Progress,
    variables: Mapping[str, str | None],
    guard: Guard,
    *,
    calibrating_anew: bool = False,
) -> BuildResult:
    """Build every layer in turn; stop at the first whose checks fail.

    Args:
        home: where the warehouse lives; its lock is held and nothing else has it open.
        run_id: run the check results are recorded under.
        guard: judges every layer once it is built.
        progress: told about every finished node.
        variables: dbt variables that differ from `dbt_project.yml`.
        calibrating_anew: fit the retained-share model even if nothing it rests on has changed.

    Raises:
        GateError: a check or a model of a layer failed; later layers were not built.
        CxeError: dbt could not work at all.
    """
    invoke = _dbt(home, progress, variables)
    checks: list[CheckResult] = []
    manifest: Manifest | None = None
    project_variables = read_variables(PROJECT_DIR)
    parameters = parameters_of(project_variables)
    for layer, command in LAYERS.items():
        if layer == "marts":
            progress.step("calibrate")
            with open_warehouse(home) as connection:
                calibrate(connection, parameters, anew=calibrating_anew)
        progress.step(f"build {layer}" if command[0] == "build" else f"check {layer}")
        manifest, results = invoke(manifest, command)
        layer_checks = [
            check for result in results if (check := _check(home, layer, result)) is not None
        ]
        # On tables that are missing or of an earlier run the expectations would say nothing new.
        if all(str(result.status) not in {"error", "skipped"} for result in results):
            progress.step(f"guard {layer}")
            layer_checks += guard.check(layer)
        _record_and_refuse(home, run_id, layer, layer_checks)
        checks += layer_checks
    with open_warehouse(home) as connection:
        card = model_card(connection, parameters, project_variables["discount_rate"])
    write_card(card, home.reports)
    return BuildResult(tuple(checks))


def _dbt(
    home: Home, progress: Progress, variables: Mapping[str, str | None]
) -> Callable[[Manifest | None, tuple[str, ...]], tuple[Manifest, list[Any]]]:
    """One in-process dbt for all steps: its start costs seconds, and each parse too."""
    os.environ.update(
        CXE_MEMORY_LIMIT=memory_limit(),
        DBT_TARGET_PATH=str(home.target),
        DBT_LOG_PATH=str(home.logs),
    )
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    from cxe.dbt_speed import spare_dbt_needless_work

    spare_dbt_needless_work()
    # dbt.log on a full disk would print a traceback over the message that says so.
    logging.raiseExceptions = False
    arguments = (
        *("--project-dir", str(PROJECT_DIR), "--profiles-dir", str(PROJECT_DIR)),
        *("--vars", json.dumps({key: value for key, value in variables.items() if value})),
    )
    quiet = ("--log-level", "none", "--log-level-file", "info", "--no-use-colors")
    # The manifest is written once, by the parse; rewriting it after every layer costs seconds.
    selection = (
        *("--indirect-selection", "buildable"),
        *("--exclude-resource-type", "unit_test"),
        "--no-write-json",
    )

    def run(runner: dbtRunner, command: tuple[str, ...]) -> Any:
        outcome = runner.invoke([*quiet, *command, *arguments])
        # dbt keeps the file open for its next command; between layers it is ours.
        environment: Any = DuckDBConnectionManager._ENV
        if environment is not None:
            environment.close()
        if outcome.result is None:
            reason = str(outcome.exception)
            if any(sign in reason for sign in DISK_ERRORS):
                raise CxeError(disk_message(home))
            raise CxeError(f"dbt could not work: {reason} (see {home.logs / 'dbt.log'})")
        return outcome.result

    def invoke(manifest: Manifest | None, command: tuple[str, ...]) -> tuple[Manifest, list[Any]]:
        if manifest is None:
            # A parse opens no database. Told of none it is the same for every home, so dbt can take
            # up one that was made elsewhere (DBT_PARTIAL_PARSE_FILE_PATH).
            os.environ.pop("CXE_HOME", None)
            manifest = run(dbtRunner(), ("parse",))
            os.environ["CXE_HOME"] = str(home.root)
        runner = dbtRunner(manifest=manifest, callbacks=[progress.on_dbt_event])
        return manifest, list(run(runner, (*command, *selection)).results)

    return invoke


def _check(home: Home, layer: str, result: Any) -> CheckResult | None:
    """Result of a test, or of a model that could not be built; None for what went well."""
    node = result.node
    status = str(result.status)
    is_test = node.resource_type == "test"
    if not is_test and status in {"success", "skipped"}:
        return None
    message = str(result.message or "")
    if any(sign in message for sign in DISK_ERRORS):
        raise CxeError(disk_message(home))
    meta = node.config.meta
    query = getattr(node, "compiled_path", None)
    return CheckResult(
        layer=layer,
        check_name=node.name,
        relation=_relation(node) if is_test else node.relation_name,
        severity=node.config.severity.lower() if is_test else "error",
        status="skipped" if status == "skipped" else status,
        failures=result.failures if is_test and status != "error" else None,
        description=node.description if is_test else NOT_BUILT,
        remedy=str(meta.get("remedy", "")).strip()
        or (DEFAULT_REMEDY if is_test else f"See {home.logs / 'dbt.log'} and correct the model."),
        query_path=query,
    )


def _relation(test: Any) -> str | None:
    """What a test looks at, in the words of its YAML."""
    attached = getattr(test, "attached_node", None)
    if attached:
        return str(attached).split(".", 2)[2]
    return ", ".join(str(parent).split(".", 2)[2] for parent in test.depends_on.nodes) or None


def check_layer(
    home: Home, run_id: str, progress: Progress, guard: Guard, layer: str
) -> list[CheckResult]:
    """Run the expectations of one layer, on what stands in the warehouse.

    Raises:
        GateError: one that blocks was not met.
        InputError: the layer was never built.
    """
    if layer == "raw":
        # How the newest deliveries look is a table too, and may be older than they are.
        progress.step("profile deliveries")
        _, results = _dbt(home, progress, {})(None, LAYERS["raw"])
        checks = [check for result in results if (check := _check(home, layer, result)) is not None]
    else:
        checks = []
        with open_warehouse(home) as connection:
            built = connection.execute(
                "select count(*) from duckdb_tables() where schema_name = ?", [layer]
            ).fetchone()
        if not built or not built[0]:
            raise InputError(f"Layer {layer} was never built in {home.root}: `cxe build` first.")
    progress.step(f"guard {layer}")
    checks += guard.check(layer)
    _record_and_refuse(home, run_id, layer, checks)
    return checks


def _record_and_refuse(home: Home, run_id: str, layer: str, checks: list[CheckResult]) -> None:
    with open_warehouse(home) as connection:
        record_checks(connection, run_id, checks)
    failed = [check for check in checks if check.status in {"fail", "error"}]
    if not failed:
        return
    lines = [
        f"The gate after layer {layer} failed: {len(failed)} of {len(checks)} checks. Nothing was "
        f"published; readers stay on {home.published_version() or 'no version yet'}."
    ]
    for check in failed:
        found = {None: "not met", 1: "1 row fails"}.get(
            check.failures, f"{check.failures} rows fail"
        )
        found = "could not run" if check.status == "error" else found
        lines.append(f"- {check.check_name} on {check.relation}: {found}.")
        if check.description:
            lines.append(f"  Promise: {' '.join(check.description.split())}")
        lines += [f"  Found: {example}" for example in (check.examples or "").splitlines()]
        lines.append(f"  Do: {' '.join(check.remedy.split())}")
        if check.owner:
            lines.append(f"  Owner: {check.owner}")
        if check.query_path:
            lines.append(f"  See: {check.query_path}")
    raise GateError("\n".join(lines))
