"""The HTTP input as a part of the shipper."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import uvicorn

from logboom.certificates import server_context
from logboom.clock import Clock
from logboom.config import FileInput, HttpInput
from logboom.connections import BoundedConnection
from logboom.serving import Server, listen
from shipper.framing.spooled import spooled
from shipper.inputs.http.bulk import BulkSpeaker
from shipper.inputs.http.delivery import Delivery
from shipper.inputs.http.exchange import Exchange, Limits, Way
from shipper.inputs.http.keys import Keys
from shipper.inputs.http.loki import LokiSpeaker
from shipper.inputs.http.otlp import OtlpSpeaker
from shipper.inputs.http.speaking import Speaker
from shipper.inputs.port import InputStatus
from shipper.inputs.spool import Spool

_LAST_ANSWERS_S = 3
_IDLE_CONNECTION_S = 75
_CONNECTIONS = 2048
_GROWTH = 8
"""A body's events take so many times its size at most: labels and resources go into each."""


class HttpReceiver:
    """Listens, and appends what it receives to a spool per protocol.

    Args:
        section: The input as configured.
        folder: Holds the spools.
        clock: For their names, and for durations.
    """

    def __init__(self, section: HttpInput, folder: Path, clock: Clock) -> None:
        self._section = section
        self._folder = folder
        self._clock = clock
        room = _GROWTH * section.max_body_bytes
        bulk, otlp, loki = (
            self._way(speaker)
            for speaker in (
                BulkSpeaker(max_bytes=room, splits=section.format not in {"auto", "json"}),
                OtlpSpeaker(max_bytes=room), LokiSpeaker(max_body_bytes=section.max_body_bytes, max_bytes=room),
            )
        )  # fmt: skip
        self._deliveries = [way.delivery for way in (bulk, otlp, loki)]
        self._exchange = Exchange(
            bulk=bulk, otlp=otlp, loki=loki,
            keys=Keys([key.get_secret_value() for key in section.api_keys]),
            limits=Limits(
                body_bytes=section.max_body_bytes, requests=section.max_requests,
                patience_s=section.timeout.total_seconds(),
            ),
            clock=clock,
        )  # fmt: skip

    @property
    def spools(self) -> Sequence[Spool]:
        """One for each protocol."""
        return [delivery.spool for delivery in self._deliveries]

    def status(self) -> InputStatus:
        """Requests and events so far."""
        return InputStatus(counters=dict(self._exchange.counts))

    async def run(self, stop: asyncio.Event) -> None:
        """See `NetworkInput.run`."""
        tls = self._section.tls
        context = None if tls is None else server_context(tls, where=f"http: {self._section.http}")
        listener = listen(self._section.http, mend="choose another address for `http`")
        settings = uvicorn.Config(
            self._exchange, log_config=None, access_log=False, lifespan="off", ws="none",
            server_header=False, http=BoundedConnection, limit_concurrency=_CONNECTIONS,
            timeout_keep_alive=_IDLE_CONNECTION_S, timeout_graceful_shutdown=_LAST_ANSWERS_S,
        )  # fmt: skip
        settings.load()
        settings.ssl = context
        server = Server(settings)
        try:
            for delivery in self._deliveries:
                delivery.open()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(server.serve(sockets=[listener]))
                await stop.wait()
                server.should_exit = True
        finally:
            for delivery in self._deliveries:
                delivery.close()

    def _way(self, speaker: Speaker) -> Way:
        section, folder = self._section, self._folder / speaker.name
        files: FileInput = spooled(section, service=section.service or speaker.name)
        if isinstance(speaker, BulkSpeaker) and not speaker.splits:
            files = _of_json_lines(files)
        spool = Spool(folder, files, self._clock, max_bytes=section.max_spool_bytes)
        patience_s = section.timeout.total_seconds()
        return Way(speaker, Delivery(spool, folder, self._clock, patience_s=patience_s))


def _of_json_lines(section: FileInput) -> FileInput:
    """The same without envelopes: every line is a document."""
    names = FileInput.model_fields.keys() & type(section).model_fields.keys() - {"kind"}
    shared = {name: getattr(section, name) for name in names}
    return FileInput(**shared | {"format": "json", "patterns": [], "columns": []})
