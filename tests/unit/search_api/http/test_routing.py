"""The short way to a route: it reads parameters as FastAPI does."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path as FolderPath
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request, Response
from fastapi.routing import APIRoute

from logboom.errors import StoreUnavailable
from search_api.http import problems
from search_api.http.parameters import From, Q, Zone
from search_api.http.responding import answer
from search_api.http.routing import Api, PlainRoute, ShortWay
from search_api.http.strictness import refuse_unknown
from tests.api_world import served


class Form(StrEnum):
    """What an answer looks like."""

    SHORT = "short"
    LONG = "long"


def _served(route_class: type[APIRoute]) -> httpx.AsyncClient:
    router = APIRouter(route_class=route_class)

    @router.get("/all")
    async def everything(
        field: Annotated[list[str], Query(min_length=1)], size: Annotated[int, Query(ge=1, le=9)],
        q: Q = "", begin: From = None, form: Form = Form.LONG, tz: Zone = "UTC",
        ratio: float | None = None, exact: bool = True,
    ) -> Response:  # fmt: skip
        return answer({"all": [field, size, q, begin, form, tz, ratio, exact]})

    @router.get("/of/{name}/{number}")
    async def one(name: Annotated[str, Path(pattern="^[a-z]+$")], number: int) -> Response:
        return answer({"one": [name, number]})

    @router.get("/none")
    async def none() -> Response:
        return answer({})

    @router.get("/request")
    async def asked(request: Request, limit: int = 3) -> Response:
        return answer({"path": request.url.path, "limit": limit})

    @router.get("/bug")
    async def bug() -> Response:
        raise RuntimeError("a bug")

    @router.get("/gone")
    async def gone() -> Response:
        raise HTTPException(410, "gone")

    @router.get("/away")
    async def away(q: Q = "") -> Response:
        raise StoreUnavailable(f"away for {q}")

    @router.post("/body")
    async def sent(body: dict[str, int], limit: int = 3) -> Response:
        return answer({"body": body, "limit": limit})

    short_way = ShortWay()
    app = Api(short_way)
    problems.install(app)
    app.include_router(router, prefix="/api")
    short_way.add(router, "/api")
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://logboom")


async def _said(client: httpx.AsyncClient, method: str, target: str) -> tuple[int, Any]:
    body = {"a": 1} if method == "POST" else None
    found = await client.request(method, f"/api/{target}", json=body)
    return found.status_code, found.json()


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("all?field=a&size=3", 200),
        ("all?field=a&field=b,c&size=3&q=&from=now-1h&form=short&tz=Asia/Seoul", 200),
        ("all?field=a&size=4&ratio=1&exact=no", 200),
        ("all?field=&size=%203%20&q=%ED%95%9C", 200),
        ("all?field=a&size=3&from=", 200),
        ("all", 400),
        ("all?size=3", 400),
        ("all?field=a&size=", 400),
        ("all?field=a&size=10&ratio=x&exact=maybe&form=wide", 400),
        ("all?field=a&size=3.5", 400),
        ("of/a/3", 200),
        ("of/A/x", 400),
        ("none", 200),
        ("request?limit=4", 200),
        ("request?limit=x", 400),
    ],
)
async def test_parameters_are_read_as_fastapi_reads_them(target: str, status: int) -> None:
    ours = await _said(_served(PlainRoute), "GET", target)
    assert ours == await _said(_served(APIRoute), "GET", target)
    assert ours[0] == status


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("GET", "gone", 410),
        ("GET", "away?q=a", 503),
        ("GET", "bug", 500),
        ("GET", "nowhere", 404),
        ("HEAD", "none", 405),
        ("DELETE", "none", 405),
        ("GET", "none/", 307),
    ],
)
async def test_what_is_no_answer_is_told_as_on_fastapis_way(
    method: str, target: str, status: int
) -> None:
    ours, usual = [
        await _served(kind).request(method, f"/api/{target}") for kind in (PlainRoute, APIRoute)
    ]
    assert (ours.status_code, ours.content) == (usual.status_code, usual.content)
    assert ours.headers == usual.headers
    assert ours.status_code == status


async def test_a_bug_is_raised_for_the_servers_log() -> None:
    router = APIRouter(route_class=PlainRoute)

    @router.get("/bug")
    async def bug() -> Response:
        raise RuntimeError("a bug")

    short_way = ShortWay()
    short_way.add(router, "")
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(Api(short_way)), base_url="http://logboom"
    )
    with pytest.raises(RuntimeError, match="a bug"):
        await client.get("/bug")


@pytest.mark.parametrize("target", ["count?q=a", "count?q=(", "count?nothing=1", "count/"])
async def test_requests_of_the_short_way_are_measured(tmp_path: FolderPath, target: str) -> None:
    async with served(tmp_path) as world:
        status = (await world.api.get(f"/api/v1/{target}")).status_code
        told = (await world.api.get("/metrics")).text
    route = "other" if target.endswith("/") else "/count"
    labels = f'method="GET",route="{route}",status="{status}"'
    assert [line for line in told.splitlines() if labels in line and "_count{" in line]


async def test_a_route_with_a_body_goes_the_usual_way() -> None:
    ours = await _said(_served(PlainRoute), "POST", "body?limit=4")
    assert ours == (200, {"body": {"a": 1}, "limit": 4})


def _nobody() -> None:
    raise AssertionError


@pytest.mark.parametrize("place", ["router", "route"])
def test_a_dependency_that_would_not_be_called_is_refused(place: str) -> None:
    given = {one: [Depends(_nobody)] if one == place else [] for one in ("router", "route")}
    router = APIRouter(route_class=PlainRoute, dependencies=given["router"])
    with pytest.raises(TypeError, match="dependencies"):

        @router.get("/a", dependencies=given["route"])
        async def one(q: str = "") -> Response:
            return answer({"q": q})


async def test_the_routers_of_the_api_ask_for_no_other_dependency(tmp_path: FolderPath) -> None:
    async with served(tmp_path) as world:
        contexts = [
            router.include_context
            for router in world.app.routes
            if hasattr(router, "include_context")
        ]
    assert contexts
    asked = {one.dependency for context in contexts for one in context.dependencies}
    assert asked == {refuse_unknown}


async def test_a_parameter_that_is_given_twice_is_refused_on_the_short_way() -> None:
    status, content = await _said(_served(PlainRoute), "GET", "all?field=a&field=b&size=3&size=4")
    assert status == 400
    assert "the parameter 'size' is given more than once" in content["detail"]


@pytest.mark.parametrize("target", ["none?limit=3", "all?field=a&size=3&siez=3"])
async def test_an_unknown_parameter_is_refused_on_the_short_way(target: str) -> None:
    status, content = await _said(_served(PlainRoute), "GET", target)
    assert status == 400
    assert "there is no parameter" in content["detail"]
