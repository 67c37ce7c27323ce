"""What is sent to store documents: bulk bodies, made of bytes and touched once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import orjson

from logboom.event import decode_json, is_slow
from logboom.store.elastic.names import IndexNames
from logboom.store.elastic.spelling import respelled, spelled
from logboom.store.values import Document, Outcome, Rejected

LONGEST_ID_BYTES = 512
"""Elasticsearch refuses a whole bulk request for one longer id."""

_SURELY_SHORT = LONGEST_ID_BYTES // 4  # characters, of four bytes at most
_HALVES_OF_PAIRS = (b"\\ud", b"\\uD")  # escapes that may lack their other half


@dataclass(frozen=True, slots=True)
class Body:
    """A bulk request.

    Attributes:
        numbers: Which documents of the write are in it, in their order.
        content: NDJSON: for each document a `create` action and its source.
    """

    numbers: Sequence[int]
    content: bytes


class BodyMaker:
    """Makes bulk bodies of the documents of one write.

    Args:
        documents: Of the write.
        fronts: Of the actions of each day: `fronts`.
        spell: Send the words of all texts along (see `spelling`).
        refuse: Called with the number of a document that cannot be sent, and the reason.
        ready: The lines of each that were made before; empty ones are made here. None: all are.
    """

    def __init__(
        self, documents: Sequence[Document], fronts: Mapping[date, bytes], *, spell: bool,
        refuse: Callable[[int, str], None], ready: Sequence[bytes] | None = None,
    ) -> None:  # fmt: skip
        self._documents = documents
        self._fronts = fronts
        self._refuse = refuse
        self._spell = spell
        self._ready = ready or [b""] * len(documents)

    def bodies(self, numbers: Sequence[int], max_bytes: Callable[[], int]) -> Iterator[Body]:
        """Cuts documents into bodies, lazily.

        Args:
            numbers: Which documents.
            max_bytes: Asked before each body: about how large it may be. One document always fits.
        """
        taken: list[int] = []
        parts: list[bytes] = []
        size, most = 0, max_bytes()
        ready = self._ready
        for number in numbers:
            lines = ready[number] or self._made(number)
            length = len(lines)
            if not length:
                continue
            if size + length > most and taken:
                yield Body(taken, b"".join(parts))
                taken, parts, size, most = [], [], 0, max_bytes()
            taken.append(number)
            parts.append(lines)
            size += length
        if taken:
            yield Body(taken, b"".join(parts))

    def _made(self, number: int) -> bytes:
        """The lines of a document; empty when it is refused."""
        document = self._documents[number]
        source = document.value
        lower, upper = _HALVES_OF_PAIRS
        try:
            if lower in source or upper in source or is_slow(source):
                source = _plain(source)
            words = spelled(document) if self._spell else respelled(document)
            if words:
                source = source[:-1] + words + b"}"
        except (TypeError, ValueError, RecursionError) as error:
            self._refuse(number, f"it cannot be read back: {error}")
            return b""
        identity = orjson.dumps(document.id)
        return b"".join((self._fronts[document.day], identity, b"}}\n", source, b"\n"))


def fronts(documents: Sequence[Document], names: IndexNames) -> Mapping[date, bytes]:
    """The action of a document up to its id, by its day.

    Args:
        documents: Of one write.
        names: Of the day indices.
    """
    days = {document.day for document in documents}
    return {day: b'{"create":{"_index":%s,"_id":' % orjson.dumps(names.of(day)) for day in days}


def _plain(value: bytes) -> bytes:
    """The same event as JSON that everybody reads.

    Raises:
        TypeError: It has numbers beyond 64 bits, or unpaired surrogates.
        ValueError: It is no JSON.
        RecursionError: It is too deep.
    """
    return orjson.dumps(decode_json(value))


def sendable(
    documents: Sequence[Document], answers: dict[int, Outcome | Rejected]
) -> tuple[list[int], dict[int, int]]:
    """Which documents of a write are sent, and which others repeat one of them.

    Args:
        documents: All of the write.
        answers: By number: gets those of the documents that cannot be sent.

    Returns:
        Numbers, ascending; for each number of a repetition, that of the first.
    """
    ids = [document.id for document in documents]
    if len(set(ids)) == len(ids) and all(map(_is_short, ids)):
        return list(range(len(ids))), {}
    first: dict[tuple[date, str], int] = {}
    repeated: dict[int, int] = {}
    numbers: list[int] = []
    for number, document in enumerate(documents):
        before = first.setdefault((document.day, document.id), number)
        if before != number:
            repeated[number] = before
            continue
        reason = unsendable(document)
        if reason is None:
            numbers.append(number)
        else:
            answers[number] = Rejected(reason)
    return numbers, repeated


def _is_short(name: str) -> bool:
    return 0 < len(name) <= _SURELY_SHORT


def unsendable(document: Document) -> str | None:
    """Why a document's id makes Elasticsearch refuse all that is sent along; None when it does not."""
    name = document.id
    if not name:
        return "its id is empty"
    if len(name) > _SURELY_SHORT and len(name.encode()) > LONGEST_ID_BYTES:
        return f"its id has more than {LONGEST_ID_BYTES} bytes"
    return None
