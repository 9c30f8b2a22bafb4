"""MetricFlow in process: the only module that knows its inner classes, pinned by requirements.lock.

`mf query` needs five seconds to start a dbt project; its engine needs one, and no project.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from metricflow.engine.metricflow_engine import (
    MetricFlowEngine,
    MetricFlowQueryRequest,
    OutputColumnOrderMode,
)
from metricflow.protocols.sql_client import SqlEngine
from metricflow.sql.render.duckdb_renderer import (
    DuckDbSqlExpressionRenderer,
    DuckDbSqlPlanRenderer,
)
from metricflow_semantic_interfaces.references import MetricReference
from metricflow_semantic_interfaces.type_enums.time_granularity import TimeGranularity
from metricflow_semantics.dag import sequential_id
from metricflow_semantics.errors.error_classes import InvalidQueryException
from metricflow_semantics.filters.time_constraint import TimeRangeConstraint
from metricflow_semantics.model.dbt_manifest_parser import (
    parse_manifest_from_dbt_generated_manifest,
)
from metricflow_semantics.model.linkable_element_property import GroupByItemProperty
from metricflow_semantics.model.semantic_manifest_lookup import SemanticManifestLookup
from metricflow_semantics.model.semantics.element_filter import GroupByItemSetFilter
from metricflow_semantics.model.semantics.linkable_element import LinkableElementType

from cxe.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

# Faults of a query come back as errors; what MetricFlow logs beside them is for its own people.
logging.getLogger("metricflow").setLevel(logging.CRITICAL)
logging.getLogger("metricflow_semantics").setLevel(logging.CRITICAL)

# MetricFlow's own time begins in 2000: it would cut a range to that, without a word.
time_ranges: Any = TimeRangeConstraint
time_ranges.ALL_TIME_BEGIN = staticmethod(lambda: datetime(1900, 1, 1))


def _next_id(_: type, id_prefix: Any) -> Any:
    """The id that MetricFlow would give next, counted in place.

    It copies the counts of all prefixes for each id: a fifth of the time that compiling takes.
    """
    state = sequential_id._IdGenerationStateStack.get_current_state()
    counts: Any = state.prefix_to_next_value
    index = counts.get(id_prefix) or state.default_start_value
    counts[id_prefix] = index + 1
    return sequential_id.SequentialId(id_prefix=id_prefix, index=index)


ids: Any = sequential_id.SequentialIdGenerator
ids.create_next_id = classmethod(_next_id)

COMPILED = 1000
KINDS: dict[Any, Literal["entity", "dimension", "time"]] = {
    LinkableElementType.ENTITY: "entity",
    LinkableElementType.DIMENSION: "dimension",
    LinkableElementType.TIME_DIMENSION: "time",
}
UNLISTED = frozenset({GroupByItemProperty.DATE_PART, GroupByItemProperty.METRIC})


@dataclass(frozen=True)
class GroupBy:
    """What a metric can be cut by.

    Attributes:
        name: in MetricFlow's spelling, without a grain: `territory`, `customer__segment`.
        kind: which decides how a filter has to name it.
        grains: of a time, from fine to coarse.
        is_alias: whether a shorter name means the same.
    """

    name: str
    kind: Literal["entity", "dimension", "time"]
    grains: tuple[str, ...] = ()
    is_alias: bool = False

    @property
    def links(self) -> int:
        """How many entities lie between the metric and it."""
        return self.name.count("__")

    def in_filter(self, grain: str | None = None) -> str:
        """The template that stands for it in a filter of MetricFlow."""
        *path, element = self.name.split("__")
        if self.kind == "entity":
            return f"{{{{ Entity('{element}', entity_path={path}) }}}}"
        name = "__".join([*path[-1:], element])
        if self.kind == "dimension":
            return f"{{{{ Dimension('{name}', entity_path={path[:-1]}) }}}}"
        grain = grain or self.grains[0]
        return f"{{{{ TimeDimension('{name}', '{grain}', entity_path={path[:-1]}) }}}}"


class _Expressions(DuckDbSqlExpressionRenderer):
    """DuckDB's dialect, without truncating to months what is the first of a month already.

    DuckDB prunes and joins by a bare column; of an expression it has to compute every row.
    """

    def __init__(self, months: frozenset[str]) -> None:
        self._months = months

    def visit_date_trunc_expr(self, node: Any) -> Any:
        column = self.render_sql_expr(node.arg)
        is_month = column.sql.rpartition(".")[2] in self._months
        if is_month and node.time_granularity is TimeGranularity.MONTH:
            return column
        return super().visit_date_trunc_expr(node)


class _Plans(DuckDbSqlPlanRenderer):
    def __init__(self, months: frozenset[str]) -> None:
        self.EXPR_RENDERER = _Expressions(months)


class _SqlOnly:
    """The client MetricFlow asks for its dialect; queries are run by the caller, read only."""

    sql_engine_type = SqlEngine.DUCKDB

    def __init__(self, months: frozenset[str]) -> None:
        self.sql_plan_renderer = _Plans(months)


class Engine:
    """Turns metrics and group-bys into SQL by a semantic manifest."""

    def __init__(self, semantic_manifest: str) -> None:
        """Take dbt's `semantic_manifest.json` as text."""
        manifest = parse_manifest_from_dbt_generated_manifest(semantic_manifest)
        self._lookup = SemanticManifestLookup(manifest)
        client: Any = _SqlOnly(_columns_of_months(manifest))
        self._engine = MetricFlowEngine(self._lookup, client)
        # A dashboard asks the same again and again; compiling takes longer than many an answer.
        self.sql = lru_cache(maxsize=COMPILED)(self._sql)

    def group_bys(self, metrics: Sequence[str]) -> list[GroupBy]:
        """What all of the metrics can be cut by, in alphabetical order."""
        items = self._lookup.metric_lookup.get_common_group_by_items(
            metric_references=tuple(MetricReference(name) for name in metrics),
            set_filter=GroupByItemSetFilter.create(any_properties_denylist=UNLISTED),
        )
        grains: dict[tuple[str, Any, bool], list[Any]] = {}
        for item in items.annotated_specs:
            if item.element_type not in KINDS:
                continue
            spec: Any = item.spec
            name = "__".join([*item.entity_link_names, item.element_name])
            of_name = grains.setdefault((name, KINDS[item.element_type], _is_alias(item)), [])
            if item.element_type is LinkableElementType.TIME_DIMENSION:
                of_name.append(spec.time_granularity)
        return sorted(
            (
                GroupBy(
                    name,
                    kind,
                    tuple(grain.name for grain in sorted(times, key=_coarseness)),
                    is_alias,
                )
                for (name, kind, is_alias), times in grains.items()
            ),
            key=lambda item: item.name,
        )

    def _sql(
        self,
        metrics: tuple[str, ...],
        by: tuple[str, ...] = (),
        where: tuple[str, ...] = (),
        order: tuple[str, ...] = (),
        limit: int | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        saved_query: str | None = None,
    ) -> str:
        """SQL of a query in MetricFlow's own spelling.

        Raises:
            InputError: MetricFlow refuses the query, in its own words.
        """
        request = MetricFlowQueryRequest.create(
            metric_names=metrics or None,
            group_by_names=by or None,
            where_constraints=where or None,
            order_by_names=order or None,
            limit=limit,
            time_constraint_start=since,
            time_constraint_end=until,
            saved_query_name=saved_query,
            output_column_order_mode=OutputColumnOrderMode.INPUT_ORDER,
        )
        try:
            return str(self._engine.explain(request).sql_statement.sql)
        except InvalidQueryException as error:
            message = re.search(r"Message:\s+(.+?)\n\n", str(error), re.DOTALL)
            said = " ".join((message.group(1) if message else str(error)).split())
            raise InputError(f"These metrics cannot be asked for like this: {said}") from error


def _columns_of_months(manifest: Any) -> frozenset[str]:
    """Columns that hold the first day of a month, wherever they are a time."""
    grains: dict[str, set[TimeGranularity]] = {}
    for model in manifest.semantic_models:
        for dimension in model.dimensions:
            if dimension.type_params:
                column = dimension.expr or dimension.name
                grains.setdefault(column, set()).add(dimension.type_params.time_granularity)
    return frozenset(column for column, of in grains.items() if of == {TimeGranularity.MONTH})


def _is_alias(item: Any) -> bool:
    """An entity of the metric's own mart goes by its plain name."""
    own = {GroupByItemProperty.ENTITY, GroupByItemProperty.LOCAL}
    return bool(item.entity_link_names) and own <= set(item.property_set)


def _coarseness(grain: Any) -> int:
    return int(grain.base_granularity.to_int())
