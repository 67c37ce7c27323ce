"""What happens between a request and its answer?

The order is fixed: who asks, whether there is room, the body, what it holds, the broker's
acknowledgement, the answer. A client that goes away in between changes nothing but that its request
counts as unanswered.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

import xxhash
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from logboom.clock import Clock
from shipper.inputs.http.delivery import Delivery
from shipper.inputs.http.elasticsearch import tell
from shipper.inputs.http.encodings import decompress, too_large
from shipper.inputs.http.keys import Keys
from shipper.inputs.http.speaking import Answer, Incoming, Refusal, Speaker, Taken
from shipper.inputs.http.unanswered import Appended

_SMALL_BODY_BYTES = 1 << 16
_AGAIN_S = 1


@dataclass(frozen=True, slots=True)
class Way:
    """One protocol: how it is understood, and where its records go."""

    speaker: Speaker
    delivery: Delivery


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of what is taken.

    Attributes:
        body_bytes: Of a body, as sent and once decompressed.
        requests: Under way at once.
        patience_s: For a turn, and for the body.
    """

    body_bytes: int
    requests: int
    patience_s: float


class Exchange:
    """The ASGI application.

    Args:
        bulk: Elasticsearch's `_bulk`; speaks also where no protocol is meant.
        otlp: OTLP logs.
        loki: Loki's push.
        keys: Who may write.
        limits: What is taken.
        clock: For durations.
    """

    def __init__(
        self, *, bulk: Way, otlp: Way, loki: Way, keys: Keys, limits: Limits, clock: Clock
    ) -> None:
        self._bulk = bulk
        self._ways = {
            "/v1/logs": otlp,
            "/loki/api/v1/push": loki,
            "/api/prom/push": loki,
        }
        self._keys = keys
        self._limits = limits
        self._clock = clock
        self._slots = asyncio.Semaphore(limits.requests)
        self.counts: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        request = Request(scope, receive)
        path = request.url.path
        way = self._ways.get(path, self._bulk)
        if not self._keys.admit(request.headers):
            refusal = Refusal(401, "a key is missing, or not known here")
            answer = _refused(way, refusal, request, {"WWW-Authenticate": "ApiKey, Basic, Bearer"})
        elif path not in self._ways and not _is_bulk(path):
            answer = tell(request.method, path) or _refused(
                way, Refusal(404, f"{request.method} {path[:200]} is not served here"), request
            )
        elif request.method not in {"POST", "PUT"}:
            reason = f"{request.method} is not allowed here: POST"
            answer = _refused(way, Refusal(405, reason), request, {"Allow": "POST"})
        else:
            await self._write(way, request, scope, receive, send)
            return
        await self._send(answer, scope, receive, send)

    async def _write(
        self, way: Way, request: Request, scope: Scope, receive: Receive, send: Send
    ) -> None:
        began = self._clock.monotonic()
        try:
            async with asyncio.timeout(self._limits.patience_s):
                await self._slots.acquire()
        except TimeoutError:
            refusal = Refusal(429, "too many requests at once", _AGAIN_S)
            await self._send(_refused(way, refusal, request), scope, receive, send)
            return
        try:
            taken = await self._take(way, request)
            if isinstance(taken, Refusal):
                await self._send(_refused(way, taken, request), scope, receive, send)
                return
            incoming, content = taken
            entry = await self._deliver(way, incoming.digest, content.records, receive)
        except ClientDisconnect:
            self.counts["http_requests_abandoned"] += 1
            return
        finally:
            self._slots.release()
        if isinstance(entry, Refusal):
            await self._send(_refused(way, entry, request), scope, receive, send)
            return
        took_ms = round((self._clock.monotonic() - began) * 1000)
        await self._send_last(way, entry, content.answer(took_ms), scope, receive, send)
        self.counts["http_events"] += len(content.records)

    async def _take(self, way: Way, request: Request) -> tuple[Incoming, Taken] | Refusal:
        """The body, and what it holds.

        Raises:
            ClientDisconnect: When the client went away.
        """
        sent = await self._body(request)
        if isinstance(sent, Refusal):
            return sent
        encoding = request.headers.get("content-encoding", "")
        if len(sent) < _SMALL_BODY_BYTES:
            return self._understand(way.speaker, request, sent, encoding)
        return await asyncio.to_thread(self._understand, way.speaker, request, sent, encoding)

    async def _body(self, request: Request) -> bytes | Refusal:
        most = self._limits.body_bytes
        parts: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(self._limits.patience_s):
                # what is too large is read on for a while, so that the client hears why
                async for part in request.stream():
                    size += len(part)
                    if size <= most:
                        parts.append(part)
                    elif size > 2 * most:
                        break
        except TimeoutError:
            return Refusal(408, "the body did not come in time")
        return too_large(most) if size > most else b"".join(parts)

    def _understand(
        self, speaker: Speaker, request: Request, sent: bytes, encoding: str
    ) -> tuple[Incoming, Taken] | Refusal:
        body = decompress(sent, encoding, max_bytes=self._limits.body_bytes)
        if isinstance(body, Refusal):
            return body
        content_type = _content_type(request)
        about = f"{request.url.path}?{request.url.query}\n{content_type}\n"
        digest = xxhash.xxh3_128(about.encode("utf-8", "surrogateescape"))
        digest.update(body)
        incoming = Incoming(body, content_type, digest.hexdigest(), _index_in(request.url.path))
        taken = speaker.read(incoming)
        return taken if isinstance(taken, Refusal) else (incoming, taken)

    async def _deliver(
        self, way: Way, digest: str, records: Sequence[bytes], receive: Receive
    ) -> Appended | Refusal | None:
        """Waits for the broker, or until the client has gone away.

        Returns:
            None when there was nothing to deliver.

        Raises:
            ClientDisconnect: When the client went away.
        """
        if not records:
            return None
        return await _unless_gone(receive, way.delivery, way.delivery.deliver(digest, records))

    async def _send_last(
        self, way: Way, entry: Appended | None, answer: Answer, scope: Scope, receive: Receive,
        send: Send,
    ) -> None:  # fmt: skip
        """Answers with success: from then on the same body is new."""
        told = False
        try:
            await self._send(answer, scope, receive, send)
            told = True
        finally:
            if entry is not None:
                if told:
                    way.delivery.answered(entry)
                else:
                    way.delivery.unanswered(entry)

    async def _send(self, answer: Answer, scope: Scope, receive: Receive, send: Send) -> None:
        self.counts["http_requests"] += 1
        if answer.status >= 400:
            self.counts["http_requests_refused"] += 1
        headers = dict(answer.headers)
        if answer.content_type:
            headers["Content-Type"] = answer.content_type
        await Response(answer.body, answer.status, headers)(scope, receive, send)


def _is_bulk(path: str) -> bool:
    parts = path.strip("/").split("/")
    return parts[-1] == "_bulk" and len(parts) <= 3


def _index_in(path: str) -> str | None:
    """The index in ``/INDEX/_bulk``; older clients write ``/INDEX/TYPE/_bulk``."""
    parts = path.strip("/").split("/")
    return parts[0] if _is_bulk(path) and len(parts) > 1 else None


def _content_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _refused(
    way: Way, refusal: Refusal, request: Request, headers: dict[str, str] | None = None
) -> Answer:
    answer = way.speaker.refuse(refusal, _content_type(request))
    more = {**answer.headers, **(headers or {})}
    return Answer(answer.status, answer.body, answer.content_type, more)


async def _unless_gone(
    receive: Receive, delivery: Delivery, work: Coroutine[Any, Any, Appended | Refusal]
) -> Appended | Refusal:
    """Waits for `work`, but not longer than the client does.

    Raises:
        ClientDisconnect: When it has gone away first.
    """
    working, leaving = asyncio.ensure_future(work), asyncio.ensure_future(_gone(receive))
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
    finally:
        has_left = leaving.done()
        leaving.cancel()
        if not working.done():
            working.cancel()
        await asyncio.wait((working, leaving))
    outcome = working.result() if not working.cancelled() else None
    if has_left or outcome is None:
        if isinstance(outcome, Appended):
            delivery.unanswered(outcome)
        raise ClientDisconnect
    return outcome


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
