"""How do we reach Elasticsearch, and what do its errors mean for us?"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import orjson
from elastic_transport import TransportError
from elasticsearch import AsyncElasticsearch, OrjsonSerializer
from elasticsearch.exceptions import ApiError, ElasticsearchWarning, UnsupportedProductError

from logboom.config import ElasticsearchSection
from logboom.errors import QueryError, StoreError, StoreRefused, StoreUnavailable

JSON = "application/json"
NDJSON = "application/x-ndjson"
_BUSY = frozenset({408, 429, 500, 502, 503, 504})


class Client:
    """A thin way to Elasticsearch: JSON in, JSON out, our errors.

    Args:
        section: Addresses, credentials, certificates.
    """

    def __init__(self, section: ElasticsearchSection) -> None:
        self._address = ", ".join(section.urls)
        _hush()
        self._client = AsyncElasticsearch(**_settings(section))

    @property
    def address(self) -> str:
        """Without secrets."""
        return self._address

    async def ask(
        self, method: str, path: str, *, body: Any = None, parameters: Mapping[str, Any] | None = None,  # noqa: ANN401 - JSON is of any shape
    ) -> Any:  # noqa: ANN401 - JSON is of any shape  # fmt: skip
        """One request with a JSON body.

        Raises:
            StoreUnavailable: Elasticsearch does not answer, or is overloaded.
            StoreRefused: It refuses us.
            QueryError: It does not understand the request (400).
        """
        content = None if body is None else orjson.dumps(body)
        return await self._perform(method, path, JSON, content, parameters)

    async def bulk(self, body: bytes) -> Any:  # noqa: ANN401 - JSON is of any shape
        """One bulk request with a prepared body; only what tells of trouble comes back.

        Raises:
            StoreUnavailable: As `ask`.
            StoreRefused: As `ask`.
        """
        shown = {
            "filter_path": "errors,items.*.status,items.*.error.type,items.*.error.reason,items.*.error.caused_by.reason"
        }
        return await self._perform("POST", "/_bulk", NDJSON, body, shown)

    async def _perform(
        self, method: str, path: str, kind: str, body: bytes | None,
        parameters: Mapping[str, Any] | None,
    ) -> Any:  # noqa: ANN401 - JSON is of any shape  # fmt: skip
        headers = {"accept": JSON}
        if body is not None:
            headers["content-type"] = kind
        try:
            answer = await self._client.perform_request(
                method, path, params=parameters, headers=headers, body=body
            )
        except (ApiError, TransportError, UnsupportedProductError) as error:
            raise self._translated(error) from error
        return answer.body

    def _translated(self, error: Exception) -> StoreError | QueryError:
        if isinstance(error, UnsupportedProductError):
            return StoreRefused(
                "this is no Elasticsearch", where=self._address, mend="check store.urls"
            )
        if not isinstance(error, ApiError):
            return StoreUnavailable(f"Elasticsearch does not answer: {error}", where=self._address)
        status = error.meta.status
        reason = reason_of(error.body)
        if status in _BUSY:
            return StoreUnavailable(
                f"Elasticsearch is busy ({status}): {reason}", where=self._address
            )
        if status in {401, 403}:
            mend = "check store.elasticsearch.api_key, or username and password, and their rights"
            return StoreRefused(
                f"Elasticsearch refuses us ({status}): {reason}", where=self._address, mend=mend
            )
        if status == 400:
            return QueryError(f"Elasticsearch cannot use this: {reason}")
        return StoreRefused(f"Elasticsearch answers with {status}: {reason}", where=self._address)

    async def close(self) -> None:
        """Lets go of all connections."""
        await self._client.close()


def _hush() -> None:
    """What the server and the HTTP library remark is not for our users' standard error."""
    warnings.filterwarnings("ignore", category=ElasticsearchWarning)
    warnings.filterwarnings("ignore", "Sending a large body", ResourceWarning)


def reason_of(body: Any) -> str:  # noqa: ANN401 - JSON is of any shape
    """What went wrong according to an error's body, with its innermost cause, in one line."""
    error = body.get("error", body) if isinstance(body, dict) else body
    if not isinstance(error, dict):
        return str(error)[:500]
    shards = [shard.get("reason", {}) for shard in error.get("failed_shards", [])]
    causes: list[dict[str, Any]] = [*shards[:1], *error.get("root_cause", [])[:1], error]
    text = next(
        (str(cause["reason"]) for cause in causes if cause.get("reason")), "no reason given"
    )
    inner = next(
        (str(cause["caused_by"].get("reason")) for cause in causes if cause.get("caused_by")), ""
    )
    return " ".join((text if inner in text else f"{text}: {inner}").split())[:500]


def _settings(section: ElasticsearchSection) -> dict[str, Any]:
    secure = any(url.startswith("https:") for url in section.urls)
    settings: dict[str, Any] = {
        "hosts": section.urls,
        "request_timeout": section.request_timeout.total_seconds(),
        "max_retries": 0,
        "retry_on_timeout": False,
        "serializers": {
            "application/vnd.elasticsearch+json": OrjsonSerializer(),
            JSON: OrjsonSerializer(),
        },
        "connections_per_node": 20,
    }
    if secure:
        tls = section.tls
        settings["verify_certs"] = tls.verify
        settings["ssl_show_warn"] = False
        for name, value in (
            ("ca_certs", tls.ca_file),
            ("client_cert", tls.cert_file),
            ("client_key", tls.key_file),
        ):
            if value is not None:
                settings[name] = str(value)
    if section.api_key is not None:
        settings["api_key"] = section.api_key.get_secret_value()
    if section.username is not None and section.password is not None:
        settings["basic_auth"] = (section.username, section.password.get_secret_value())
    return settings
