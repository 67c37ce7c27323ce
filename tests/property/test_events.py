"""Whatever an application writes, nothing raises, and every value is found again in its event."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logboom.config import FileInput
from logboom.event import IndexDays, source_run
from shipper.events.assembly import Assembler
from shipper.events.normalise import NESTED_OBJECTS
from shipper.events.splicing import Splicer

READ_NS = 1_795_246_020_116_000_000
TIME = "2026-11-21T06:24:28.566Z"
OFTEN = 20
"""So often a line is given that its shape is learnt, if it can be."""

STEPS = ["a", "b", "c", "", "route", "message", "name", "type", "request", "method", "id"]
DECIDED_HERE = {"event": {"id", "created", "ingested"}, "log": {"source", "offset", "file"}}
"""Names of which no application decides on the value."""

steps = st.sampled_from(STEPS)
dotted = st.lists(steps, min_size=1, max_size=4).map(".".join)
objects = sorted(NESTED_OBJECTS | {"attributes", "own", "thrown"})
names = st.one_of(
    st.sampled_from(objects),
    st.tuples(st.sampled_from(objects), dotted).map(".".join),
    dotted,
)
leaves: st.SearchStrategy[Any] = st.sampled_from(["text", 1, [], ["text"], {}, None, True])
bodies = st.recursive(
    leaves, lambda inner: st.dictionaries(dotted, inner, max_size=4), max_leaves=9
)
events = st.dictionaries(names, bodies, min_size=1, max_size=4)


def numbered(value: Any, numbers: Iterator[int]) -> Any:
    """The same with every text another one, which is found again by its number."""
    if isinstance(value, dict):
        return {name: numbered(part, numbers) for name, part in value.items()}
    if isinstance(value, list):
        return [numbered(part, numbers) for part in value]
    return f"<{next(numbers)}>" if value == "text" else value


def is_decided_here(event: dict[str, Any]) -> bool:
    """Whether a name in it is one of those that the shipper decides on."""
    paths = [tuple(".".join(path).split(".")) for path in leaf_paths(event)]
    return any(len(p) > 1 and p[1] in DECIDED_HERE.get(p[0], ()) for p in paths)


def leaf_paths(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The names on the way to each value."""
    if isinstance(value, dict) and value:
        for name, part in value.items():
            yield from leaf_paths(part, (*path, name))
    else:
        yield path


def assembler() -> Assembler:
    return Assembler(
        FileInput(path=["x"], format="json"), source="s", run=source_run("s", 0), epoch=0,
        path="/var/log/app.log", max_event_bytes=100_000, days=IndexDays(timedelta(days=90)),
    )  # fmt: skip


def made_of(lines: list[str]) -> list[bytes]:
    """The events of lines, read twice: what was learnt from the first reading is used in the second."""
    buffer = "".join(f"{line}\n" for line in lines).encode()
    maker = assembler()
    maker.assemble(buffer, offset=0, read_ns=READ_NS, ended=True)
    made = maker.assemble(buffer, offset=len(buffer), read_ns=READ_NS, ended=True)
    return [bytes(message.value) for message in made.messages]


@pytest.mark.parametrize("is_native", [True, False], ids=["compiled", "python"])
@given(written=events)
def test_every_value_is_found_again_in_its_event(is_native: bool, written: dict[str, Any]) -> None:
    if is_decided_here(written):
        return
    line = json.dumps({"timestamp": TIME, "msg": "m", **numbered(written, iter(range(100)))})
    with pytest.MonkeyPatch.context() as patch:
        if not is_native:
            patch.setattr("shipper.events.assembly.native_library", lambda: None)
        values = made_of([line] * OFTEN)
        patch.setattr(Splicer, "_see", lambda *_: None)
        (normalised, *_) = made_of([line] * OFTEN)
    found = values[0].decode()
    for number in range(line.count("<")):
        assert f"<{number}>" in found
    assert "parse_failed" not in found
    assert without_place(values[0]) == without_place(normalised)
    assert len({json.dumps(without_place(value)) for value in values}) == 1


def without_place(value: bytes) -> dict[str, Any]:
    """An event without what differs from line to line."""
    event: dict[str, Any] = orjson.loads(value)
    del event["event"]["id"], event["log"]["offset"]
    return event
