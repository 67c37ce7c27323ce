"""What does Elasticsearch take when there is nothing but prepared bulk bodies?

They are the very bodies that the processor would send: the same fields, templates and settings, made
beforehand by the shipper's and the processor's own code.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

import httpx

from logboom.broker.port import ConsumedBatch, Message
from logboom.clock import SystemClock
from logboom.config import Config, ElasticsearchSection, FileInput
from logboom.elastic.client import Client
from logboom.elastic.server import ask_server
from logboom.event import IndexDays
from logboom.native import native_library
from logboom.store import Document, Outcome
from logboom.store.elastic import open_elasticsearch
from logboom.store.elastic.bodies import BodyMaker, fronts
from logboom.store.elastic.names import IndexNames
from processor.preparing import Preparer
from shipper.trying import try_events

_PATTERN = "bench-prepared-%Y.%m.%d"
_PIECE_BYTES = 1 << 20
_WAIT_S = 120


class PreparedBodies:
    """The events of a file as bulk bodies, to be sent as often as is wanted.

    Args:
        url: Of Elasticsearch.
        path: The file.
    """

    def __init__(self, url: str, path: Path) -> None:
        self._url = url
        self._section = ElasticsearchSection(urls=[url])
        self._documents = prepared_documents(path)
        names = IndexNames(_PATTERN)
        spell = not asyncio.run(_cuts_words(self._section))
        maker = BodyMaker(
            self._documents, fronts(self._documents, names), spell=spell, refuse=_refuse
        )
        # The first one is written by the store itself, which makes the index as for the pipeline.
        rest = range(1, len(self._documents))
        self._bodies = [
            body.content for body in maker.bodies(rest, lambda: self._section.bulk_bytes)
        ]
        self._indices = {names.of(document.day) for document in self._documents}

    def rate(self) -> float:
        """Sends all of them, as many at once as the store does; events per second until found.

        The indices are deleted afterwards.
        """
        return asyncio.run(self._rate())

    async def _rate(self) -> float:
        await self._make_indices()
        async with httpx.AsyncClient(
            base_url=self._url, timeout=_WAIT_S, trust_env=False
        ) as client:
            begun = time.perf_counter()
            await self._send(client)
            await _posted(client, "/_refresh")
            took_s = time.perf_counter() - begun
            for name in self._indices:
                (await client.delete(f"/{name}")).raise_for_status()
        return (len(self._documents) - 1) / took_s

    async def _make_indices(self) -> None:
        config = Config(index=_PATTERN, store=self._section)
        store = await open_elasticsearch(self._section, config, SystemClock())
        writer = await store.writer()
        if list(await writer.write(self._documents[:1])) != [Outcome.STORED]:
            raise RuntimeError("the first event was not stored")
        await writer.close()
        await store.close()

    async def _send(self, client: httpx.AsyncClient) -> None:
        places = asyncio.Semaphore(self._section.bulk_concurrency)

        async def send(body: bytes) -> None:
            async with places:
                answer = await _posted(client, "/_bulk?filter_path=errors", body)
                if answer.json()["errors"]:
                    raise RuntimeError("Elasticsearch refused some of the prepared events")

        await asyncio.gather(*(send(body) for body in self._bodies))


def prepared_documents(path: Path) -> Sequence[Document]:
    """A file's events as the processor hands them to the store."""
    clock = SystemClock()
    config = Config(inputs=[FileInput(path=[str(path)])])
    with path.open("rb") as file:
        pieces = iter(lambda: file.read(_PIECE_BYTES), b"")
        tried = try_events(
            FileInput(path=[str(path)]), config, path=str(path), pieces=pieces, clock=clock
        )
        messages = [Message(b"", event.value) for event in tried]
    batch = ConsumedBatch(0, range(len(messages)), messages)
    return (
        Preparer(IndexDays(config.retention.keep), clock, native_library())
        .prepare([batch])
        .documents
    )


async def _cuts_words(section: ElasticsearchSection) -> bool:
    client = Client(section, SystemClock())
    try:
        return (await ask_server(client)).cuts_words
    finally:
        await client.close()


async def _posted(client: httpx.AsyncClient, path: str, body: bytes = b"") -> httpx.Response:
    answer = await client.post(path, content=body, headers={"content-type": "application/x-ndjson"})
    return answer.raise_for_status()


def _refuse(number: int, reason: str) -> None:
    raise RuntimeError(f"event {number} cannot be sent: {reason}")
