"""How does a request come to its route? By a short way where all that it says is in its URL."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine
from typing import Any, get_origin
from urllib.parse import parse_qsl

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute, APIRouter
from pydantic import ValidationError, create_model
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from search_api.http import problems
from search_api.http.strictness import refuse_others, refuse_unknown

_Handler = Callable[[Request], Coroutine[Any, Any, Response]]
_Answering = Callable[[Scope], Coroutine[Any, Any, Response]]


class PlainRoute(APIRoute):
    """A route that answers with a `Response`.

    FastAPI looks at each parameter's type anew for each request, which costs as much as all else
    that it does. Here all of them are read at once, by the same rules. Routes that take a body, a
    header or the request itself go FastAPI's way. Of what routers ask for before each of their
    routes, `dependencies`, only `refuse_unknown` is asked here; a route with another is not made.

    Source: https://fastapi.tiangolo.com/how-to/custom-request-and-route/
    """

    def get_route_handler(self) -> _Handler:
        """What is called with each request that the route is for.

        Raises:
            TypeError: The route has a dependency that the short way would not call.
        """
        answering = self.answering()
        if answering is None:
            return super().get_route_handler()

        async def handle(request: Request) -> Response:
            return await answering(request.scope)

        return handle

    def answering(self) -> _Answering | None:
        """What answers a request, given its scope; None: the route goes FastAPI's way.

        Raises:
            TypeError: The route has a dependency that the short way would not call.
        """
        if any(one.dependency is not refuse_unknown for one in self.dependencies):
            raise TypeError(f"{self.path} has dependencies, which a PlainRoute does not call")
        fields = [*self.dependant.path_params, *self.dependant.query_params]
        endpoint = self.endpoint
        if {field.name for field in fields} != inspect.signature(endpoint).parameters.keys():
            return None
        model = create_model(
            "Parameters",
            **{field.name: (field.field_info.annotation, field.field_info) for field in fields},  # type: ignore[call-overload]
        )
        known = [field.alias for field in self.dependant.query_params]
        lists = [field.alias for field in fields if get_origin(field.field_info.annotation) is list]

        async def answer(scope: Scope) -> Response:
            pairs = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
            refuse_others(pairs, known, lists)
            given: dict[str, Any] = dict(pairs)
            for name in lists:
                if name in given:
                    given[name] = [value for other, value in pairs if other == name]
            try:
                parameters = model.model_validate({**given, **scope.get("path_params", {})})
            except ValidationError as error:
                raise RequestValidationError(
                    [{**one, "loc": ("query", *one["loc"])} for one in error.errors()]
                ) from error
            response: Response = await endpoint(**vars(parameters))
            return response

        return answer


class ShortWay:
    """The way of a GET to a plain route without parameters in its path, past all of FastAPI.

    FastAPI looks for a route among all of them, twice, and has each request pass through layers that
    have nothing to do here; together they cost more than all else that a small answer takes.

    Args:
        wrapped: Makes an application one that is measured, or whatever else is to be seen of it.
    """

    def __init__(self, wrapped: Callable[[ASGIApp], ASGIApp] = lambda app: app) -> None:
        self._routes: dict[str, tuple[APIRoute, _Answering]] = {}
        self._app = wrapped(self._answer)

    def add(self, router: APIRouter, prefix: str) -> None:
        """Adds the routes of a router that can be reached so.

        Args:
            router: Of any routes.
            prefix: Before their paths.
        """
        for route in router.routes:
            if isinstance(route, PlainRoute) and route.methods == {"GET"} and "{" not in route.path:
                answering = route.answering()
                if answering is not None:
                    self._routes.setdefault(prefix + route.path, (route, answering))

    def of(self, scope: Scope) -> ASGIApp | None:
        """What answers a request; None: it has to go FastAPI's way."""
        is_here = (
            scope["type"] == "http" and scope["method"] == "GET" and scope["path"] in self._routes
        )
        return self._app if is_here else None

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["route"], answering = self._routes[scope["path"]]
        has_begun = False

        async def sending(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            response = await answering(scope)
            await response(scope, receive, sending)
        except Exception as error:
            if has_begun:
                raise
            told, is_bug = await problems.told(Request(scope, receive), error)
            await told(scope, receive, send)
            if is_bug:
                raise  # as Starlette does: the server's log has it, too


class Api(FastAPI):
    """An application with a short way.

    Args:
        short_way: Taken where it leads to a request's route.
        settings: FastAPI's own.
    """

    def __init__(self, short_way: ShortWay, **settings: Any) -> None:  # noqa: ANN401 - FastAPI's
        super().__init__(**settings)
        self._short_way = short_way

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        app = self._short_way.of(scope) or super().__call__
        await app(scope, receive, send)
