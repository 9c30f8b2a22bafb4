"""DuckDB for Great Expectations, which has no data source for it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar, Literal, Type  # noqa: UP035 - `type` is a field

from great_expectations.datasource.fluent.sql_datasource import SQLDatasource
from great_expectations.execution_engine.sqlalchemy_execution_engine import (
    SqlAlchemyExecutionEngine,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection


class DuckDBExecutionEngine(SqlAlchemyExecutionEngine):
    """Keeps one connection: results are read after the library would have closed its own."""

    prepare: ClassVar[Callable[[Connection], None] | None] = None
    _opened: ClassVar[list[DuckDBExecutionEngine]] = []

    @contextmanager
    def get_connection(self) -> Iterator[Connection]:
        """The connection of this engine, opened and prepared when first asked for."""
        if not self._connection:
            self._connection = self.engine.connect()
            self._opened.append(self)
            if DuckDBExecutionEngine.prepare:
                DuckDBExecutionEngine.prepare(self._connection)
        yield self._connection

    @classmethod
    def close_all(cls) -> None:
        """Let go of every database: whoever writes to it next must find it closed."""
        while cls._opened:
            engine = cls._opened.pop()
            if engine._connection:
                engine._connection.close()
            engine._connection = None
            engine.engine.dispose()


class DuckDBDatasource(SQLDatasource):
    """A DuckDB file; it must be known before a context that uses it is opened."""

    type: Literal["duckdb"] = "duckdb"  # type: ignore[assignment]

    @property
    def execution_engine_type(self) -> Type[SqlAlchemyExecutionEngine]:  # noqa: UP006
        """The engine that keeps its connection."""
        return DuckDBExecutionEngine
