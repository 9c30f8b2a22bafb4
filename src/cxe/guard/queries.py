"""The queries of expectations: Jinja templates below `great_expectations/queries`."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateNotFound
from jinja2.exceptions import UndefinedError
from jinja2.meta import find_undeclared_variables

from cxe.errors import InputError
from cxe.home import PROJECT_DIR

if TYPE_CHECKING:
    from collections.abc import Mapping

QUERIES = PROJECT_DIR / "great_expectations" / "queries"
# Great Expectations puts the judged table in its place.
BATCH = "{batch}"
TEMPLATES = Environment(
    loader=FileSystemLoader(QUERIES),
    autoescape=False,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def written_out(query: str, arguments: Mapping[str, Any]) -> str:
    """SQL of a query.

    Args:
        query: path of its template without `.sql`.
        arguments: what the template asks for, by name.

    Raises:
        InputError: there is no such template, or it asks for other arguments.
    """
    place = f"great_expectations/queries/{query}.sql"
    try:
        unknown = arguments.keys() - _parameters(query)
        if unknown:
            raise InputError(f"{place} has no argument {', '.join(sorted(unknown))}.")
        template = TEMPLATES.get_template(f"{query}.sql")
        return template.render(arguments, batch=BATCH).strip()
    except TemplateNotFound as error:
        raise InputError(f"A suite names a query that does not exist: {place}.") from error
    except UndefinedError as error:
        raise InputError(f"{place} lacks an argument: {error.message}.") from error


@cache
def _parameters(query: str) -> frozenset[str]:
    loader: Any = TEMPLATES.loader
    source, _, _ = loader.get_source(TEMPLATES, f"{query}.sql")
    return frozenset(find_undeclared_variables(TEMPLATES.parse(source)))
