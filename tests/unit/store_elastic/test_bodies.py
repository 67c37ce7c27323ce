"""Bulk bodies hold each document once, and none that spoils the others."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logboom.query.analysis import folded
from logboom.store import Document
from logboom.store.elastic.bodies import BodyMaker, fronts, unsendable
from logboom.store.elastic.names import IndexNames

NAMES = IndexNames("logs-%Y.%m.%d")
DAYS = [date(2026, 3, 14), date(2026, 3, 15)]


def maker(documents: Sequence[Document], refused: dict[int, str], *, spell: bool) -> BodyMaker:
    return BodyMaker(documents, fronts(documents, NAMES), spell=spell, refuse=refused.__setitem__)


def documents_of(messages: Sequence[str]) -> list[Document]:
    return [
        Document.of(f'id "{n}"', DAYS[n % 2], {"message": text, "attributes": {"n": n}})
        for n, text in enumerate(messages)
    ]


@given(st.lists(st.text(max_size=40), max_size=20), st.integers(1, 600), st.booleans())
def test_the_bodies_hold_every_document_once_in_order(
    messages: list[str], most: int, spell: bool
) -> None:
    documents = documents_of(messages)
    refused: dict[int, str] = {}
    bodies = list(
        maker(documents, refused, spell=spell).bodies(range(len(documents)), lambda: most)
    )
    assert [number for body in bodies for number in body.numbers] == list(range(len(documents)))
    assert not refused
    for body in bodies:
        assert len(body.content) <= most or len(body.numbers) == 1
        lines = body.content.splitlines()
        assert len(lines) == 2 * len(body.numbers)
        for number, action, source in zip(body.numbers, lines[::2], lines[1::2], strict=True):
            document = documents[number]
            assert orjson.loads(action) == {
                "create": {"_index": NAMES.of(document.day), "_id": document.id}
            }
            content = orjson.loads(source)
            message = document.event["message"]
            assert ("logboom" in content) == (spell or folded(message) != message)
            content.pop("logboom", None)
            assert content == document.event


@pytest.mark.parametrize(("value", "reason"), [(2**64, "64-bit"), ("\ud800", "surrogates")])
def test_what_elasticsearch_cannot_read_is_refused_alone(value: Any, reason: str) -> None:
    documents = documents_of(["a", "b", "c"])
    documents[1] = Document.of("bad", DAYS[1], {"message": "b", "attributes": {"bad": value}})
    refused: dict[int, str] = {}
    (body,) = maker(documents, refused, spell=True).bodies(range(3), lambda: 10_000)
    assert list(body.numbers) == [0, 2]
    assert list(refused) == [1]
    assert reason in refused[1]


@pytest.mark.parametrize(
    ("text", "is_sent"),
    [
        (r"\ud83c\udf32", True),
        (r"\uD83C\uDF32", True),
        (r"\ud83c", False),
        (r"\uDF32 \uD83C", False),
    ],
)
def test_half_a_pair_is_recognised_also_where_nobody_decoded_it(text: str, is_sent: bool) -> None:
    value = b'{"message":"a","attributes":{"tree":"%s"}}' % text.encode()
    refused: dict[int, str] = {}
    document = Document("id", DAYS[0], value)
    bodies = list(maker([document], refused, spell=True).bodies([0], lambda: 10_000))
    assert len(bodies) == is_sent
    assert len(refused) != is_sent
    for body in bodies:
        assert orjson.loads(body.content.splitlines()[1])["attributes"] == {"tree": "🌲"}


def test_what_only_looks_hard_to_read_is_sent() -> None:
    document = documents_of(["a"])[0]
    document = Document(document.id, document.day, b" " + document.value)
    refused: dict[int, str] = {}
    (body,) = maker([document], refused, spell=False).bodies([0], lambda: 10_000)
    assert orjson.loads(body.content.splitlines()[1]) == document.event
    assert not refused


@pytest.mark.parametrize(
    ("name", "is_sent"), [("", False), ("x", True), ("x" * 512, True), ("x" * 513, False), ("ä" * 257, False)]
)  # fmt: skip
def test_ids_that_spoil_a_request_are_known(name: str, is_sent: bool) -> None:
    assert (unsendable(Document.of(name, DAYS[0], {})) is None) == is_sent
