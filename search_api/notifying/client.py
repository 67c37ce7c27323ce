"""How are requests sent to receivers: bounded, to checked addresses, without following redirects?"""

from __future__ import annotations

import asyncio
import base64
import socket
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import httpcore
import orjson

from logboom import __version__
from logboom.clock import Clock
from logboom.errors import ReceiverUnreachable
from search_api.notifying.addresses import resolved
from search_api.notifying.notification import Outcome

_MOST_ANSWER_BYTES: Final = 2**20
_RETRYABLE: Final = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver answered.

    Attributes:
        status: Of HTTP.
        headers: With lower-case names.
        body: Its first MiB.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_fine(self) -> bool:
        """Whether it is a success."""
        return 200 <= self.status < 300

    def json(self) -> Any:  # noqa: ANN401 - JSON is of any shape
        """The body as JSON; None when it is none."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return None

    def outcome(self) -> Outcome:
        """What follows for the message, as usual HTTP services mean it."""
        if self.is_fine:
            return Outcome(delivered=True, detail=f"HTTP {self.status}")
        retryable = self.status in _RETRYABLE or self.status >= 500
        return Outcome(
            delivered=False, detail=f"HTTP {self.status}", retryable=retryable,
            retry_after_s=_seconds(self.headers.get("retry-after")),
        )  # fmt: skip


class _CheckedBackend(httpcore.AsyncNetworkBackend):
    """Connects to the very address that was checked, whatever the name means a moment later."""

    def __init__(self, *, allow_private: bool) -> None:
        self._inner = httpcore.AnyIOBackend()
        self._allow_private = allow_private

    async def connect_tcp(
        self, host: str, port: int, timeout: float | None = None,  # noqa: ASYNC109 - the library's
        local_address: str | None = None, socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:  # fmt: skip
        addresses = await resolved(host, port, allow_private=self._allow_private)
        failure: Exception | None = None
        for address in addresses:
            try:
                return await self._inner.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise ReceiverUnreachable(f"{host}:{port} does not answer") from failure

    async def connect_unix_socket(self, *_arguments: Any, **_named: Any) -> Any:  # noqa: ANN401 - as above
        raise ReceiverUnreachable("receivers are reached over TCP only")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class Client:
    """Sends requests of one receiver. Use it within its context, or close it.

    Args:
        clock: For times in signatures.
        allow_private: The receiver may be at a private address.
        timeout_s: Of each request, from connecting to the end of its answer.
        ca_file: Certificates to trust instead of the system's.
    """

    def __init__(
        self, clock: Clock, *, allow_private: bool = False, timeout_s: float = 10.0,
        ca_file: Path | None = None,
    ) -> None:  # fmt: skip
        self._clock = clock
        self.allow_private = allow_private
        self.timeout_s = timeout_s
        self.tls = _trusting(ca_file)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=self.tls, max_connections=8, max_keepalive_connections=2,
            keepalive_expiry=30.0, network_backend=_CheckedBackend(allow_private=allow_private),
        )  # fmt: skip

    async def send(
        self,
        method: str,
        url: str,
        *,
        content: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Sends one request; redirects are answers as any other.

        Raises:
            ReceiverUnreachable: No answer.
            ReceiverRefused: The address is not allowed.
        """
        named = {"User-Agent": f"logboom/{__version__}", **(headers or {})}
        limits = dict.fromkeys(("connect", "read", "write", "pool"), self.timeout_s)
        try:
            async with asyncio.timeout(self.timeout_s), self._pool.stream(
                method, url, headers=_encoded(named), content=content,
                extensions={"timeout": limits},
            ) as response:  # fmt: skip
                body = b""
                async for part in response.aiter_stream():
                    body += part
                    if len(body) >= _MOST_ANSWER_BYTES:
                        break
                names = {
                    k.decode("latin-1").lower(): v.decode("latin-1") for k, v in response.headers
                }
                return Answer(response.status, names, body[:_MOST_ANSWER_BYTES])
        except (
            httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError,
            httpcore.UnsupportedProtocol, ssl.SSLError, OSError,
        ) as error:  # fmt: skip
            raise ReceiverUnreachable(f"does not answer: {type(error).__name__}") from error

    async def send_json(
        self, url: str, content: object, *, method: str = "POST",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:  # fmt: skip
        """`send` of a JSON document."""
        named = {"Content-Type": "application/json", **(headers or {})}
        return await self.send(method, url, content=orjson.dumps(content), headers=named)

    def now_s(self) -> int:
        """Seconds since the epoch."""
        return self._clock.now_ns() // 1_000_000_000

    async def connected(self, host: str, port: int) -> socket.socket:
        """A connected socket to a checked address, for what is not HTTP.

        Raises:
            ReceiverUnreachable: Nobody answers there.
            ReceiverRefused: The address is not allowed.
        """
        loop = asyncio.get_running_loop()
        failure: OSError | None = None
        for address in await resolved(host, port, allow_private=self.allow_private):
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            sock = socket.socket(family, socket.SOCK_STREAM)
            sock.setblocking(False)
            try:
                async with asyncio.timeout(self.timeout_s):
                    await loop.sock_connect(sock, (address, port))
            except OSError as error:
                sock.close()
                failure = error
            except BaseException:
                sock.close()
                raise
            else:
                return sock
        raise ReceiverUnreachable(f"{host}:{port} does not answer") from failure

    async def close(self) -> None:
        """Lets go of all connections. Idempotent."""
        await self._pool.aclose()


@lru_cache(maxsize=50)
def _trusting(ca_file: Path | None) -> ssl.SSLContext:
    """Reading the system's certificates takes a while: all receivers share them."""
    return ssl.create_default_context(cafile=ca_file)


def basic(username: str, password: str) -> str:
    """The header `Authorization` of a name and a password."""
    return f"Basic {base64.b64encode(f'{username}:{password}'.encode()).decode()}"


def _encoded(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode("utf-8")) for name, value in headers.items()]


def _seconds(text: str | None) -> float | None:
    """`Retry-After` in seconds, an hour at most; dates are not looked at."""
    return min(float(text), 3600.0) if text is not None and text.strip().isdecimal() else None
