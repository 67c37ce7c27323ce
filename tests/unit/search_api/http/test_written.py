"""Events are answered as they are stored: the same as if they were read and written anew."""

from __future__ import annotations

import json
from datetime import date
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from logboom.event import Event
from logboom.store import Document
from logboom.store.local.serial import encode, event_of, id_of
from logboom.store.stored_events import StoredEvents, joined_with_ids, with_id
from search_api.searching.asking import shown, written
from tests.api_world import served

DAY = date(2026, 11, 21)
USUAL: Event = {
    "@timestamp": "2026-11-21T12:00:00.000Z",
    "event": {"id": "0123456789ab000000000001", "created": "2026-11-21T12:00:00.000Z"},
    "message": 'said "_i\\d" 오류 \x00',
    "attributes": {"a": [1, {"b": None}], "n": 1.5, "large": 2**63},
}


def line_of(event: Event, name: str = "0123456789ab000000000001") -> bytes:
    return encode(Document.of(name, DAY, event))


LINES = {
    "usual": line_of(USUAL),
    "its id is not its own": line_of({**USUAL, "event": {"id": "another"}}),
    "without an id": line_of({"@timestamp": USUAL["@timestamp"], "message": ""}),
    "a field of that name": line_of({**USUAL, "_id": "mine"}),
    "a text with that name": line_of({**USUAL, "message": '"_id":"mine"'}),
}


def stored(*lines: bytes) -> StoredEvents[bytes]:
    return StoredEvents(lines, lambda line: with_id(id_of(line), line, event_of), event_of)


@pytest.mark.parametrize("fields", [[], ["message", "large"]])
@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
def test_it_is_the_same_as_read_and_written_anew(line: bytes, fields: list[str]) -> None:
    (text,) = written(stored(line), fields)

    def pairs(members: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len({name for name, _ in members}) == len(members)
        return dict(members)

    event = event_of(line)
    again = shown(event, fields) if fields else {"_id": id_of(line), **event}
    assert json.loads(text, object_pairs_hook=pairs) == again


@pytest.mark.parametrize("count", range(len(LINES) + 1))
def test_a_list_has_what_each_of_its_events_is_written_as(count: int) -> None:
    for lines in combinations((b"{}", *LINES.values()), count):
        names = [f"id-{number}" for number in range(count)]
        each = [with_id(name, line, read) for name, line in zip(names, lines, strict=True)]
        assert joined_with_ids(names, lines, read) == b",".join(each)


def read(line: bytes) -> Event:
    return {} if line == b"{}" else event_of(line)


@pytest.mark.parametrize(
    "route",
    [
        "search", "search?fields=message,n", "events/{id}", "events/{id}/context", "traces/abc",
        "export", "export?format=csv&fields=message,n", "patterns", "fields", "facets?field=service",
        "histogram?by=service&from=now-1h", "../../es/_search", "../../es/_field_caps",
    ],
)  # fmt: skip
async def test_what_no_text_and_no_number_is_gets_answered(tmp_path: Path, route: str) -> None:
    name = "0123456789ab000000000001"
    odd: Event = {
        "@timestamp": "2026-11-21T11:59:00.000Z",
        "event": {"id": name, "created": "2026-11-21T11:59:00.000Z"},
        "message": "half a pair: \ud83d",
        "log": {"source": "0123456789ab", "offset": 1, "file": {"path": "/x"}},
        "service": {"name": "half \ud83d"},
        "trace": {"id": "abc"},
        "attributes": {"n": 2**70, "half \ud83d": "a \ud83d"},
    }
    async with served(tmp_path) as world:
        await world.write([Document.of(name, DAY, odd)])
        answer = await world.api.get(f"/api/v1/{route.format(id=name)}")
    assert answer.status_code == 200, answer.text
    if "csv" in route:
        assert f"{name},half a pair: \\ud83d,{2**70}" in answer.text
    elif route in {"search", "export"}:
        assert str(2**70) in answer.text
        (found,) = answer.json()["events"] if route == "search" else [answer.json()]
        assert found == {"_id": name, **odd}


def test_stored_events_are_a_sequence_of_events() -> None:
    first, second = line_of(USUAL), line_of({**USUAL, "message": "second"})
    both = stored(first, second)
    assert (len(both), both[1]["message"], [one["message"] for one in both][1]) == (
        2, "second", "second",
    )  # fmt: skip
    assert both == [event_of(first), event_of(second)]
    assert both != [event_of(first)]
    assert list(both[1:]) == [event_of(second)]
    assert both[-1] is both[1]
