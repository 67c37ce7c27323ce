"""Which events are in an answer, without looking into them?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, overload

import msgspec
import orjson

from logboom.event import Event, decode_json, encode_event
from logboom.native import native_library
from logboom.native.values import Hits
from logboom.store.elastic.spelling import OWN, without_spelling
from logboom.store.stored_events import with_id

_OWN_NAME = b'"%s"' % OWN.encode()
_OWN_AT_THE_END = b',"%s":' % OWN.encode()
_TO_OWN = len(_OWN_AT_THE_END)
_ID_NAME = b'"_id"'
_FIRST_NAME = b'{"'
_LINE_BREAK = ord("\n")


class Hit(msgspec.Struct, gc=False):
    """A document that was found.

    Attributes:
        text: What is handed on of it: its event as it was written, with its id in front, as `_id`.
        sort: Its place in the order, as JSON.
    """

    text: bytes
    sort: bytes

    def place(self) -> list[Any]:
        """Its place in the order."""
        values: list[Any] = decode_json(self.sort)
        return values


class CutHits(Sequence[Hit]):
    """Documents that the compiled part has cut out of an answer: each is made only when it is looked at.

    Args:
        cut: What it found.
        answer: Where it did.
        numbers: Which of them these are.
    """

    def __init__(self, cut: Hits, answer: bytes, numbers: range | None = None) -> None:
        self._cut = cut
        self._answer = answer
        self._numbers = range(len(cut.ends)) if numbers is None else numbers

    def joined(self) -> memoryview:
        """The texts of all of them, with commas between."""
        if not self._numbers:
            return memoryview(b"")
        begin, end = self._begin(self._numbers[0]), self._cut.ends[self._numbers[-1]]
        return memoryview(self._cut.text)[begin:end]

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, index: int) -> Hit: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Hit]: ...

    def __getitem__(self, index: int | slice) -> Hit | Sequence[Hit]:
        if isinstance(index, slice):
            numbers = self._numbers[index]
            if numbers.step == 1:
                return CutHits(self._cut, self._answer, numbers)
            return [self._at(number) for number in numbers]
        return self._at(self._numbers[index])

    def _begin(self, number: int) -> int:
        return self._cut.ends[number - 1] + 1 if number else 0

    def _at(self, number: int) -> Hit:
        text = self._cut.text[self._begin(number) : self._cut.ends[number]]
        begin, end = self._cut.places[number]
        return Hit(text, self._answer[begin:end])


class _Document(msgspec.Struct, gc=False):
    id: str = msgspec.field(name="_id")
    sort: msgspec.Raw = msgspec.field(default_factory=lambda: msgspec.Raw(b"[]"))
    source: msgspec.Raw = msgspec.field(name="_source", default=msgspec.Raw(b"{}"))


class _Documents(msgspec.Struct, gc=False):
    hits: list[_Document]
    total: dict[str, Any] = msgspec.field(default_factory=dict)


class _Answer(msgspec.Struct, gc=False):
    hits: _Documents
    shards: dict[str, Any] = msgspec.field(name="_shards")
    timed_out: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """An answer of Elasticsearch's to a search.

    Attributes:
        hits: The documents.
        total: How many match, as Elasticsearch tells it; empty when it was not asked.
        shards: Which of them have answered.
        timed_out: It is not whole.
    """

    hits: Sequence[Hit]
    total: Mapping[str, Any]
    shards: Mapping[str, Any]
    timed_out: bool


_ANSWER = msgspec.json.Decoder(_Answer)
_ONE_VALUE = msgspec.json.Decoder(msgspec.Raw)


def read_found(content: bytes, most: int) -> Found:
    """Reads an answer.

    Args:
        content: As it came.
        most: So many documents were asked for.
    """
    library = native_library()
    cut = None if library is None else library.answers.hits(content, OWN.encode(), most)
    if cut is None:
        answer = _read(content)
        hits: Sequence[Hit] = [Hit(text_of(one), bytes(one.sort)) for one in answer.hits.hits]
    else:
        answer, hits = _read(cut.rest), CutHits(cut, content)
    return Found(hits, answer.hits.total, answer.shards, answer.timed_out)


def _read(content: bytes) -> _Answer:
    try:
        return _ANSWER.decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _read_more(decode_json(content))


def _read_more(answer: Mapping[str, Any]) -> _Answer:
    """An answer with what others read a little more of, such as halves of characters."""
    documents = [
        _Document(one["_id"], *(msgspec.Raw(encode_event(part)) for part in _parts(one)))
        for one in answer["hits"]["hits"]
    ]
    total = answer["hits"].get("total", {})
    return _Answer(_Documents(documents, total), answer["_shards"], answer.get("timed_out", False))


def _parts(hit: Mapping[str, Any]) -> tuple[Any, Any]:
    return hit.get("sort", []), hit.get("_source", {})


def joined(hits: Sequence[Hit]) -> bytes | memoryview:
    """What is handed on of documents, with commas between."""
    return hits.joined() if isinstance(hits, CutHits) else b",".join(one.text for one in hits)


def text_of(document: _Document) -> bytes:
    """What is handed on of a document.

    The usual one is cut in one go; `with_id` and `line_of` do the same for any.
    """
    source = bytes(document.source)
    begin = source.rfind(_OWN_AT_THE_END)
    if (
        begin > 0 and _LINE_BREAK not in source and source.startswith(_FIRST_NAME)
        and source.find(_ID_NAME) < 0 and _is_value(source[begin + _TO_OWN : -1])
    ):  # fmt: skip
        return b'{"_id":%b,%b}' % (orjson.dumps(document.id), source[1:begin])
    return with_id(document.id, line_of(source), event_of)


def read_hit(hit: Hit) -> Event:
    """The event of a document."""
    event: Event = decode_json(hit.text)
    del event["_id"]  # a document of Elasticsearch's has no member of that name
    return event


def line_of(source: bytes) -> bytes:
    """The event of a document as it was written, on one line, without our own object."""
    if _OWN_NAME not in source and _LINE_BREAK not in source:
        return source
    begin = source.rfind(_OWN_AT_THE_END)
    if begin > 0 and _LINE_BREAK not in source and _is_value(source[begin + _TO_OWN : -1]):
        return source[:begin] + b"}"
    return encode_event(event_of(source))


def event_of(line: bytes) -> Event:
    """The event of a document."""
    event: Event = decode_json(line)
    return without_spelling(event)


def _is_value(text: bytes) -> bool:
    """Whether this is one whole value: if so, what is around it is the document's outermost object."""
    try:
        _ONE_VALUE.decode(text)
    except (msgspec.MsgspecError, RecursionError):
        return False
    return True
