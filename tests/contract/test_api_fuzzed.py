"""Whatever is sent to the API, it answers as its description says, and never with a bug."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, cast

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.control import SkipTest
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.unit.search_api.access.conftest import Api, opened

EXAMPLES = int(os.environ.get("LOGBOOM_FUZZ_EXAMPLES", "5"))
"""Of each operation, in either mode; more of them for a longer search for bugs."""

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
ENDLESS = {"/api/v1/tail"}
"""A stream has no end to wait for; how it begins is tested with the others."""


class Served:
    """An API in an event loop of its own, for tests that are not asynchronous."""

    def __init__(self, folder: Path) -> None:
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self._api = self._runner.run(self._open(folder))

    async def _open(self, folder: Path) -> Api:
        return await self._stack.enter_async_context(opened(folder))

    def description(self) -> dict[str, Any]:
        answer = self._runner.run(self._api.client.get("/openapi.json"))
        described: dict[str, Any] = answer.json()
        return described

    def send(self, case: Case[Any]) -> Any:
        """What a case is answered; its texts go over the wire as they are."""
        words = case.as_transport_kwargs(base_url="http://127.0.0.1:7700")
        words = {name: value for name, value in words.items() if value is not None}
        return self._runner.run(self._request(words))

    async def _request(self, words: dict[str, Any]) -> Any:
        prepared = requests.Request(**words).prepare()
        return await self._api.client.request(
            prepared.method or "GET",
            prepared.url or "",
            headers=cast("Mapping[str, str]", prepared.headers),
            content=prepared.body,  # type: ignore[arg-type]
        )

    def close(self) -> None:
        self._runner.run(self._stack.aclose())
        self._runner.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    one = Served(tmp_path_factory.mktemp("fuzzed"))
    yield one
    one.close()


@pytest.mark.slow
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_every_answer_is_as_described(served: Served, mode: GenerationMode) -> None:
    schema = schemathesis.openapi.from_dict(served.description())
    schema.config.generation.update(modes=[mode])
    seen, wrong = 0, []
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()
        if operation.path in ENDLESS:
            continue
        seen += 1

        @given(case=operation.as_strategy(generation_mode=mode))
        @settings(
            max_examples=EXAMPLES, database=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        def is_answered(case: Case[Any]) -> None:
            case.validate_response(served.send(case), checks=CHECKS)

        try:
            is_answered()
        except SkipTest:
            continue  # whatever is sent there is as described
        except FailureGroup as failures:
            wrong += [f"{operation.label}: {one}" for one in failures.exceptions]
    assert not wrong, "\n\n".join(wrong)
    assert seen > 30
