"""The calibration's side of the warehouse: the evidence it reads, the fits it stores."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import yaml

from cxe.calibration.rolling import (
    BASELINE,
    DRIVERS,
    QUARTERS,
    Evidence,
    Origin,
    Parameters,
    origins,
)
from cxe.errors import CxeError

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

# Part of every model's version: raised when the method changes.
METHOD = 1


def read_variables(project_dir: Path) -> dict[str, Any]:
    """Variables of the dbt project."""
    project = yaml.safe_load((project_dir / "dbt_project.yml").read_text(encoding="utf-8"))
    variables: dict[str, Any] = project["vars"]
    return variables


def parameters_of(variables: dict[str, Any]) -> Parameters:
    """Parameters of the calibration among the variables of the dbt project."""
    return Parameters(
        window_months=variables["calibration_window_months"],
        skipped_months=variables["calibration_skipped_months"],
        min_snapshots=variables["calibration_min_snapshots"],
        min_customer_months=variables["calibration_min_customer_months"],
        ridge=variables["ridge"],
        evidence_z=variables["experience_evidence_z"],
    )


def read_evidence(connection: duckdb.DuckDBPyConnection) -> Evidence:
    """Active customer-months of the intermediate layer.

    Raises:
        CxeError: a driver has no promise level.
    """
    levels = {
        driver: (1.0 if better == "higher" else -1.0, reference)
        for driver, better, reference in connection.execute(
            "select driver, better, cast(reference as double) from reference.experience_reference"
        ).fetchall()
    }
    if missing := set(DRIVERS) - set(levels):
        raise CxeError(
            f"seeds/experience_reference.csv has no row for {', '.join(sorted(missing))}: add it."
        )
    months = [
        row[0]
        for row in connection.execute(
            "select month from intermediate.int_months order by month"
        ).fetchall()
    ]
    covariates = (*BASELINE, *DRIVERS)
    shares = [f"retained_share_{quarter}" for quarter in QUARTERS]
    rows = connection.execute(
        "select datediff('month', (select min(month) from intermediate.int_months), month) as at,"
        " dense_rank() over (order by customer_id) - 1 as customer, cast(run_rate as double) as v,"
        f" {', '.join(covariates)}, {', '.join(shares)}"
        " from intermediate.int_cvar_covariates order by month, customer_id"
    ).fetchnumpy()
    return Evidence(
        months=tuple(months),
        signs=np.array([levels[driver][0] for driver in DRIVERS]),
        references=np.array([levels[driver][1] for driver in DRIVERS]),
        month=rows["at"].astype(np.intp),
        customer=rows["customer"].astype(np.intp),
        rate=np.asarray(rows["v"], dtype=float),
        covariates=np.column_stack([np.asarray(rows[name], dtype=float) for name in covariates]),
        retained=np.column_stack(
            [np.ma.filled(np.ma.asarray(rows[name], dtype=float), np.nan) for name in shares]
        ),
    )


def versions(evidence: Evidence, parameters: Parameters) -> list[str]:
    """A name for the model of each month; equal names: equal method, parameters and evidence."""
    digest = hashlib.blake2b(repr((METHOD, parameters, BASELINE)).encode(), digest_size=6)
    names = []
    for month in range(len(evidence.months)):
        rows = evidence.rows(month, month)
        known = [(month, evidence.rate), (month, evidence.covariates)]
        known += [
            (month - 3 * quarter, evidence.retained[:, quarter - 1])
            for quarter in QUARTERS
            if month >= 3 * quarter
        ]
        digest.update(str(evidence.months[month]).encode())
        digest.update(np.ascontiguousarray(evidence.customer[rows]).tobytes())
        for at, values in known:
            digest.update(np.ascontiguousarray(values[evidence.rows(at, at)]).tobytes())
        names.append(f"{METHOD}-{digest.hexdigest()}")
    return names


def calibrate(connection: duckdb.DuckDBPyConnection, parameters: Parameters, *, anew: bool) -> bool:
    """Bring the stored fits in line with the evidence, all in one transaction.

    The fits are a function of the landed rows and the parameters: equal inputs give equal marts
    whatever was run before, and a score as of an earlier day uses the fits of that day.

    Args:
        connection: the warehouse, with its intermediate layer built.
        anew: fit even if the stored fits rest on the same evidence.

    Returns:
        Whether anything was fitted.
    """
    evidence = read_evidence(connection)
    names = versions(evidence, parameters)
    wanted = dict(zip(evidence.months, names, strict=True))
    stored = dict(
        connection.execute(
            "select distinct fitted_as_of, model_version from ops.cvar_coefficients"
        ).fetchall()
    )
    reaches_the_end = evidence.months[-1:] == (max(stored, default=None),)
    if reaches_the_end and stored.items() <= wanted.items() and not anew:
        return False
    fitted = list(origins(evidence, parameters)) if len(evidence.rate) else []
    coefficients, covariances = _tables(evidence, names, fitted)
    connection.execute("begin")
    try:
        for name, table in (("cvar_coefficients", coefficients), ("cvar_covariances", covariances)):
            connection.execute(f"delete from ops.{name}")
            if not table.num_rows:
                continue
            connection.register("fitted", table)
            connection.execute(f"insert into ops.{name} by name from fitted")
            connection.unregister("fitted")
    except BaseException:
        connection.execute("rollback")
        raise
    connection.execute("commit")
    return True


def _tables(
    evidence: Evidence, names: list[str], fitted: list[Origin]
) -> tuple[pa.Table, pa.Table]:
    terms = ("intercept", *BASELINE, *DRIVERS)
    coefficients, covariances = [], []
    for origin in fitted:
        for quarter, fit in zip(QUARTERS, origin.quarters, strict=True):
            logit = origin.logit(quarter)
            key = {"fitted_as_of": evidence.months[origin.month], "quarter": quarter}
            common = {
                **key,
                "model_version": names[origin.month],
                "fitted_quarter": fit.fitted_quarter,
                "window_first_month": evidence.months[fit.first_month],
                "window_last_month": evidence.months[fit.last_month],
                "customer_months": fit.observations,
                "customers": fit.customers,
                "keeps_experience": origin.keeps_experience,
                "experience_improvement": origin.improvement,
                "experience_improvement_error": origin.improvement_error,
            }
            errors = np.sqrt(np.maximum(np.diag(logit.covariance), 0))
            for at, term in enumerate(terms):
                coefficients.append(
                    {
                        **common,
                        "term": term,
                        "coefficient": float(logit.coefficients[at]),
                        "standard_error": float(errors[at]),
                    }
                )
                covariances += [
                    {
                        **key,
                        "term": other,
                        "other_term": term,
                        "covariance": float(logit.covariance[before, at]),
                    }
                    for before, other in enumerate(terms[: at + 1])
                ]
    return pa.Table.from_pylist(coefficients), pa.Table.from_pylist(covariances)
