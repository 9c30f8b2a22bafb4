"""The model card: what was fitted and to what, how it did since, and what it is not."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from importlib import resources
from typing import TYPE_CHECKING, Any

import jinja2
import numpy as np

from cxe.calibration.controls import next_year, shuffled
from cxe.calibration.fit import share
from cxe.calibration.rolling import BASELINE, DRIVERS, QUARTERS, fits_at, snapshots
from cxe.calibration.warehouse import read_evidence

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    import duckdb

    from cxe.calibration.controls import Control
    from cxe.calibration.fit import Floats
    from cxe.calibration.rolling import Evidence, Parameters

Card = dict[str, Any]
# For people, for programs.
CARD_FILES = ("model_card.md", "model_card.json")
_REFERENCE_SHIFTS = (-0.10, -0.05, 0.05, 0.10)
_OTHER_DISCOUNT_RATES = (0.05, 0.15)

_FITS = """
    select
        quarter, fitted_quarter, window_first_month, window_last_month, customer_months, customers
    from ops.cvar_coefficients
    where fitted_as_of = $1 and term = 'intercept'
    order by quarter
"""
_COEFFICIENTS = """
    select term, quarter, coefficient, standard_error
    from ops.cvar_coefficients
    where fitted_as_of = $1
"""
_ORIGINS = """
    select
        fitted_as_of, model_version, keeps_experience,
        experience_improvement as improvement, experience_improvement_error as error
    from ops.cvar_coefficients
    where term = 'intercept' and quarter = 1
    order by fitted_as_of
"""
_TOTALS = """
    select
        count(*) filter (where cvar_rate is not null) as customers,
        sum(forward_value) as forward_value, sum(gross_cvar) as gross_cvar,
        sum(experience_cvar) as experience_cvar, sum(value_protected) as value_protected,
        sum(recoverable_cvar) as recoverable_cvar
    from marts.fct_cvar inner join marts.fct_customer_value using (customer_id, month)
    where month = $1
"""
_CAPTURES = ", ".join(
    f"sum(top_decile_capture{ranking} * realized_loss) / sum(realized_loss) as capture{ranking}"
    for ranking in ("", "_by_value", "_by_rfm")
)
# Losses are added up over the origins before they are divided: ratios of single months swing.
_BACKTEST = f"""
    select
        quarter, band, min(month) as first_month, max(month) as last_month,
        sum(customers) as customer_months,
        sum(predicted_loss) as predicted_loss, sum(realized_loss) as realized_loss,
        sum(predicted_loss) / sum(realized_loss) as calibration_ratio,
        sum(wape * actual_value) / sum(actual_value) as wape,
        {_CAPTURES}
    from (select * replace (realized_loss::double as realized_loss) from marts.fct_cvar_backtest)
    group by quarter, band having sum(realized_loss) > 0
    order by quarter, band <> 'all', band
"""
_LEAD = "select * from marts.fct_cvar_lead order by lag_months"


def model_card(
    connection: duckdb.DuckDBPyConnection, parameters: Parameters, discount_rate: float
) -> Card:
    """Everything a reader needs to judge the retained-share model, as plain data.

    Args:
        connection: the warehouse, with its marts built.
        parameters: of the calibration.
        discount_rate: per year.
    """
    evidence = read_evidence(connection)
    panel = {
        "first_month": evidence.months[0] if evidence.months else None,
        "last_month": evidence.months[-1] if evidence.months else None,
        "months": len(evidence.months),
        "active_customer_months": len(evidence.rate),
        "customers": len(np.unique(evidence.customer)),
    }
    card: Card = {
        "panel": panel,
        "parameters": {**asdict(parameters), "discount_rate": discount_rate},
    }
    origins = _records(connection, _ORIGINS)
    if not origins:
        return card | {"status": "uncalibrated", "missing": _missing(evidence, parameters)}
    latest = origins[-1]
    origin: date = latest["fitted_as_of"]
    coefficients = _records(connection, _COEFFICIENTS, origin)
    totals = _records(connection, _TOTALS, evidence.months[-1])[0]
    lead = _records(connection, _LEAD)
    return card | {
        "status": "calibrated" if latest["keeps_experience"] else "no_experience_effect",
        "model_version": latest["model_version"],
        "fitted_as_of": origin,
        "fits": _records(connection, _FITS, origin),
        "coefficients": coefficients,
        "without_sign_bounds": _without_sign_bounds(evidence, parameters, origin),
        "origins": origins,
        "totals": {"month": evidence.months[-1], **totals},
        "backtest": _records(connection, _BACKTEST),
        "lead": lead,
        "controls": {
            "shuffled": _control(shuffled(evidence, parameters)),
            "next_year": _control(next_year(evidence, parameters)),
        },
        "sensitivity": _sensitivity(evidence, coefficients, discount_rate),
    }


def write_card(card: Card, folder: Path) -> None:
    """Write a card for people (Markdown) and for programs (JSON).

    Args:
        card: as made by `model_card`.
        folder: where the `CARD_FILES` go; made if missing.
    """
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # Markdown, and no value comes from a delivered file
    )
    environment.filters |= {"money": lambda value: f"{value:,.0f}", "share": "{:.1%}".format}
    template = resources.files("cxe.calibration").joinpath("model_card.md.jinja")
    text = environment.from_string(template.read_text(encoding="utf-8")).render(card)
    folder.mkdir(parents=True, exist_ok=True)
    texts = (text, json.dumps(card, default=str, indent=2) + "\n")
    for name, content in zip(CARD_FILES, texts, strict=True):
        (folder / name).write_text(content, encoding="utf-8")


def _records(connection: duckdb.DuckDBPyConnection, query: str, *values: Any) -> list[Card]:
    cursor = connection.execute(query, list(values))
    names = [column[0] for column in cursor.description or ()]
    return [
        {name: _plain(value) for name, value in zip(names, row, strict=True)}
        for row in cursor.fetchall()
    ]


def _plain(value: Any) -> Any:
    """Amounts as numbers that JSON knows."""
    return float(value) if hasattr(value, "as_tuple") else value


def _missing(evidence: Evidence, parameters: Parameters) -> str:
    """What the first fit still wants, in one sentence."""
    months = parameters.skipped_months + parameters.min_snapshots + 3
    first, last = snapshots(parameters, len(evidence.months) - 1, 1)
    rows = evidence.rows(first, last) if first <= last else slice(0, 0)
    return (
        f"The first fit wants {months} months of history, of which there are "
        f"{len(evidence.months)}, and {parameters.min_customer_months} active customer-months "
        f"whose next quarter is over, of which there are {rows.stop - rows.start}."
    )


def _without_sign_bounds(evidence: Evidence, parameters: Parameters, origin: date) -> list[Card]:
    """The same fit with experience free to have either sign: signs that differ are a warning."""
    free = replace(evidence, signs=np.zeros(len(evidence.signs)))
    found = []
    for quarter, fit in zip(
        QUARTERS, fits_at(free, parameters, evidence.months.index(origin)), strict=True
    ):
        errors = np.sqrt(np.maximum(np.diag(fit.full.covariance), 0))
        found += [
            {
                "term": term,
                "quarter": quarter,
                "coefficient": float(fit.full.coefficients[at]),
                "standard_error": float(errors[at]),
            }
            for at, term in enumerate(("intercept", *BASELINE, *DRIVERS))
        ]
    return found


def _control(control: Control) -> Card:
    return {**asdict(control), "z": control.z}


def _sensitivity(evidence: Evidence, coefficients: list[Card], discount_rate: float) -> list[Card]:
    """Experience CVAR and value protected of the last month, under other assumptions."""
    terms = ("intercept", *BASELINE, *DRIVERS)
    by_quarter = np.zeros((len(QUARTERS), len(terms)))
    for row in coefficients:
        by_quarter[row["quarter"] - 1, terms.index(row["term"])] = row["coefficient"]
    as_set: Card = {"shift": 0.0, "quarters": len(QUARTERS), "discount_rate": discount_rate}
    settings: list[Card] = [
        {"assumption": "as set", **as_set},
        *({"assumption": "promise level", **as_set, "shift": shift} for shift in _REFERENCE_SHIFTS),
        *({"assumption": "horizon", **as_set, "quarters": many} for many in QUARTERS[:-1]),
        *(
            {"assumption": "discount rate", **as_set, "discount_rate": rate}
            for rate in _OTHER_DISCOUNT_RATES
        ),
    ]
    for setting in settings:
        gaps = _experience_gaps(evidence, by_quarter, **{name: setting[name] for name in as_set})
        setting["experience_cvar"] = float(gaps[gaps > 0].sum())
        setting["value_protected"] = float(-gaps[gaps < 0].sum())
    return settings


def _experience_gaps(
    evidence: Evidence, coefficients: Floats, *, shift: float, quarters: int, discount_rate: float
) -> Floats:
    """What each active customer of the last month would keep more at the promise level, in money.

    The marts hold the figures of the assumptions that are set; this only asks what if.

    Args:
        evidence: covariates at the end of the last month are used.
        coefficients: quarters ahead x (intercept, covariates).
        shift: of the promise levels that are shares, towards better experience.
        quarters: horizon.
        discount_rate: per year.
    """
    last = len(evidence.months) - 1
    rows = evidence.rows(last, last)
    covariates = evidence.covariates[rows]
    baseline, drivers = covariates[:, : len(BASELINE)], covariates[:, len(BASELINE) :]
    # A number of promises cannot be fewer than none: its level stays.
    is_share = (evidence.references > 0) & (evidence.references < 1)
    shifted = np.clip(evidence.references + shift * evidence.signs, 0, 1)
    levels = np.where(is_share, shifted, evidence.references)
    # A driver of which nothing is known stands at the promise level, wherever that is.
    drivers = np.where(drivers == evidence.references, levels, drivers)
    now = np.column_stack([baseline, drivers])
    promised = np.column_stack([baseline, np.broadcast_to(levels, drivers.shape)])
    gaps = np.zeros(len(now))
    for quarter in QUARTERS[:quarters]:
        discount = (1 + discount_rate) ** (-(3 * quarter - 1.5) / 12)
        gain = share(promised, coefficients[quarter - 1]) - share(now, coefficients[quarter - 1])
        gaps += 3 * evidence.rate[rows] * discount * gain
    return gaps
