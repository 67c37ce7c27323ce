"""Is every parameter of a request one that its route knows, and given once?

A misspelt one must not be ignored, nor one of two.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import get_origin

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.requests import HTTPConnection

from logboom.errors import QueryError


async def refuse_unknown(connection: HTTPConnection) -> None:
    """Refuses a request with a parameter that its route does not have, or takes once and is given twice.

    Raises:
        QueryError: It names the parameter, and the nearest one that there is.
    """
    route = connection.scope.get("route")
    if not isinstance(route, APIRoute):
        return
    pairs = connection.query_params.multi_items()
    refuse_others(pairs, parameters_of(route.dependant), lists_of(route.dependant))


def refuse_others(
    pairs: Sequence[tuple[str, str]], known: Sequence[str], lists: Sequence[str]
) -> None:
    """Refuses parameters that are not known, or given twice.

    Args:
        pairs: Names and values of a URL's query, in their order.
        known: All names that there may be.
        lists: Those that may be given again.

    Raises:
        QueryError: It names the parameter, and the nearest one that there is.
    """
    seen: set[str] = set()
    for name, _ in pairs:
        if name not in known:
            raise QueryError(f"there is no parameter {name[:80]!r}", suggestion=_meant(name, known))
    for name, _ in pairs:
        if name in seen and name not in lists:
            raise QueryError(
                f"the parameter {name!r} is given more than once", suggestion="give it once"
            )
        seen.add(name)


def parameters_of(dependant: Dependant) -> list[str]:
    """The names of all parameters in the query of a URL, those of dependencies included."""
    own = [field.alias for field in dependant.query_params]
    return own + [name for inner in dependant.dependencies for name in parameters_of(inner)]


def lists_of(dependant: Dependant) -> list[str]:
    """The names of those that may be given again."""
    own = [
        field.alias
        for field in dependant.query_params
        if get_origin(field.field_info.annotation) is list
    ]
    return own + [name for inner in dependant.dependencies for name in lists_of(inner)]


def _meant(name: str, known: Sequence[str]) -> str:
    if not known:
        return "this route has none"
    near = get_close_matches(name.lower(), known, n=1)
    return f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(known))}"
