"""Somebody who is told of alerts: a webhook and a mail server, in threads of their own."""

from __future__ import annotations

import asyncio
import email
import email.policy
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP

from logboom.clock import SystemClock

Told = list[tuple[float, Any]]
"""What came, each with its time, in seconds of the monotonic clock."""


@dataclass
class Listening:
    """What was heard, and where.

    Attributes:
        hook: Address of the webhook.
        mail_port: Of the mail server.
        posted: JSON documents that the webhook took.
        mails: Subjects, and the kinds of their parts.
        status: What the webhook answers; 0: it takes it, and the answer is lost.
        before: Called when something has come to the webhook, before it answers.
        after: Called when it has answered.
    """

    hook: str
    mail_port: int
    posted: Told = field(default_factory=list)
    mails: Told = field(default_factory=list)
    status: Callable[[], int] = lambda: 204
    before: Callable[[], None] = lambda: None
    after: Callable[[], None] = lambda: None

    def settings(self, alertmanager: str, rules: Path, **route: Any) -> dict[str, Any]:
        """The section `alerts` that has everything told to both, and to an Alertmanager.

        Args:
            alertmanager: Its address.
            rules: A file of rules.
            route: Settings of the route, beside its receivers.
        """
        mail = {
            "host": "127.0.0.1", "port": self.mail_port, "security": "none",
            "sender": "logboom@example.org", "to": ["oncall@example.org"],
        }  # fmt: skip
        kinds: dict[str, Any] = {"webhook": self.hook, "email": mail, "alertmanager": alertmanager}
        routes = [{"receiver": kind, "continue": True} for kind in kinds]
        return {
            "rules": [str(rules)],
            "receivers": [
                {"name": kind, kind: how, "allow_private": True} for kind, how in kinds.items()
            ],
            "route": {"receiver": "webhook", "routes": routes, **route},
        }

    def at(self, told: Told, word: str) -> float | None:
        """When the first came whose text contains a word; None when none did."""
        return next((time for time, one in told if word in json.dumps(one)), None)


@contextmanager
def listening() -> Iterator[Listening]:
    """Both servers, on free ports of loopback."""
    clock, loop = SystemClock(), asyncio.new_event_loop()
    heard = Listening("", 0)

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            body = self.rfile.read(length)
            if len(body) < length:  # whoever sends it is dead
                return
            status = heard.status()
            if status < 300:
                heard.posted.append((clock.monotonic(), json.loads(body)))
            heard.before()
            if not status:
                return
            with suppress(ConnectionError):  # whoever asked is dead
                self.send_response(status)
                self.end_headers()
            heard.after()

        def log_message(self, *_arguments: Any) -> None:
            return

    class Mailbox:
        async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
            mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
            parts = [part.get_content_type() for part in mail.walk()]
            heard.mails.append((clock.monotonic(), {"subject": mail["Subject"], "parts": parts}))
            return "250 OK"

    web = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    heard.hook = f"http://127.0.0.1:{web.server_address[1]}/alerts"
    mail = loop.run_until_complete(
        loop.create_server(lambda: SMTP(Mailbox(), loop=loop), "127.0.0.1", 0)
    )
    heard.mail_port = mail.sockets[0].getsockname()[1]
    threads = [
        threading.Thread(target=web.serve_forever),
        threading.Thread(target=loop.run_forever),
    ]
    for thread in threads:
        thread.start()
    try:
        yield heard
    finally:
        web.shutdown()
        web.server_close()
        loop.call_soon_threadsafe(loop.stop)
        for thread in threads:
            thread.join()
        mail.close()
        loop.run_until_complete(mail.wait_closed())
        loop.close()
