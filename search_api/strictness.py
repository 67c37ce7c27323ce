"""Is every parameter of a request one that its route knows, and given once?

A misspelt one must not be ignored, nor one of two.
"""

from __future__ import annotations

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
    known = parameters_of(route.dependant)
    given = connection.query_params
    for name in given:
        if name not in known:
            raise QueryError(f"there is no parameter {name[:80]!r}", suggestion=_meant(name, known))
    if len(given.multi_items()) > len(given):
        for name in given:
            if name not in lists_of(route.dependant) and len(given.getlist(name)) > 1:
                raise QueryError(
                    f"the parameter {name!r} is given more than once", suggestion="give it once"
                )


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


def _meant(name: str, known: list[str]) -> str:
    if not known:
        return "this route has none"
    near = get_close_matches(name.lower(), known, n=1)
    return f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(known))}"
