"""Lines of bulk requests are the same, whether the compiled part or Python makes them."""

from __future__ import annotations

import asyncio
import threading
from array import array
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logboom.event import event_id
from logboom.native import Library
from logboom.store import Document
from logboom.store.elastic.attribute_paths import AttributePaths, Kind
from logboom.store.elastic.bodies import BodyMaker, fronts
from logboom.store.elastic.lines import Lines, make_lines
from logboom.store.elastic.names import IndexNames

DAY = date(2026, 11, 21)
NAMES = IndexNames("logs-%Y.%m.%d")
RUN = "mp2851rqn1642"
SCALARS = st.none() | st.booleans() | st.integers(-5, 5) | st.floats(-9, 9) | st.text(max_size=5)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab.", max_size=3), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
TEXTS = st.text() | st.text(st.characters(max_codepoint=127)) | st.text("a é\u0301\uff25가\u1161")


def value_of(offset: int, /, **fields: Any) -> bytes:
    """An event as the processor hands it to the store."""
    created = "2026-11-21T07:00:00.116Z"
    about = {"id": event_id(RUN, offset), "created": created, "ingested": created}
    event: dict[str, Any] = {
        "@timestamp": "2026-11-21T06:24:28.566Z",
        "event": about,
        "log": {"source": RUN, "offset": offset, "level": "info"},
        "message": "Order-7 is DONE, it says\t",
        "attributes": {"seq": 1, "region": "eu"},
    }
    return orjson.dumps({k: v for k, v in (event | fields).items() if v is not None})


def document(offset: int, value: bytes | None = None, day: date = DAY, **fields: Any) -> Document:
    return Document(event_id(RUN, offset), day, value or value_of(offset, **fields))


def made_of(library: Library, documents: Sequence[Document]) -> Lines:
    """What the compiled part makes of them, without words."""
    return asyncio.run(make_lines(documents, fronts(documents, NAMES), library, spell=False))


def held_to_python(
    library: Library, documents: Sequence[Document], *, spell: bool
) -> Sequence[bool]:
    """Which lines the compiled part made; they are those that Python makes."""
    heads, refused = fronts(documents, NAMES), dict[int, str]()
    made = asyncio.run(make_lines(documents, heads, library, spell=spell))
    maker = BodyMaker(documents, heads, spell=spell, refuse=refused.__setitem__)
    lines = {body.numbers[0]: body.content for body in maker.bodies(range(len(documents)), int)}
    for number, one in enumerate(made.lines):
        if one:
            assert one == lines[number]
    found, looked = AttributePaths(), AttributePaths()
    assert found.unknown(documents, made.shapes) == looked.unknown(documents)
    assert found.unknown(documents, made.shapes) == looked.unknown(documents) == {}
    return [bool(one) for one in made.lines]


@given(
    st.lists(st.tuples(TEXTS, st.dictionaries(st.text("ab.", max_size=3), VALUES, max_size=4)), max_size=8),
    st.booleans(),
)  # fmt: skip
def test_lines_are_those_of_python(
    library: Library, events: list[tuple[str, dict[str, Any]]], spell: bool
) -> None:
    documents = [
        document(n, message=text, attributes=attributes)
        for n, (text, attributes) in enumerate(events)
    ]
    held_to_python(library, documents, spell=spell)


@given(st.binary(max_size=6), st.integers(0, 400), st.booleans())
def test_damaged_events_are_those_of_python_too(
    library: Library, damage: bytes, place: int, spell: bool
) -> None:
    value = value_of(7, message=r"tab \u0009 half a pair \ud83c", error={"detected_by": "level"})
    damaged = value[:place] + damage + value[place + len(damage) :]
    if b"\n" not in damage:
        held_to_python(library, [document(7, damaged), document(8)], spell=spell)


@pytest.mark.parametrize(
    ("fields", "without_words", "with_words"),
    [
        ({}, True, True),
        ({"message": 'a "quoted" path C:\\temp\n'}, True, True),
        ({"message": "caf\u00e9"}, True, False),
        ({"message": "cafe\u0301"}, False, False),
        ({"message": "\uff25\uff32\uff32"}, False, False),
        ({"message": "caf\u00e9", "error": {"message": "\uff25"}}, False, False),
        ({"attributes": {"wide": "\uff25"}}, True, True),
        ({"message": None}, True, False),
        ({"error": {"message": "no stock"}}, True, False),
        ({"error": {"detected_by": "level"}, "tags": ["error"]}, True, True),
        ({"attributes": {"tree": "\u0001"}}, True, True),
        ({"attributes": "none"}, False, False),
        ({"log": {"source": RUN, "offset": 8}}, False, False),
    ],
)
def test_the_compiled_part_makes_the_lines_of_usual_events(
    library: Library, fields: dict[str, Any], without_words: bool, with_words: bool
) -> None:
    documents = [document(7, **fields)]
    assert held_to_python(library, documents, spell=False) == [without_words]
    assert held_to_python(library, documents, spell=True) == [with_words]


def test_documents_of_several_days_and_foreign_ids_come_in_their_order(library: Library) -> None:
    documents = [
        document(1),
        Document("foreign\n-1", DAY, value_of(2)),
        document(3, day=DAY + timedelta(days=1)),
        document(4),
        document(5, message="x" * 40_000),
    ]
    assert held_to_python(library, documents, spell=True) == [True, False, True, True, False]


def test_an_id_that_has_to_be_written_otherwise_is_left_to_python(library: Library) -> None:
    usual = value_of(1)
    for sign in ('"', "\\", "\u0000", "\u007f"):
        name = event_id(RUN, 1).replace("p", sign, 1)
        value = usual.replace(b"mp2851rqn1642", name[:13].encode())
        assert held_to_python(library, [Document(name, DAY, value)], spell=False) == [False]


def test_attributes_of_another_kind_are_another_shape(library: Library) -> None:
    kinds: list[Any] = [1, "1", None, [1], ["1"], {"a": 1}, {"b": 1}, True]
    documents = [document(n, attributes={"k": kind, "n": 1}) for n, kind in enumerate(kinds)]
    documents += [document(100 + n, attributes={"k": kind, "n": 2}) for n, kind in enumerate(kinds)]
    shapes = made_of(library, documents).shapes
    assert shapes[: len(kinds)] == shapes[len(kinds) :]
    assert 0 not in shapes
    assert len(set(shapes)) == len(kinds) - 1  # that it is true or null makes no difference


def test_an_attribute_within_another_is_another_shape_than_one_beside_it(library: Library) -> None:
    beside, within = {"a": {}, "b": {"c": 1}}, {"a": {"b": {}, "c": 1}}
    documents = [document(1, attributes=beside), document(2, attributes=within)]
    made = made_of(library, documents)
    found = AttributePaths().unknown(documents, made.shapes)
    assert found == {DAY: {"a.c": Kind.NUMBER, "b.c": Kind.NUMBER}}


@pytest.mark.parametrize(("count", "letters"), [(4_500, 10), (300, 20_000)])
async def test_lines_are_made_in_small_pieces_beside_the_loop(
    library: Library, monkeypatch: pytest.MonkeyPatch, count: int, letters: int
) -> None:
    pieces: list[int] = []
    threads: set[int] = set()
    actions = library.actions

    def noted(
        sources: Sequence[bytes], ids: Sequence[str], front: bytes, words: tuple[bytes, bytes] | None
    ) -> tuple[list[bytes], array[int]]:  # fmt: skip
        pieces.append(sum(map(len, sources)))
        threads.add(threading.get_ident())
        return actions(sources, ids, front, words)

    monkeypatch.setattr(library, "actions", noted)
    documents = [document(n, message="x" * letters) for n in range(count)]
    made = await make_lines(documents, fronts(documents, NAMES), library, spell=False)
    assert all(made.lines)
    assert len(pieces) > 2
    assert max(pieces) <= 2 * 2**20
    assert threading.get_ident() not in threads
