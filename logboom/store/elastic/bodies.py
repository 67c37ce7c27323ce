"""What is sent to store documents: bulk bodies, made of bytes and touched once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import orjson

from logboom.event import decode_json, is_slow
from logboom.store.elastic.names import IndexNames
from logboom.store.elastic.spelling import spelled
from logboom.store.port import Document

LONGEST_ID_BYTES = 512
"""Elasticsearch refuses a whole bulk request for one longer id."""

_HALVES_OF_PAIRS = (b"\\ud", b"\\uD")  # escapes that may lack their other half
_ACTION_BYTES = 16  # of an action line, besides head and id


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
        names: Of the day indices.
        spell: Send the words of the texts along (see `spelling`).
        refuse: Called with the number of a document that cannot be sent, and the reason.
    """

    def __init__(
        self, documents: Sequence[Document], names: IndexNames, *, spell: bool,
        refuse: Callable[[int, str], None],
    ) -> None:  # fmt: skip
        self._documents = documents
        self._refuse = refuse
        self._spell = spell
        days = {document.day for document in documents}
        self._heads = {
            day: b'{"create":{"_index":%s,"_id":' % orjson.dumps(names.of(day)) for day in days
        }

    def bodies(self, numbers: Sequence[int], max_bytes: Callable[[], int]) -> Iterator[Body]:
        """Cuts documents into bodies, lazily.

        Args:
            numbers: Which documents.
            max_bytes: Asked before each body: about how large it may be. One document always fits.
        """
        taken: list[int] = []
        parts: list[bytes] = []
        size, most = 0, max_bytes()
        documents, heads, spell = self._documents, self._heads, self._spell
        lower, upper = _HALVES_OF_PAIRS
        for number in numbers:
            document = documents[number]
            head = heads[document.day]
            source = document.value
            try:
                if lower in source or upper in source or is_slow(source):
                    source = _plain(source)
                if spell:
                    source = source[:-1] + spelled(document) + b"}"
            except (TypeError, ValueError, RecursionError) as error:
                self._refuse(number, f"it cannot be read back: {error}")
                continue
            identity = orjson.dumps(document.id)
            length = len(head) + len(source) + len(identity) + _ACTION_BYTES
            if size + length > most and taken:
                yield Body(taken, b"".join(parts))
                taken, parts, size, most = [], [], 0, max_bytes()
            taken.append(number)
            parts += (head, identity, b"}}\n", source, b"\n")
            size += length
        if taken:
            yield Body(taken, b"".join(parts))


def _plain(value: bytes) -> bytes:
    """The same event as JSON that everybody reads.

    Raises:
        TypeError: It has numbers beyond 64 bits, or unpaired surrogates.
        ValueError: It is no JSON.
        RecursionError: It is too deep.
    """
    return orjson.dumps(decode_json(value))


def unsendable(document: Document) -> str | None:
    """Why a document's id makes Elasticsearch refuse all that is sent along; None when it does not."""
    name = document.id
    if not name:
        return "its id is empty"
    if len(name) > LONGEST_ID_BYTES // 4 and len(name.encode()) > LONGEST_ID_BYTES:
        return f"its id has more than {LONGEST_ID_BYTES} bytes"
    return None
