"""No parameter of a request is ignored."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.routing import APIRoute

from search_api.http.strictness import parameters_of
from tests.api_world import served


@pytest.mark.parametrize(
    ("route", "detail"),
    [
        ("search?form=now-1h", "did you mean from?"),
        ("search?lmit=3", "did you mean limit?"),
        ("count?q=a&to=now&cursor=x", "there is no parameter 'cursor'"),
        ("histogram?By=level", "did you mean by?"),
        ("facets?field=level&siez=3", "did you mean size?"),
        ("health?verbose=1", "this route has none"),
        ("export?format=csv&colums=a", "there is no parameter 'colums'"),
        ("events/x/context?befor=1", "did you mean before?"),
        ("search?q=a&q=b", "the parameter 'q' is given more than once"),
        ("tail?q=a&limit=3&q=a", "there is no parameter 'limit'"),
        ("tail?q=a&q=a", "the parameter 'q' is given more than once"),
        ("facets?field=level&field=service&size=1&size=2", "the parameter 'size' is given"),
    ],
)
async def test_a_parameter_that_there_is_not_is_refused(
    tmp_path: Path, route: str, detail: str
) -> None:
    async with served(tmp_path) as world:
        answer = await world.api.get(f"/api/v1/{route}")
        assert answer.status_code == 400, answer.text
        assert detail in answer.json()["detail"]


@pytest.mark.parametrize("value", [False, True])
async def test_a_truth_value_is_no_number(tmp_path: Path, value: bool) -> None:
    async with served(tmp_path) as world:
        answer = await world.api.post("/api/v1/search", json={"limit": value})
    assert answer.status_code == 400, answer.text
    assert answer.json()["detail"] == "limit: Input should be a number, not a truth value"


async def test_lists_may_be_given_again(tmp_path: Path) -> None:
    async with served(tmp_path) as world:
        answer = await world.api.get("/api/v1/facets?field=level&field=service")
        assert answer.status_code == 200, answer.text


async def test_the_parameters_of_the_description_are_those_that_are_taken(tmp_path: Path) -> None:
    async with served(tmp_path) as world:
        description = world.app.openapi()
        routes = [
            context.original_route
            for router in world.app.routes
            for context in getattr(router, "effective_candidates", list)()
        ]
    taken = {
        (route.path_format, method): set(parameters_of(route.dependant))
        for route in routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }
    assert taken
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            told = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"}
            assert told == taken[path.removeprefix("/api/v1"), method.upper()]
