"""Expectations of ours, by the names under which suites ask for them."""

from __future__ import annotations

from typing import Any, ClassVar, Dict, Tuple  # noqa: UP035 - read by pydantic 1

from great_expectations.compatibility import pydantic
from great_expectations.expectations.core.unexpected_rows_expectation import (
    UnexpectedRowsExpectation,
)

from cxe.guard.queries import written_out


class ExpectQueryToFindNothing(UnexpectedRowsExpectation):
    """A query of the project, given its arguments, returns no rows.

    Attributes:
        query: path of its template below `great_expectations/queries`, without `.sql`.
        arguments: what the template asks for.
    """

    query: str
    arguments: Dict[str, Any] = pydantic.Field(default_factory=dict)  # noqa: UP006
    unexpected_rows_query: str = ""
    success_keys: ClassVar[Tuple[str, ...]] = (  # noqa: UP006
        "unexpected_rows_query",
        "query",
        "arguments",
    )

    @pydantic.root_validator(pre=True)
    def _write_out(cls, values: dict[str, Any]) -> dict[str, Any]:  # noqa: N805
        sql = written_out(values["query"], values.get("arguments", {}))
        return values | {"unexpected_rows_query": sql}
