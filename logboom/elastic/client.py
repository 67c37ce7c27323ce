"""How do we talk to Elasticsearch: JSON out, JSON in, our own errors?"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

import orjson

from logboom.clock import Clock
from logboom.config import ElasticsearchSection
from logboom.elastic.addresses import addresses_of
from logboom.elastic.nodes import Nodes
from logboom.elastic.refusals import failure, reason_of
from logboom.elastic.transfers import Answer, Broken, NoConnection, NotTrusted
from logboom.errors import QueryError, StoreError, StoreRefused, StoreUnavailable
from logboom.event import decode_json

_JSON = "application/json"
_NDJSON = "application/x-ndjson"
_ANSWERS_WITHOUT_NAME = frozenset({401, 403, 413, 429})
_NO_ELASTICSEARCH = "the server that answers is no Elasticsearch"
_CHECK_URLS = "check the store's urls"

_FATES = "errors,items.*.status,items.*.error.type,items.*.error.reason,items.*.error.caused_by"
"""Of every item only what tells its fate: the whole answer is as large as the events."""

_VERSIONS = "items.*._seq_no,items.*._primary_term"

_PARAMETERS_KNOWN = 64
_PLAIN_HTTP = "WRONG_VERSION_NUMBER"
_Failure = TimeoutError | NoConnection | NotTrusted | Broken
_FAILURES = (TimeoutError, NoConnection, NotTrusted, Broken)


class TimedOut(StoreUnavailable):
    """There was no answer in time: it may have been too much at once."""


class NotSent(StoreUnavailable):
    """Nothing of the request was sent: Elasticsearch cannot have done it."""


class NoElasticsearch(StoreRefused):
    """What answers does not name itself as Elasticsearch does."""


class Client:
    """A thin way to Elasticsearch.

    Args:
        section: Addresses, credentials, certificates.
        clock: Tells how long a node that failed has rested.

    Raises:
        ConfigError: An address or a certificate cannot be used.
    """

    def __init__(self, section: ElasticsearchSection, clock: Clock) -> None:
        addresses = addresses_of(section)
        self._address = ", ".join(one.shown for one in addresses)
        self._patience_s = section.request_timeout.total_seconds()
        self._nodes = Nodes(addresses, self._patience_s, clock)

    @property
    def address(self) -> str:
        """Where it is; without secrets."""
        return self._address

    async def ask(
        self, method: str, path: str, *, body: Any = None, parameters: Mapping[str, Any] | None = None,  # noqa: ANN401 - JSON
    ) -> Any:  # noqa: ANN401 - JSON  # fmt: skip
        """One request.

        Args:
            path: From the root, quoted.
            body: JSON, or None.
            parameters: Of the URL.

        Returns:
            The decoded answer.

        Raises:
            StoreUnavailable: Elasticsearch does not answer, or is overloaded.
            StoreRefused: It refuses the request.
            DiskFull: It has no room left.
        """
        status, answer = await self.try_to(method, path, body=body, parameters=parameters)
        if status >= 300:
            raise failure(status, answer, self._address)
        return answer

    async def query(
        self, path: str, body: Any, *, parameters: Mapping[str, Any] | None = None,  # noqa: ANN401 - JSON
    ) -> Any:  # noqa: ANN401 - JSON  # fmt: skip
        """A question that a user has put; as `ask`.

        Raises:
            QueryError: Elasticsearch cannot use the question (400).
        """
        return decoded(await self.query_unread(path, body, parameters=parameters))

    async def query_unread(
        self, path: str, body: Any, *, parameters: Mapping[str, Any] | None = None,  # noqa: ANN401 - JSON
    ) -> bytes:  # fmt: skip
        """As `query`, with the answer as it came."""
        status, answer = await self._perform("POST", path, _JSON, orjson.dumps(body), parameters)
        if status == 400:
            raise QueryError(f"Elasticsearch cannot use this query: {reason_of(decoded(answer))}")
        if status >= 300:
            raise failure(status, decoded(answer), self._address)
        return answer

    async def try_to(
        self, method: str, path: str, *, body: Any = None, parameters: Mapping[str, Any] | None = None,  # noqa: ANN401 - JSON
    ) -> tuple[int, Any]:  # fmt: skip
        """One request of which every answer is welcome: the status, and the decoded answer.

        Raises:
            StoreUnavailable: Elasticsearch does not answer.
            StoreRefused: What answers is no Elasticsearch, or its certificate is not trusted.
        """
        content = None if body is None else orjson.dumps(body)
        status, answer = await self._perform(method, path, _JSON, content, parameters)
        return status, decoded(answer)

    async def raw(
        self, method: str, path: str, body: bytes, parameters: Mapping[str, Any] | None = None
    ) -> tuple[int, bytes]:
        """One request with a prepared body: the status, and the answer as it came.

        Raises:
            StoreUnavailable: Elasticsearch does not answer.
            StoreRefused: As `try_to`.
        """
        return await self._perform(method, path, _JSON, body, parameters)

    async def bulk(
        self, body: bytes, *, versions: bool = False, once: bool = False
    ) -> tuple[int, bytes]:
        """One bulk request with a prepared body: the status, and the answer as it came.

        Args:
            body: Lines of JSON.
            versions: Have every item tell its `_seq_no` and `_primary_term`, too.
            once: Tell of a connection that breaks, instead of sending the body to another node.

        Raises:
            NotSent: There is no connection.
            StoreUnavailable: Elasticsearch does not answer.
            StoreRefused: As `try_to`.
        """
        told = f"{_FATES},{_VERSIONS}" if versions else _FATES
        return await self._perform(
            "POST", "/_bulk", _NDJSON, body, {"filter_path": told}, once=once
        )

    async def close(self) -> None:
        """Lets go of all connections. Idempotent."""
        await self._nodes.close()

    async def _perform(
        self, method: str, path: str, kind: str, body: bytes | None,
        parameters: Mapping[str, Any] | None, *, once: bool = False,
    ) -> tuple[int, bytes]:  # fmt: skip
        target = f"{path}?{_written(tuple(parameters.items()))}" if parameters else path
        try:
            answer = await self._nodes.ask(method, target, kind, body or b"", once=once)
        except _FAILURES as error:
            raise self._translated(error) from error
        if answer.status < 500 and answer.status not in _ANSWERS_WITHOUT_NAME:
            self._check_product(answer)
        return answer.status, answer.body

    async def greeting(self) -> tuple[Mapping[str, str], Any]:
        """What the server says of itself to anybody, be it an Elasticsearch or not.

        Returns:
            Headers, and the decoded answer.

        Raises:
            StoreUnavailable: Nobody answers.
            StoreRefused: As `try_to`.
        """
        try:
            answer = await self._nodes.ask("GET", "/")
        except _FAILURES as error:
            raise self._translated(error) from error
        return answer.headers, decoded(answer.body)

    def _check_product(self, answer: Answer) -> None:
        if answer.headers.get("x-elastic-product") != "Elasticsearch":
            raise NoElasticsearch(_NO_ELASTICSEARCH, where=self._address, mend=_CHECK_URLS)

    def _translated(self, error: _Failure) -> StoreError:
        if isinstance(error, NotTrusted):
            is_plain = _PLAIN_HTTP in str(error).upper().replace(" ", "_")
            return StoreRefused(
                f"no trusted connection to Elasticsearch: {error}",
                where=self._address,
                mend="the server speaks no TLS: write http:// in the store's urls"
                if is_plain
                else "check the store's tls.ca_file, and that the certificate names the host",
            )
        if isinstance(error, TimeoutError):
            return TimedOut(
                f"Elasticsearch does not answer within {self._patience_s:g} s", where=self._address
            )
        if isinstance(error, NoConnection):
            return NotSent(f"Elasticsearch does not answer: {error.why}", where=self._address)
        hung_up = error.has_hung_up and self._address.startswith("http:")
        return StoreUnavailable(
            f"Elasticsearch does not answer: {error}",
            where=self._address,
            mend="if it speaks TLS, write https:// in the store's urls" if hung_up else None,
        )


@lru_cache(maxsize=_PARAMETERS_KNOWN)
def _written(parameters: tuple[tuple[str, Any], ...]) -> str:
    """Parameters as they stand in a URL: nearly always the same, and slow to write."""
    return urlencode(parameters)


def decoded(content: bytes | None) -> Any:  # noqa: ANN401 - JSON
    """The JSON that an answer holds; its text, when it holds none; None when it is empty."""
    if not content:
        return None
    try:
        return decode_json(content)
    except ValueError:
        return content.decode("utf-8", "replace")
