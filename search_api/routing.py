"""How does a request come to its route? By a short way where all that it says is in its URL."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, get_origin

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import ValidationError, create_model

from search_api.strictness import refuse_unknown

_Handler = Callable[[Request], Coroutine[Any, Any, Response]]


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
        if any(one.dependency is not refuse_unknown for one in self.dependencies):
            raise TypeError(f"{self.path} has dependencies, which a PlainRoute does not call")
        fields = [*self.dependant.path_params, *self.dependant.query_params]
        endpoint = self.endpoint
        if {field.name for field in fields} != inspect.signature(endpoint).parameters.keys():
            return super().get_route_handler()
        model = create_model(
            "Parameters",
            **{field.name: (field.field_info.annotation, field.field_info) for field in fields},  # type: ignore[call-overload]
        )
        lists = [field.alias for field in fields if get_origin(field.field_info.annotation) is list]

        async def handle(request: Request) -> Response:
            await refuse_unknown(request)
            query = request.query_params
            given: Mapping[str, Any] = {
                **query,
                **{name: query.getlist(name) for name in lists if name in query},
                **request.path_params,
            }
            try:
                parameters = model.model_validate(given)
            except ValidationError as error:
                raise RequestValidationError(
                    [{**one, "loc": ("query", *one["loc"])} for one in error.errors()]
                ) from error
            response: Response = await endpoint(**vars(parameters))
            return response

        return handle
