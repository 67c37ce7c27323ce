"""What does every request pass through? The gate, the limits, the audit log, the headers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from http import HTTPStatus
from typing import Any

from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from logboom.clock import Clock
from logboom.config import ApiSection
from search_api.access.auditing import Asked, AuditLog
from search_api.access.authenticating import Authentication
from search_api.access.bodies import received
from search_api.access.door_page import door_page, wants_page
from search_api.access.gate import Admission, Caller, Gate
from search_api.access.limiting import READABLE, SERVICES
from search_api.access.refusals import Refusal, send_to
from search_api.access.sending import Sending
from search_api.access.watching import watched
from search_api.http.compressing import Compressing, takes_gzip
from search_api.http.plain_pages import HEADERS
from search_api.http.turns import ASKING


class Guard:
    """An application behind a gate.

    Args:
        app: What is guarded.
        section: The settings.
        authentication: Finds out who asks.
        audit: Where it is told who asked what; None: nowhere.
        clock: For rate limits and durations.
    """

    def __init__(
        self, app: ASGIApp, section: ApiSection, authentication: Authentication,
        audit: AuditLog | None, clock: Clock,
    ) -> None:  # fmt: skip
        self.app = app
        self._most_bytes = section.limits.max_body_bytes
        self._has_tls = section.tls is not None
        self._authentication = authentication
        self._gate = Gate(section, authentication, clock)
        self._audit = audit
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        caller = _caller_of(scope)
        trace = _Trace(self._audit, self._clock, caller, scope.setdefault("state", {}))
        if not caller.is_socket and takes_gzip(caller.headers.get("accept-encoding", "")):
            send = Compressing(send)
        sending = Sending(
            send, caller.path, lambda: trace.write(sending.status, "begin"), has_tls=self._has_tls
        )
        try:
            trace.admission = admission = await self._gate.admit(caller)
            body = await received(caller.method, caller.headers, receive, self._most_bytes)
            if admission.need.tells_body:
                trace.body = body.content
            scope["state"]["wrong_key"] = partial(self._gate.wrong_key, caller.address)
            scope["state"]["rate_refusal"] = self._gate.rate_refusal
            await self._serve(scope, body.receive, sending, admission)
        except Refusal as refusal:
            trace.refused = refusal
            if refusal.asks_for_key and wants_page(caller.method, caller.headers):
                page = door_page(caller.path, caller.query, caller.headers, refusal.detail)
                refused = HTMLResponse(page, refusal.status, {**HEADERS, **refusal.headers})
                await refused(scope, receive, sending)
            else:
                await send_to(scope, sending, refusal)
        finally:
            trace.write(sending.status, "end")

    async def _serve(
        self, scope: Scope, receive: Receive, sending: Sending, admission: Admission
    ) -> None:
        access = admission.access
        state = scope.setdefault("state", {})
        state["access"] = access
        state["spend"] = lambda: 0.0 if access is None else self._gate.spend(access)
        asks = admission.need.scope is not None
        token = SERVICES.set(admission.services) if asks else None
        readable = READABLE.set(admission.readable)
        asking = ASKING.set("" if access is None else access.purse)
        with watched(access, self._authentication) as watch:
            try:
                await self.app(scope, receive, sending)
            except asyncio.CancelledError:
                if not watch.has_ended:
                    raise
                watch.task.uncancel()
                await sending.end()
            finally:
                ASKING.reset(asking)
                READABLE.reset(readable)
                if token is not None:
                    SERVICES.reset(token)


class _Trace:
    """What the audit log is told of one request."""

    def __init__(
        self, audit: AuditLog | None, clock: Clock, caller: Caller, state: Mapping[str, Any]
    ) -> None:
        self._state = state
        self._audit = audit
        self._clock = clock
        self._caller = caller
        self._begun = clock.monotonic()
        self.admission: Admission | None = None
        self.refused: Refusal | None = None
        self.body = b""

    def write(self, status: int, phase: str) -> None:
        admission, caller = self.admission, self._caller
        if self._audit is None or (admission is not None and not admission.need.is_audited):
            return
        self._audit.write(
            Asked(
                who=self._who(),
                address=caller.address,
                method="WEBSOCKET" if caller.is_socket else caller.method,
                path=caller.path,
                query=caller.query,
                body=self.body,
                status=status,
                took_s=self._clock.monotonic() - self._begun,
                phase=phase,
                is_too_often=admission is None and status == HTTPStatus.TOO_MANY_REQUESTS,
            )
        )

    def _who(self) -> str:
        if self.admission is not None and self.admission.access is not None:
            return self.admission.access.name
        if self.refused is not None and self.refused.who:
            return self.refused.who
        begun_by: str = self._state.get("begun_by", "")
        return begun_by


def _caller_of(scope: Scope) -> Caller:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    client = scope.get("client")
    return Caller(
        method=scope.get("method", "GET").upper(),
        path=scope["path"],
        query=scope.get("query_string", b""),
        headers=headers,
        address="" if client is None else str(client[0]),
        is_socket=scope["type"] == "websocket",
    )
