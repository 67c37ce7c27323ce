"""Lines that are no events, as a spoilt dictionary without a checksum gives, are told as damage of their day."""

from __future__ import annotations

from pathlib import Path

import pytest

from logboom.errors import StoreDamaged
from logboom.query.model import MatchAll
from logboom.store import SearchRequest
from logboom.store.local import LocalStore
from logboom.store.local.documents import DocumentWriter
from tests.unit.store_local.samples import DAY, document, documents
from tests.unit.store_local.stores import day_folder, opened, write_and_close

NAME = documents(1)[0].id.encode()
GARBAGE = [
    b'{"event":{"id":]]',
    b"[]",
    b'["only a name"]',
    b'["a name",7]',
    b"7",
    b'{"event":1}',
    b"\xff",
    b'{"event":{"id":"%b"},"message":"\xff\xfe"}' % NAME,
    b'{"event":{"id":"%b"},"\xe4":1}' % NAME,
    b'{"event":{"id":"%b"},"message":"' % NAME,
]


async def with_garbage(data: Path, line: bytes) -> LocalStore:
    """A store with three events, of which the first gives this line."""
    await write_and_close(data, documents(3))
    for name in ("documents.zst", "documents.idx"):
        (day_folder(data) / name).unlink()
    writer = DocumentWriter(day_folder(data))
    writer.append([line, *(one.value for one in documents(3)[1:])])
    writer.close()
    return opened(data)


async def test_a_line_that_is_no_event_sets_the_day_aside_when_it_is_indexed(
    tmp_path: Path,
) -> None:
    for at, line in enumerate(GARBAGE):
        data = tmp_path / str(at)
        await write_and_close(data, documents(10))
        writer = DocumentWriter(day_folder(data))
        writer.append([line])
        writer.close()
        store = opened(data)
        await (await store.writer()).close()
        assert "logs-2026.03.14-1 is damaged and set aside" in await store.check()
        await store.close()


@pytest.mark.parametrize("line", GARBAGE)
async def test_a_search_answers_with_the_others(tmp_path: Path, line: bytes) -> None:
    store = await with_garbage(tmp_path, line)
    page = await store.search(SearchRequest(MatchAll(), limit=10))
    assert [event["message"] for event in page.events] == ["event number 2", "event number 1"]
    assert "logs-2026.03.14: an event cannot be read" in page.warnings[0]
    await store.close()


@pytest.mark.parametrize("line", GARBAGE)
async def test_whoever_wants_just_that_event_or_all_is_told(tmp_path: Path, line: bytes) -> None:
    store = await with_garbage(tmp_path, line)
    with pytest.raises(StoreDamaged, match=r"logs-2026\.03\.14: an event cannot be read"):
        await store.get(NAME.decode())
    with pytest.raises(StoreDamaged, match=r"logs-2026\.03\.14: an event cannot be read"):
        _ = [piece async for piece in store.read_day(DAY)]
    await store.close()


@pytest.mark.parametrize("line", GARBAGE)
async def test_what_arrives_is_followed_without_it(tmp_path: Path, line: bytes) -> None:
    store = await with_garbage(tmp_path, line)
    arrived = await store.arrivals.after("0-0-", most=10, most_waiting=10)
    assert [one.id for one in arrived.arrivals] == [document(1).id, document(2).id]
    await store.close()
