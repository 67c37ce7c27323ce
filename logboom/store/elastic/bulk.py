"""Writing: bulk requests, every item's answer read, only what failed tried again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Sequence
from typing import Any

import orjson

from logboom.errors import StoreError, StoreUnavailable
from logboom.retrying import Backoff
from logboom.store.elastic.client import Client
from logboom.store.elastic.names import IndexNames
from logboom.store.port import Document, Outcome, Rejected

log = logging.getLogger("logboom.store")

_PATIENCE_TRIES = 6
_LATER = frozenset({429, 502, 503, 504})

_Answer = Outcome | Rejected


class BulkWriter:
    """Writes documents with `op_type=create`: one that is there already is a duplicate, not an error.

    Args:
        client: The way to Elasticsearch.
        names: Of the day indices.
        max_bytes: About the size of one request.
        concurrency: Requests under way at once.
    """

    def __init__(
        self, client: Client, names: IndexNames, *, max_bytes: int, concurrency: int
    ) -> None:
        self._client = client
        self._names = names
        self._max_bytes = max_bytes
        self._places = asyncio.Semaphore(concurrency)

    async def write(self, documents: Sequence[Document]) -> Sequence[_Answer]:
        """See `StoreWriter.write`."""
        answers: list[_Answer | None] = [None] * len(documents)
        try:
            async with asyncio.TaskGroup() as tasks:
                for numbers, body in self._bodies(documents):
                    await self._places.acquire()
                    tasks.create_task(self._send(documents, numbers, body, answers))
        except* StoreError as group:
            failures = [error for error in group.exceptions if isinstance(error, StoreError)]
            raise failures[0] from None
        return [answer for answer in answers if answer is not None]

    def _bodies(self, documents: Sequence[Document]) -> Iterator[tuple[list[int], bytes]]:
        heads: dict[object, bytes] = {}
        numbers: list[int] = []
        parts: list[bytes] = []
        size = 0
        dumps = orjson.dumps
        for number, document in enumerate(documents):
            head = heads.get(document.day)
            if head is None:
                index = self._names.of(document.day)
                head = heads[document.day] = b'{"create":{"_index":%s,"_id":' % dumps(index)
            source = dumps(document.event)
            parts += (head, dumps(document.id), b"}}\n", source, b"\n")
            numbers.append(number)
            size += len(source) + 90
            if size >= self._max_bytes:
                yield numbers, b"".join(parts)
                numbers, parts, size = [], [], 0
        if numbers:
            yield numbers, b"".join(parts)

    async def _send(
        self, documents: Sequence[Document], numbers: list[int], body: bytes,
        answers: list[_Answer | None],
    ) -> None:  # fmt: skip
        try:
            backoff = Backoff(first_s=0.1, most_s=10.0)
            while numbers:
                items = await self._try(body, backoff)
                numbers = _sort_out(items, numbers, answers)
                if numbers:
                    await self._again(backoff, f"{len(numbers)} events were put off")
                    body = b"".join(self._body_of(documents, numbers))
        finally:
            self._places.release()

    async def _try(self, body: bytes, backoff: Backoff) -> Sequence[Any]:
        while True:
            try:
                answer = await self._client.bulk(body)
            except StoreUnavailable as error:
                await self._again(backoff, error.what)
            else:
                items: Sequence[Any] = answer["items"]
                return items

    async def _again(self, backoff: Backoff, why: str) -> None:
        if backoff.tries >= _PATIENCE_TRIES:
            raise StoreUnavailable(
                f"Elasticsearch takes nothing: {why}", where=self._client.address
            )
        await backoff.wait()

    def _body_of(self, documents: Sequence[Document], numbers: Sequence[int]) -> Iterator[bytes]:
        for _, body in self._bodies([documents[number] for number in numbers]):
            yield body

    async def close(self) -> None:
        """See `StoreWriter.close`."""


def _sort_out(
    items: Sequence[Any], numbers: Sequence[int], answers: list[_Answer | None]
) -> list[int]:
    """Reads every item's answer; gives the numbers of those to be tried again."""
    later: list[int] = []
    for number, item in zip(numbers, items, strict=True):
        answer = item["create"]
        status = answer["status"]
        if status == 201:
            answers[number] = Outcome.STORED
        elif status == 409:
            answers[number] = Outcome.DUPLICATE
        elif status in _LATER:
            later.append(number)
        else:
            answers[number] = Rejected(_reason(status, answer.get("error", {})))
    return later


def _reason(status: int, error: dict[str, Any]) -> str:
    text = f"{status} {error.get('type', '')}: {error.get('reason', '')}"
    inner = error.get("caused_by", {}).get("reason")
    return " ".join((f"{text}: {inner}" if inner else text).split())[:1000]
