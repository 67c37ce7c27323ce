"""The parts around the evaluator: who leads, how late the pipeline is, signs of life, rules that are kept."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from logboom.clock import ManualClock
from logboom.config import Config, HeartbeatSection
from logboom.errors import ConfigError, StateConflict, StateUnavailable
from logboom.grouping import GROUPS, MERGES
from logboom.query.model import Term
from logboom.state import Record
from logboom.state.local import LocalState
from logboom.store import open_store
from logboom.store.cells import CellsRequest
from search_api.alerts.alert import Alert, AlertState, moment_of
from search_api.alerts.evaluate import Transition
from search_api.alerts.heartbeat import Heartbeat
from search_api.alerts.leading import lead
from search_api.alerts.questions import Due, find, questions_of
from search_api.alerts.rule_files import RuleFiles
from search_api.alerts.rule_keeping import GROUPS as KEPT
from search_api.alerts.rule_keeping import KeptRules
from search_api.alerts.rules import US
from search_api.alerts.seat import seated
from search_api.alerts.source import MemorySource, StoreSource
from search_api.alerts.standing import GroupStanding, Standing
from search_api.alerts.states import Key
from search_api.alerts.telling import alert_of, events_of, shortened
from tests.polling import soon
from tests.unit.search_api.alerts.timeline import START, START_US, at, rule_of
from tests.unit.search_api.alerts.world import World, group_of


async def test_one_of_two_replicas_works_and_the_other_takes_over(tmp_path: Path) -> None:
    clock = ManualClock(START)
    state = LocalState(tmp_path, clock)
    working: list[str] = []

    def replica(name: str) -> asyncio.Task[None]:
        async def work() -> None:
            working.append(name)
            try:
                await asyncio.Event().wait()
            finally:
                working.remove(name)

        return asyncio.create_task(lead(state, clock, name, work, each_s=0.01))

    async def leads(name: str) -> bool:
        return working == [name]

    one = replica("one")
    await soon(lambda: leads("one"), timeout_s=30, what="one leads")
    other = replica("other")

    # A replica that ends in order hands over at once.
    one.cancel()
    await asyncio.wait([one])
    await soon(lambda: leads("other"), timeout_s=30, what="the other takes over")

    # Of one that is silent the lease ends by itself.
    await state.put("leases", "alerts", {"holder": "gone", "until_ns": clock.now_ns() + 15 * 10**9})
    third = replica("third")
    clock.advance(20)

    async def somebody() -> bool:
        return len(working) == 1

    await soon(somebody, timeout_s=30, what="somebody takes over")
    for task in (other, third):
        task.cancel()
    await asyncio.wait([other, third])
    assert working == []
    await state.close()


async def test_a_leader_stops_in_time_while_the_state_is_away(tmp_path: Path) -> None:
    clock = ManualClock(START)
    away, working = asyncio.Event(), asyncio.Event()
    asked: list[str] = []

    class Sometimes(LocalState):
        """A state that can be away."""

        async def get(self, kind: str, key: str) -> Record | None:
            if away.is_set():
                asked.append(key)
                raise StateUnavailable("does not answer")
            return await super().get(kind, key)

    state = Sometimes(tmp_path, clock)

    async def work() -> None:
        working.set()
        try:
            await asyncio.Event().wait()
        finally:
            working.clear()

    async def has_asked() -> bool:
        return len(asked) > 2

    async def is_over() -> bool:
        return not working.is_set()

    leading = asyncio.create_task(lead(state, clock, "one", work, each_s=0.01))
    await working.wait()
    away.set()
    clock.advance(14)
    await soon(has_asked, timeout_s=30, what="it looks at the lease")
    assert working.is_set()
    clock.advance(2)
    await soon(is_over, timeout_s=30, what="it stops")
    leading.cancel()
    await asyncio.wait([leading])
    await state.close()


class Outside(BaseHTTPRequestHandler):
    """Somebody outside."""

    status = 200
    beats = 0

    def do_POST(self) -> None:
        type(self).beats += 1
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *_words: object) -> None:
        """Nothing."""


@pytest.fixture
def outside() -> Iterator[str]:
    Outside.beats, Outside.status = 0, 200
    server = HTTPServer(("127.0.0.1", 0), Outside)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/secret"
    server.shutdown()
    thread.join()
    server.server_close()


async def test_signs_of_life_come_only_while_all_is_well(outside: str) -> None:
    clock = ManualClock(START)
    heart = Heartbeat(HeartbeatSection.model_validate({"url": outside, "every": "60s"}), clock)
    standing = Standing(groups={"g": GroupStanding(1, 15 * US, last_us=START_US)})

    await heart.beat(standing)
    assert Outside.beats == 0  # nothing has been evaluated yet
    standing.success_us = START_US
    await heart.beat(standing)
    await heart.beat(standing)
    assert (Outside.beats, standing.heartbeats) == (1, 1)
    clock.advance(70)
    Outside.status = 500
    await heart.beat(standing)
    assert "secret" not in standing.heartbeat_trouble
    assert (Outside.beats, standing.heartbeats) == (2, 1)
    clock.advance(70)
    await heart.beat(standing)  # the group is late by now
    assert Outside.beats == 2


class Dripping(BaseHTTPRequestHandler):
    """Somebody outside who answers byte by byte."""

    is_over = threading.Event()

    def do_POST(self) -> None:
        with suppress(OSError):  # nobody listens any more
            self.wfile.write(b"HTTP/1.1 204 No Content\r\nx: ")
            for _ in range(100):
                if self.is_over.wait(0.02):
                    break
                self.wfile.write(b"y")
            self.wfile.write(b"\r\n\r\n")

    def log_message(self, *_words: object) -> None:
        """Nothing."""


async def test_a_sign_of_life_takes_its_time_and_no_more() -> None:
    Dripping.is_over.clear()
    server = HTTPServer(("127.0.0.1", 0), Dripping)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    url = f"http://127.0.0.1:{server.server_address[1]}/"
    section = HeartbeatSection.model_validate({"url": url, "every": "60s"})
    standing = Standing(success_us=START_US)

    await Heartbeat(section, ManualClock(START), patience_s=0.3).beat(standing)

    Dripping.is_over.set()
    server.shutdown()
    thread.join()
    server.server_close()
    assert standing.heartbeats == 0
    assert "Timeout" in standing.heartbeat_trouble


async def test_an_engine_works_beside_signs_of_life_that_nobody_can_send(tmp_path: Path) -> None:
    content = group_of({"alert": "One", "when": "count > 0"})
    world = World(tmp_path, content, heartbeat={"url": "http://127.0.0.1:x/", "every": "60s"})
    engine = await world.start()
    await engine.step()
    assert engine.standing.heartbeat_trouble == ""

    running = asyncio.create_task(engine.run(each_s=0.01))

    async def is_told() -> bool:
        return "InvalidURL" in engine.standing.heartbeat_trouble

    await soon(is_told, timeout_s=30, what="the heartbeat was tried")
    assert not running.done()
    names = {one["name"]: one["state"] for one in engine.standing.parts(0)}
    assert names["heartbeat"] == "failing"
    running.cancel()
    await asyncio.wait([running])
    await world.close()


async def test_kept_rules_have_a_history_and_no_lost_changes(tmp_path: Path) -> None:
    state = LocalState(tmp_path, ManualClock(START))
    kept = KeptRules(state, ManualClock(START))

    def content(number: int) -> dict[str, object]:
        return {"name": "g", "rules": [{"alert": "A", "when": f"count > {number}"}]}

    for number in range(1, 205):
        await kept.put(content(number), "key me")
    history = await kept.history("g")
    assert [change.version for change in history] == list(range(204, 4, -1))
    assert history[0].author == "key me"
    assert history[-1].content == content(5)

    done = await asyncio.gather(
        *(kept.put(content(n), "") for n in range(5)), return_exceptions=True
    )
    changed = sum(not isinstance(one, StateConflict) for one in done)
    assert (await kept.history("g"))[0].version == 204 + changed
    with pytest.raises(ConfigError, match="count >= 0 is always true"):
        await kept.put({"name": "g", "rules": [{"alert": "A", "when": "count >= 0"}]}, "")
    assert await kept.delete("g", "me")
    assert not await kept.delete("g", "me")
    assert await kept.groups() == ((), {})
    await state.close()


async def test_kept_rules_are_read_again_when_they_have_changed(tmp_path: Path) -> None:
    state = LocalState(tmp_path, ManualClock(START))
    kept, other = KeptRules(state, ManualClock(START)), KeptRules(state, ManualClock(START))
    for name in ("g", "h"):
        await kept.put({"name": name, "rules": [{"alert": "A", "when": "count > 5"}]}, "")
    (g, h), _ = await kept.groups()
    assert [one is two for one, two in zip((await kept.groups())[0], (g, h), strict=True)] == [
        True, True,
    ]  # fmt: skip

    await other.put({"name": "h", "rules": [{"alert": "A", "when": "count > 6"}]}, "")
    (same, changed), _ = await kept.groups()
    assert same is g
    assert changed.rules[0].told == "count > 6 over 5m"

    record = await state.get(KEPT, "h")
    assert record is not None
    bad = {"name": "h", "rules": [{"alert": "A", "when": "cont > 1"}]}
    await state.put(KEPT, "h", {**record.value, "content": bad})
    for _ in range(2):
        groups, problems = await kept.groups()
        assert groups == (g,)
        assert "did you mean count?" in problems["api: h"]
    await kept.delete("h", "")
    assert await kept.groups() == ((g,), {})
    await state.close()


@pytest.mark.parametrize(
    ("odd", "words"),
    [
        ({"when": "count > 5 or count <= 5"}, "is always true"),
        ({"annotations": {"summary": "{{ labels.team }}"}}, "there is no labels.team to tell"),
        ({"when": "errors > 5", "where": "NOT tags:error"}, "lets no errors through"),
    ],
)
async def test_what_an_older_version_took_is_evaluated_and_told_of(
    tmp_path: Path, odd: dict[str, Any], words: str
) -> None:
    state = LocalState(tmp_path, ManualClock(START))
    kept = KeptRules(state, ManualClock(START))
    rule = {"alert": "A", "when": "count > 5"}
    await kept.put({"name": "g", "rules": [rule]}, "")
    content = {"name": "g", "rules": [{**rule, **odd}, {**rule, "alert": "B"}]}
    record = await state.get(KEPT, "g")
    assert record is not None
    await state.put(KEPT, "g", {**record.value, "content": content})
    file = tmp_path / "rules.yaml"
    file.write_text(json.dumps({"groups": [content]}))

    (group,), problems = await kept.groups()
    read = RuleFiles([str(file)]).read()

    for found in (group, *read.groups):
        assert [one.name for one in found.rules] == ["A", "B"]
    assert words in problems["api: g"]
    assert words in read.problems[str(file)]
    with pytest.raises(ConfigError, match=words):
        await kept.put(content, "")
    await state.close()


async def test_rules_share_questions_and_find_the_same() -> None:
    events = [at(n, service={"name": f"s{n % 3}"}, tags=["error"]) for n in range(30)]
    rules = [rule_of("errors > 1", where=f"service:s{n} AND something") for n in range(3)]
    dues = [Due(rule, [START_US + 60 * US]) for rule in rules]

    assert len(questions_of(dues)) == 2
    assert len(questions_of(dues * 2)) == 2
    together = await find(MemorySource(events), dues)
    for due in dues:
        alone = await find(MemorySource(events), [due])
        for (need, width_us), table in alone.data.tables.items():
            window = (START_US, START_US + 60 * US)
            assert table.window((), *window) == together.data.table(need, width_us).window(
                (), *window
            )
            assert table.window((), *window).count == 10


async def test_memory_measures_as_stores_do() -> None:
    events = [
        at(0, service={"name": "cart"}, event={"duration": 5}, tags=["a", "b"]),
        at(59, service={"name": "cart"}, event={"duration": 15}),
        at(60, event={"duration": True}),
    ]
    request = CellsRequest(
        Term(None, "something"), START_US, START_US + 120 * US, 60 * US, ("service.name", "tags"),
        "event.duration", percentiles=True,
    )  # fmt: skip
    cells = await MemorySource(events).cells(request)

    assert [((c.start_us - START_US) // US, c.values, c.count) for c in cells] == [
        (0, ("cart", ""), 1), (0, ("cart", "a"), 1), (0, ("cart", "b"), 1), (60, ("", ""), 1),
    ]  # fmt: skip
    assert cells[0].numbers is not None
    assert cells[0].numbers.total == 15
    assert cells[3].numbers is None


def transition(values: tuple[str, ...] = (), *, no_data: bool = False) -> Transition:
    key = Key(values, no_data=no_data)
    return Transition(key, AlertState.FIRING, START_US, START_US, 0.5, "usually 3", events=9)


def test_an_alert_tells_its_series_and_its_search() -> None:
    rule = rule_of(
        "error_rate > 5%", by=["service", "host"], where="NOT logger:x",
        annotations={"summary": "{{ service.name }} {{ value | percent }}"},
        labels={"severity": "critical", "team": "web"},
    )  # fmt: skip
    alert = alert_of(rule, transition(("cart", "")), ())

    assert alert.labels == {
        "alertname": "Rule", "severity": "critical", "team": "web", "service.name": "cart",
    }  # fmt: skip
    assert alert.annotations == {"summary": "cart 50%", "baseline": "usually 3"}
    assert (
        alert.query == "NOT log.logger:x AND service.name:cart AND NOT host.name:* AND tags:error"
    )
    assert alert.condition == "error_rate > 5% over 1m"
    assert Alert.from_json(alert.to_json()) == alert
    silent = alert_of(rule, transition(("cart", ""), no_data=True), ())
    assert silent.labels["no_data"] == "true"
    assert silent.condition == "no data over 1m"
    assert silent.episode != alert.episode


def test_an_alert_is_about_a_group_of_errors_when_its_lines_are() -> None:
    of_one = [{"error": {"fingerprint": "f"}}] * 2
    assert alert_of(rule_of("count > 1"), transition(), of_one).error_group == "f"
    mixed = [*of_one, {"error": {"fingerprint": "g"}}]
    assert alert_of(rule_of("count > 1"), transition(), mixed).error_group is None
    new = rule_of("new_error")
    assert alert_of(new, transition(("f2",)), ()).error_group == "f2"
    assert "error.fingerprint:f2" in alert_of(new, transition(("f2",)), ()).query


def test_the_lines_of_an_alert_are_those_that_are_wrong() -> None:
    ratio = rule_of("ratio('status:>=500', 'status:*') > 1%")
    assert alert_of(ratio, transition(), ()).query == 'http.response.status_code:["500" TO *]'
    slow = rule_of("avg(event.duration) > 1s")
    assert alert_of(slow, transition(), ()).query == "event.duration:*"
    assert events_of(rule_of("count > 1"), ()) == rule_of("count > 1").where


def test_samples_are_short() -> None:
    large = at(0, "x" * 5_000, attributes={"a": "y" * 100_000}, service={"name": "cart"})
    (short,) = shortened([large])
    assert short["service"] == {"name": "cart"}
    assert len(short["message"]) < 700
    assert "attributes" not in short
    assert len(shortened([at(0)] * 9)) == 5
    assert shortened([large], room=100) == []
    odd = at(0, attributes={"n": 2**70})
    assert shortened([odd])[0]["message"] == "something"


def test_moments_are_exact() -> None:
    assert moment_of(START_US + 1) == datetime(2026, 11, 21, 12, 0, 0, 1, tzinfo=UTC)


async def test_groups_of_errors_are_new_once_and_not_when_merged(tmp_path: Path) -> None:
    config, clock = Config(data=tmp_path), ManualClock(START)
    state, store = LocalState(tmp_path / "state", clock), await open_store(config, clock=clock)
    source = StoreSource(store, state)
    for name, day in (("old", 20), ("new", 21), ("merged", 21)):
        await state.put(GROUPS, name, {"first_seen": f"2026-11-{day}T12:00:00.000Z"})
    await state.put(MERGES, "merged", {"into": "old"})

    asked = {"old", "new", "merged", "unknown"}
    assert await source.first_seen(asked, START_US) == {"new": START_US}
    await state.put(GROUPS, "new", {"first_seen": "2020-01-01T00:00:00.000Z"})
    assert await source.first_seen(asked, START_US) == {"new": START_US}
    await state.put(MERGES, "new", {"into": "old"})
    assert await source.first_seen(asked, START_US) == {}
    await store.close()
    await state.close()


async def test_one_process_at_a_time_has_the_seat(tmp_path: Path) -> None:
    path, tries = tmp_path / "state" / "alerts.lock", 0

    async def looks_again() -> bool:
        nonlocal tries
        tries += 1
        return tries > 3

    async def sit(seat: Path) -> None:
        async with seated(seat, each_s=0.001):
            pass

    async with seated(path):
        second = asyncio.create_task(sit(path))
        await soon(looks_again, timeout_s=10, what="the second one has looked")
        assert not second.done()
    await second
