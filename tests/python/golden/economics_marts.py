"""The marts of the economics of a home against those computed from its extracts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from golden.barrier_removal import Removal, removals_of
from golden.compare import computed
from golden.customers_won import CustomerWon, customers_won_of
from golden.duplicate_touches import duplicate_touches_in, interaction_id
from golden.engagement import Continuity, Decile, continuities_of, deciles_of
from golden.hidden_tax import HiddenTax, hidden_tax_of
from golden.journey_marts import assert_same_table, columns_of
from golden.ledgers import ledgers_of
from golden.unit_economics import AMOUNTS, COUNTS, unit_economics_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date
    from pathlib import Path

    from golden.compare import Rows
    from golden.core import World


@dataclass(frozen=True)
class Mart:
    """A table as it should be."""

    table: str
    key: str
    columns: str
    rows: Rows


def assert_same_economics(home: Path, extracts: Path, as_of: date | None = None) -> None:
    """Seven marts, each row and each column."""
    for mart in economics_in(computed(extracts, as_of), extracts):
        assert_same_table(home, mart.table, mart.key, mart.columns, mart.rows)


def economics_in(world: World, extracts: Path) -> Iterator[Mart]:
    ledgers = ledgers_of(world.fills)
    hidden_tax = hidden_tax_of(world)
    won = list(customers_won_of(world, ledgers))
    duplicates = {interaction_id(touch) for touch in duplicate_touches_in(world.interactions)}
    yield Mart(
        "fct_interactions",
        "interaction_id",
        "is_duplicate_touch",
        {
            (touch_id,): {"is_duplicate_touch": touch_id in duplicates}
            for touch_id in map(interaction_id, world.interactions)
        },
    )
    yield Mart(
        "fct_hidden_tax",
        "month, territory, cause",
        columns_of(HiddenTax, but=[]),
        {key: vars(tax) for key, tax in hidden_tax.items()},
    )
    yield _mart("fct_customers_won", CustomerWon, ("customer_id", "month"), won)
    yield Mart(
        "fct_unit_economics",
        "month, territory",
        ", ".join((*COUNTS, *AMOUNTS)),
        unit_economics_of(world, won, hidden_tax),
    )
    yield _mart("fct_diminishing_returns", Decile, ("month", "decile"), deciles_of(world, ledgers))
    yield _mart(
        "fct_engagement_continuity",
        Continuity,
        ("customer_id", "month"),
        continuities_of(world, extracts),
    )
    yield _mart("fct_barrier_removal", Removal, ("month", "unit_type", "unit"), removals_of(world))


def _mart(table: str, record: type, key: tuple[str, ...], records: Iterable[Any]) -> Mart:
    rows = {tuple(getattr(row, name) for name in key): vars(row) for row in records}
    return Mart(table, ", ".join(key), columns_of(record, but=key), rows)
