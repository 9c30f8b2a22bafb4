"""Faults of models: what a wrong line of SQL does between two runs."""

from __future__ import annotations

from pathlib import Path

from guard.delivered import Fault, Plant

_FULFILLMENT = "models/intermediate/fulfillment"
_INTERACTIONS = "models/intermediate/interactions"
_VALUE = "models/intermediate/value"
_FILLS = f"{_FULFILLMENT}/int_fills_resolved.sql"
_UNIONED = f"{_INTERACTIONS}/int_interactions_unioned.sql"
_VALUED = f"{_VALUE}/int_customer_months_valued.sql"
_ACCRUED = f"{_VALUE}/int_customer_months_accrued.sql"
_OBSERVATIONS = "models/intermediate/experience/int_observations_unioned.sql"
_DISPENSES = "models/staging/access/stg_access__dispenses.sql"


def _edited(file: str, old: str, new: str, times: int = 1) -> Plant:
    """One text replaced in one file of the project's copy.

    Raises:
        ValueError: the file does not hold the text that often; the models have changed since.
    """

    def plant(project: Path) -> None:
        path = project / file
        text = path.read_text(encoding="utf-8")
        found = text.count(old)
        if found != times:
            raise ValueError(f"{file} holds {old!r} {found} times, not {times}: adapt the fault.")
        path.write_text(text.replace(old, new), encoding="utf-8")

    return plant


def _model_fault(
    name: str, says: str, layer: str, file: str, old: str, new: str, times: int = 1
) -> Fault:
    return Fault(name, says, layer, "block", _edited(file, old, new, times), is_in_models=True)


FAULTS = (
    _model_fault(
        "interactions_fan_out",
        "Calls are joined with all sales reps instead of their own",
        "intermediate",
        _UNIONED,
        "on calls.owner_staff_id = staff.staff_id",
        "on staff.function = 'sales'",
    ),
    _model_fault(
        "fills_fan_out",
        "Fills are joined with the prices of all payer types as if they were general ones",
        "intermediate",
        _FILLS,
        "            and general_prices.payer_type is null\n",
        "",
    ),
    _model_fault(
        "accrual_fan_out",
        "Accrued fills are joined with two rows each: all value doubles, and keys stay unique",
        "intermediate",
        _ACCRUED,
        "    from fills_accrued\n    where customer_id is not null",
        "    from fills_accrued\n"
        "    cross join (select 1 as copy union all select 2 as copy) as copies\n"
        "    where customer_id is not null",
    ),
    _model_fault(
        "customers_fan_out",
        "Customers are joined with their own first events without a condition on the customer",
        "marts",
        "models/marts/core/dim_customers.sql",
        "on customers.customer_id = customers_first_seen.customer_id",
        "on customers_first_seen.first_event_on is not null",
    ),
    _model_fault(
        "planned_calls_counted",
        "Calls that were planned only are counted as interactions",
        "intermediate",
        f"{_INTERACTIONS}/int_calls_attended.sql",
        "calls.status = 'Submitted_vod'\n        and coalesce(",
        "coalesce(",
    ),
    _model_fault(
        "deleted_calls_kept",
        "Calls that the CRM deleted are kept",
        "staging",
        "models/staging/crm/stg_crm__calls.sql",
        "\n        and not {{ is_deleted_version() }}",
        "",
    ),
    _model_fault(
        "reversed_fills_kept",
        "Fills whose claim was reversed are kept",
        "intermediate",
        _FILLS,
        "\n        and coalesce("
        "primary_claims.fill_reversed_at <= primary_claims.transaction_at, true)",
        "",
    ),
    _model_fault(
        "free_goods_priced",
        "Free goods have a net value",
        "intermediate",
        _FILLS,
        "when is_free_goods then 0",
        "when is_free_goods and net_unit_price is null then 0",
    ),
    _model_fault(
        "revoked_consent_kept",
        "Hub cases of patients who revoked their consent stay",
        "staging",
        "models/staging/access/stg_access__enrollments.sql",
        "\n        and {{ is_consented(typed('case_id')) }}",
        "",
    ),
    _model_fault(
        "inferred_customers_lost",
        "Fills are joined with accounts only: those of prescribers without account are lost",
        "intermediate",
        _FILLS,
        "left join npis_matched\n        on standing_claims.prescriber_npi = npis_matched.npi",
        "inner join npis_matched\n        on not npis_matched.is_inferred\n"
        "        and standing_claims.prescriber_npi = npis_matched.npi",
    ),
    _model_fault(
        "cases_without_fill_lost",
        "Hub cases are joined with their shipments so that those without one are lost",
        "intermediate",
        f"{_FULFILLMENT}/int_cases_resolved.sql",
        "    left join shipments\n",
        "    inner join shipments\n",
    ),
    _model_fault(
        "margin_negative",
        "The margin of a fill has the wrong sign",
        "intermediate",
        _FILLS,
        "round(net_value * margin_rate, 2)",
        "round(-net_value * margin_rate, 2)",
    ),
    _model_fault(
        "contraction_negative",
        "Contraction counts as growth in the value bridges",
        "marts",
        "macros/value_bridge.sql",
        "when closing > 0 and closing < opening then opening - closing",
        "when closing > 0 and closing < opening then closing - opening",
    ),
    _model_fault(
        "forward_value_of_a_month",
        "Forward value counts one month a quarter: the three months of a quarter are forgotten",
        "marts",
        "macros/customer_value.sql",
        "'3 * cast(' ~ run_rate",
        "'1 * cast(' ~ run_rate",
    ),
    _model_fault(
        "run_rate_of_twelve_months",
        "The run rate adds up twelve months and divides by six",
        "intermediate",
        _VALUED,
        "rows between {{ var('run_rate_window_months') - 1 }} preceding and current row\n"
        "        ) as run_rate_window_value",
        "rows between {{ var('realized_window_months') - 1 }} preceding and current row\n"
        "        ) as run_rate_window_value",
    ),
    _model_fault(
        "accrued_value_null",
        "A month without accrual has no value instead of none at all: the coalesce is lost",
        "intermediate",
        _VALUED,
        "coalesce(accrued.accrued_value, 0) as accrued_value",
        "accrued.accrued_value",
    ),
    _model_fault(
        "accrual_of_one_patient",
        "A customer's value of a month is that of the largest patient instead of all",
        "intermediate",
        _ACCRUED,
        "cast(sum(accrued_value) as",
        "cast(max(accrued_value) as",
    ),
    _model_fault(
        "fills_dated_when_written",
        "Fills are dated by the day of the prescription instead of the shipment",
        "staging",
        _DISPENSES,
        "{{ typed('ship_date') }} as shipped_on",
        "{{ typed('date_written') }} as shipped_on",
    ),
    _model_fault(
        "promises_felt_when_made",
        "A promise is felt on the day it was made instead of the day it was settled",
        "intermediate",
        _OBSERVATIONS,
        "settled_at as observed_at",
        "started_at as observed_at",
    ),
    _model_fault(
        "patient_token_as_pharmacy",
        "The patient token is passed on, un-hashed, as the pharmacy",
        "staging",
        _DISPENSES,
        "{{ typed('sp_id') }} as pharmacy_id",
        "{{ typed('patient_token') }} as pharmacy_id",
    ),
    _model_fault(
        "territory_of_today",
        "The value bridge takes the territory a customer has today instead of the one of then",
        "marts",
        "models/marts/flywheel/fct_value_bridge.sql",
        "{{ is_valid_on('customers_versioned', 'quarters.month_ends_on') }}",
        "customers_versioned.valid_to = date '9999-12-31'",
    ),
    _model_fault(
        "accrual_a_month_late",
        "Value accrues in the month after the one it covers",
        "intermediate",
        f"{_FULFILLMENT}/int_fills_accrued.sql",
        "'cast(spans.month_offset as '",
        "'cast(spans.month_offset + 1 as '",
    ),
    _model_fault(
        "waits_merged_by_union",
        "Waits of several months that look alike are one to a union: all must stay",
        "intermediate",
        f"{_FULFILLMENT}/int_therapy_waits_estimated.sql",
        "    union all\n",
        "    union\n",
        3,
    ),
    _model_fault(
        "portal_visits_forgotten",
        "Portal visits are left out of the union of interactions",
        "intermediate",
        _UNIONED,
        "    select * from digital_interactions\n    union all\n",
        "",
    ),
    _model_fault(
        "fills_until_june",
        "A date somebody tried something with stayed in the fills mart",
        "marts",
        "models/marts/core/fct_fills.sql",
        "    from fills\n",
        "    from fills\n    where shipped_on < date '2025-06-01'\n",
    ),
    _model_fault(
        "late_promises_kept",
        "A promise that was kept too late counts as kept",
        "intermediate",
        "models/intermediate/promises/int_promises_settled.sql",
        "when delivered_at <= due_at then 'kept'",
        "when delivered_at is not null then 'kept'",
    ),
    _model_fault(
        "ease_turned_in_model",
        "The model turns the scale of ease: 7 counts as the worst answer",
        "intermediate",
        _OBSERVATIONS,
        "then (ces - 1) * 10 end",
        "then (7 - ces) * 10 end",
    ),
)
