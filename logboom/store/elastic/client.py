"""How do we talk to Elasticsearch: JSON out, JSON in, our own errors?

The low-level transport of the official client is used as it is (several nodes, dead ones avoided,
TLS); the layer above it would encode bodies a second time, ask `GET /`, and turn the server's
hints into Python warnings.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

import orjson
from aiohttp import ClientConnectorError
from elastic_transport import (
    AiohttpHttpNode,
    AsyncTransport,
    ConnectionError,  # noqa: A004 - the transport's
    ConnectionTimeout,
    HttpHeaders,
    NodeConfig,
    SerializationError,
    Serializer,
    TlsError,
    TransportError,
)
from elastic_transport.client_utils import (
    DEFAULT,
    DefaultType,
    basic_auth_to_header,
    url_to_node_config,
)

from logboom.config import ElasticsearchSection, TlsSection
from logboom.errors import ConfigError, QueryError, StoreError, StoreRefused, StoreUnavailable
from logboom.event import decode_json
from logboom.store.elastic.refusals import failure, reason_of

_JSON = "application/json"
_NDJSON = "application/x-ndjson"
_CONNECTIONS_PER_NODE = 50
_ANSWERS_WITHOUT_NAME = frozenset({401, 403, 413, 429})
_NO_ELASTICSEARCH = "the server that answers is no Elasticsearch"
_CHECK_URLS = "check the store's urls"

_FATES = "errors,items.*.status,items.*.error.type,items.*.error.reason,items.*.error.caused_by"
"""Of every item only what tells its fate: the whole answer is as large as the events."""

_VERSIONS = "items.*._seq_no,items.*._primary_term"

_PLAIN_HTTP = "WRONG_VERSION_NUMBER"
_HUNG_UP = "disconnected"


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

    Raises:
        ConfigError: An address or a certificate cannot be used.
    """

    def __init__(self, section: ElasticsearchSection) -> None:
        configs = node_configs(section)
        self._address = ", ".join(_shown(config) for config in configs)
        self._transport = AsyncTransport(
            configs,
            node_class=_Node,
            max_retries=len(configs) - 1,
            retry_on_status=(),
            serializers={kind: _AsItIs() for kind in (_JSON, _NDJSON, "text/*")},
            meta_header=False,
        )

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
            "POST", "/_bulk", _NDJSON, body, {"filter_path": told}, retries=0 if once else DEFAULT
        )

    async def close(self) -> None:
        """Lets go of all connections. Idempotent."""
        await self._transport.close()

    async def _perform(
        self, method: str, path: str, kind: str, body: bytes | None,
        parameters: Mapping[str, Any] | None, *, retries: DefaultType | int = DEFAULT,
    ) -> tuple[int, bytes]:  # fmt: skip
        headers = {"accept": _JSON} if body is None else {"accept": _JSON, "content-type": kind}
        target = f"{path}?{urlencode(parameters)}" if parameters else path
        try:
            answer = await self._transport.perform_request(
                method, target, headers=headers, body=body, max_retries=retries
            )
        except TransportError as error:
            raise self._translated(error) from error
        status: int = answer.meta.status
        if status < 500 and status not in _ANSWERS_WITHOUT_NAME:
            self._check_product(answer.meta.headers)
        content: bytes = answer.body
        return status, content

    async def greeting(self) -> tuple[Mapping[str, str], Any]:
        """What the server says of itself to anybody, be it an Elasticsearch or not.

        Returns:
            Headers, and the decoded answer.

        Raises:
            StoreUnavailable: Nobody answers.
            StoreRefused: As `try_to`.
        """
        try:
            answer = await self._transport.perform_request("GET", "/", headers={"accept": _JSON})
        except TransportError as error:
            raise self._translated(error) from error
        return dict(answer.meta.headers), decoded(answer.body)

    def _check_product(self, headers: HttpHeaders) -> None:
        if headers.get("x-elastic-product") != "Elasticsearch":
            raise NoElasticsearch(_NO_ELASTICSEARCH, where=self._address, mend=_CHECK_URLS)

    def _translated(self, error: TransportError) -> StoreError:
        if isinstance(error, SerializationError):
            return StoreRefused(_NO_ELASTICSEARCH, where=self._address, mend=_CHECK_URLS)
        if isinstance(error, TlsError):
            is_plain = _PLAIN_HTTP in error.message.upper().replace(" ", "_")
            return StoreRefused(
                f"no trusted connection to Elasticsearch: {error.message}",
                where=self._address,
                mend="the server speaks no TLS: write http:// in the store's urls"
                if is_plain
                else "check the store's tls.ca_file, and that the certificate names the host",
            )
        if isinstance(error, ConnectionTimeout):
            return TimedOut(f"Elasticsearch does not answer: {error.message}", where=self._address)
        if isinstance(error, _NoConnection):
            return NotSent(f"Elasticsearch does not answer: {error.message}", where=self._address)
        hung_up = _HUNG_UP in error.message.lower() and self._address.startswith("http:")
        return StoreUnavailable(
            f"Elasticsearch does not answer: {error.message}",
            where=self._address,
            mend="if it speaks TLS, write https:// in the store's urls" if hung_up else None,
        )


class _NoConnection(ConnectionError):
    """There was none on which anything could be sent."""


class _Node(AiohttpHttpNode):
    """A node to which large bodies are sent piece by piece: the event loop is not held up."""

    async def perform_request(  # type: ignore[override]  # as its parent, which is asynchronous
        self,
        method: str,
        target: str,
        body: bytes | None = None,
        headers: HttpHeaders | None = None,
        request_timeout: DefaultType | float | None = DEFAULT,
    ) -> Any:  # noqa: ANN401 - as its parent
        content: Any = None if body is None else BytesIO(body)
        try:
            return await super().perform_request(method, target, content, headers, request_timeout)
        except ConnectionError as error:
            is_of_tls = isinstance(error, TlsError)  # which is told apart
            if not is_of_tls and any(isinstance(e, ClientConnectorError) for e in error.errors):
                raise _NoConnection(error.message, errors=error.errors) from error
            raise

    def _log_request(self, *_arguments: object, **_more: object) -> None:
        """Nothing: its parent would turn every body into text, whether anybody logs that or not."""


class _AsItIs(Serializer):
    """Bodies are bytes on our side, too."""

    mimetype = "*/*"

    def dumps(self, data: Any) -> bytes:  # noqa: ANN401 - as its parent
        content: bytes = data
        return content

    def loads(self, data: bytes) -> Any:  # noqa: ANN401 - as its parent
        return data


def decoded(content: bytes | None) -> Any:  # noqa: ANN401 - JSON
    """The JSON that an answer holds; its text, when it holds none; None when it is empty."""
    if not content:
        return None
    try:
        return decode_json(content)
    except ValueError:
        return content.decode("utf-8", "replace")


def node_configs(section: ElasticsearchSection) -> list[NodeConfig]:
    """The nodes that a configuration names, with everything needed to log in to them.

    Raises:
        ConfigError: An address or a certificate cannot be used.
    """
    context: ssl.SSLContext | None = None
    configs: list[NodeConfig] = []
    for url in section.urls:
        try:
            config = url_to_node_config(url, use_default_ports_for_scheme=True)
        except ValueError as error:
            raise ConfigError(
                f"{url.rpartition('@')[2]!r} is no address",
                where="store.elasticsearch.urls",
                mend="write for example https://host:9200",
            ) from error
        if config.scheme == "https" and context is None:
            context = _tls_context(section.tls)
        configs.append(
            config.replace(
                headers={**config.headers, **_headers(section)},
                connections_per_node=_CONNECTIONS_PER_NODE,
                request_timeout=section.request_timeout.total_seconds(),
                ssl_context=context if config.scheme == "https" else None,
                ssl_show_warn=False,
            )
        )
    return configs


def _shown(config: NodeConfig) -> str:
    host = f"[{config.host}]" if ":" in config.host else config.host
    return f"{config.scheme}://{host}:{config.port}{config.path_prefix}"


def _headers(section: ElasticsearchSection) -> dict[str, str]:
    headers = {"user-agent": "logboom"}
    if section.api_key is not None:
        headers["authorization"] = f"ApiKey {section.api_key.get_secret_value()}"
    elif section.username is not None and section.password is not None:
        login = (section.username, section.password.get_secret_value())
        headers["authorization"] = basic_auth_to_header(login)
    return headers


def _tls_context(tls: TlsSection) -> ssl.SSLContext:
    where = "store.elasticsearch.tls"
    try:
        context = ssl.create_default_context(cafile=tls.ca_file)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            f"the certificates in {tls.ca_file} cannot be used: {error}", where=f"{where}.ca_file"
        ) from error
    if not tls.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if tls.cert_file is not None:
        try:
            context.load_cert_chain(tls.cert_file, tls.key_file)
        except (OSError, ssl.SSLError) as error:
            raise ConfigError(
                f"our certificate {tls.cert_file} cannot be used: {error}",
                where=f"{where}.cert_file",
            ) from error
    return context
