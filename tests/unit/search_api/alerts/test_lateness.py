"""How late is the pipeline? And what is not judged before its events can be there?"""

from __future__ import annotations

from dataclasses import replace
from math import inf
from pathlib import Path
from typing import Any

from logboom.broker import PartitionLag
from logboom.status import ServiceStatus, SourceStatus
from search_api.alerts.lateness import Late, Lateness, Waiting
from search_api.alerts.rules import US
from search_api.pipeline.state import Snapshot
from tests.unit.search_api.alerts.timeline import START_US, many
from tests.unit.search_api.alerts.world import SILENCE, World, group_of


def snapshot(*lags: PartitionLag, services: tuple[ServiceStatus, ...] = ()) -> Snapshot:
    return Snapshot(services, (), lags, None)


def service(
    at_s: float, state: str = "running", name: str = "processor", instance: str = "one"
) -> ServiceStatus:
    return ServiceStatus.model_validate(
        {
            "service": name, "instance": instance, "pid": 1, "host": "h", "version": "1",
            "started_ns": 0, "at_ns": int(at_s * 1e9), "state": state,
        }
    )  # fmt: skip


def test_the_pipeline_is_as_late_as_its_oldest_message() -> None:
    late = Lateness()

    assert late.note(snapshot(PartitionLag(0, 5, 5)), 100).known_s == 0
    assert late.note(snapshot(PartitionLag(0, 5, 9)), 101).known_s == 0
    assert late.note(snapshot(PartitionLag(0, 5, 20)), 105).known_s == 4
    assert late.note(snapshot(PartitionLag(0, 9, 20)), 106).known_s == 1  # those of 105 wait
    assert late.note(snapshot(PartitionLag(0, 15, 90)), 200).known_s == 95
    assert late.note(snapshot(PartitionLag(0, 30, 90)), 201).known_s == 1
    assert late.note(snapshot(PartitionLag(0, 90, 90)), 202).known_s == 0


def test_a_service_that_is_silent_or_waits_makes_it_late() -> None:
    late = Lateness()

    assert late.note(snapshot(services=(service(95),)), 100).known_s == 0
    assert late.note(snapshot(services=(service(80),)), 100).known_s == 20
    assert late.note(snapshot(services=(service(80, "stopped"),)), 100).known_s == 0
    assert late.note(snapshot(services=(service(80, name="api"),)), 100).known_s == 0
    assert late.note(snapshot(services=(service(99, "waiting"),)), 100).known_s == 0
    assert late.note(snapshot(services=(service(129, "waiting"),)), 130).known_s == 30
    assert late.note(Snapshot((), (), (), "it is down"), 140).known_s == 0
    assert late.note(Snapshot((), (), (), "it is down"), 150).known_s == 10


def test_a_processor_that_has_died_makes_nothing_late_once_another_one_works() -> None:
    late = Lateness()
    dead, waited = service(60), service(61, "waiting", instance="two")

    assert late.note(snapshot(services=(dead, waited)), 100).known_s == 40
    assert (
        late.note(snapshot(services=(dead, waited, service(99, instance="three"))), 100) == Late()
    )
    stopped = service(99, "stopped", instance="three")
    assert late.note(snapshot(services=(dead, waited, stopped)), 100).known_s == 40
    shippers = (service(60, name="shipper"), service(99, name="shipper", instance="two"))
    assert late.note(snapshot(services=shippers), 100).known_s == 40


def test_what_is_too_much_to_remember_never_makes_it_younger() -> None:
    waiting = Waiting(most=50)
    for second in range(5_000):
        late = waiting.note(0, second + 1, second, second)
        assert late.known_s == second  # the first message waits still
    late = waiting.note(2_500, 5_000, 5_000, 5_000)
    assert 2_499 <= late.known_s < 2_700  # of those between it is known about


def test_a_topic_that_was_made_anew_is_counted_anew() -> None:
    late = Lateness()
    assert late.note(snapshot(PartitionLag(0, 900, 900)), 100).known_s == 0
    assert late.note(snapshot(PartitionLag(0, 900, 1_000)), 101).known_s == 0
    assert late.note(snapshot(PartitionLag(0, 900, 5)), 200).known_s == 0  # 900: of the old one
    assert late.note(snapshot(PartitionLag(0, 900, 5)), 210).known_s == 10
    assert late.note(snapshot(PartitionLag(0, 5, 5)), 211) == Late(0, 0)


def test_what_waits_at_the_first_look_may_be_of_any_age() -> None:
    late = Lateness()
    assert late.note(snapshot(PartitionLag(0, 5, 90)), 100) == Late(0, inf)
    assert late.note(snapshot(PartitionLag(0, 60, 95)), 101) == Late(1, inf)
    assert late.note(snapshot(PartitionLag(0, 90, 97)), 102) == Late(1, 2)
    assert Lateness().note(Snapshot((), (), (), "it is down"), 100) == Late(0, inf)


def source(size: int, acked: int, state: str = "reading") -> SourceStatus:
    return SourceStatus.model_validate(
        {
            "source": "a", "shipper": "one", "run": "r", "path": "/a", "at_ns": 0, "state": state,
            "size": size, "acked_offset": acked,
        }
    )  # fmt: skip


def shipping(
    at_s: float, *sources: SourceStatus, began_s: float = 0, looked_s: float | None = None,
    lags: tuple[PartitionLag, ...] = (),
) -> Snapshot:  # fmt: skip
    """A shipper that looked at its files when it told of itself, or before; 0: at none of them yet."""
    looked_ns = int((at_s if looked_s is None else looked_s) * 1e9)
    shipper = service(at_s, name="shipper").model_copy(
        update={"started_ns": int(began_s * 1e9), "looked_ns": looked_ns}
    )
    return Snapshot((shipper,), sources, lags, None)


def test_files_that_are_not_read_to_their_ends_make_it_late() -> None:
    late = Lateness()
    assert late.note(shipping(1_000, source(50, 50, "idle")), 1_000) == Late(0, 0)
    assert late.note(shipping(1_001, source(90, 60)), 1_001) == Late(0, 1)
    assert late.note(shipping(1_011, source(99, 70)), 1_011) == Late(10, 11)
    assert late.note(shipping(1_012, source(99, 90)), 1_012) == Late(1, 11)
    assert late.note(shipping(1_013, source(99, 95, "idle")), 1_013) == Late(0, 0)  # half a line


def test_lines_that_were_read_and_are_not_acknowledged_make_it_late() -> None:
    late = Lateness()
    late.note(shipping(1_000), 1_000)
    read = source(90, 60, "idle").model_copy(update={"read_offset": 90, "lines_pending": 3})
    assert late.note(shipping(1_001, read), 1_001) == Late(0, 1)
    packed = read.model_copy(update={"size": None})
    assert late.note(shipping(1_005, packed), 1_005) == Late(4, 5)
    assert late.note(shipping(1_006, source(99, 90, "idle")), 1_006) == Late(0, 0)  # half a line


def test_what_a_shipper_finds_after_its_start_may_be_of_any_age() -> None:
    late = Lateness()
    late.note(shipping(1_000), 1_000)
    assert late.note(shipping(1_302, began_s=1_300, looked_s=0), 1_302) == Late(0, inf)
    assert late.note(shipping(1_306, source(90, 60), began_s=1_300), 1_306) == Late(0, inf)
    assert late.note(shipping(1_336, source(90, 80), began_s=1_300), 1_336) == Late(30, inf)
    assert late.note(shipping(1_337, source(99, 90), began_s=1_300), 1_337) == Late(0, 1)
    assert late.note(shipping(1_340, began_s=1_300), 1_340) == Late(0, 0)
    assert late.note(shipping(1_345, began_s=1_300), 1_350).most_s == 5  # silent since


def test_messages_of_a_shipper_that_is_new_may_be_of_any_age() -> None:
    late = Lateness()
    late.note(snapshot(PartitionLag(0, 5, 5)), 1_000)
    new = shipping(1_001, began_s=1_000.5, lags=(PartitionLag(0, 5, 9),))
    assert late.note(new, 1_001) == Late(0, inf)
    later = shipping(1_002, began_s=1_000.5, lags=(PartitionLag(0, 9, 12),))
    assert late.note(later, 1_002) == Late(0, 1)


def test_a_shipper_that_stood_still_has_to_show_that_it_has_read_on() -> None:
    late, idle = Lateness(), source(50, 50, "idle")
    late.note(shipping(1_000, idle, lags=(PartitionLag(0, 5, 5),)), 1_000)
    late.note(shipping(1_000, idle, lags=(PartitionLag(0, 5, 5),)), 1_045)

    woken = shipping(1_045, idle, looked_s=1_000, lags=(PartitionLag(0, 5, 5),))
    assert late.note(woken, 1_046) == Late(0, 46)
    read = source(90, 50)
    sent = shipping(1_047, read, lags=(PartitionLag(0, 5, 5),))
    assert late.note(sent, 1_047) == Late(0, 47)  # what it found waits
    acknowledged = shipping(1_048, source(90, 90, "idle"), lags=(PartitionLag(0, 5, 9),))
    assert late.note(acknowledged, 1_048) == Late(0, 48)  # and so does what it has sent
    assert late.note(replace(acknowledged, lag=(PartitionLag(0, 7, 12),)), 1_049) == Late(1, 49)
    assert late.note(replace(acknowledged, lag=(PartitionLag(0, 9, 12),)), 1_049.5) == Late(
        0.5, 1.5
    )
    stored = shipping(1_050, source(90, 90, "idle"), lags=(PartitionLag(0, 12, 12),))
    assert late.note(stored, 1_050) == Late(0, 0)


def test_what_came_while_nobody_could_look_may_have_come_at_its_begin() -> None:
    late = Lateness()
    idle, away = snapshot(PartitionLag(0, 5, 5)), "it does not answer"
    assert late.note(idle, 100) == Late(0, 0)
    assert late.note(Snapshot((), (), idle.lag, away), 101) == Late(0, 1)
    assert late.note(Snapshot((), (), idle.lag, away), 500) == Late(399, 400)
    assert late.note(snapshot(PartitionLag(0, 5, 700)), 501) == Late(0, 401)
    assert late.note(snapshot(PartitionLag(0, 5, 900)), 502) == Late(1, 402)
    assert late.note(snapshot(PartitionLag(0, 700, 900)), 503) == Late(1, 2)
    assert late.note(snapshot(PartitionLag(0, 900, 900)), 504) == Late(0, 0)


def test_bytes_that_came_while_nobody_could_look_may_have_come_at_its_begin() -> None:
    late = Lateness()
    late.note(shipping(1_000, source(50, 50, "idle")), 1_000)
    troubled = replace(shipping(1_000, source(50, 50, "idle")), broker_trouble="it is away")
    assert late.note(troubled, 1_400).most_s == 400
    assert late.note(shipping(1_401, source(9_050, 50)), 1_401) == Late(0, 401)


def test_what_is_told_again_is_no_look() -> None:
    late, idle = Lateness(), snapshot(PartitionLag(0, 5, 5))
    late.note(idle, 100)
    late.note(idle, 101)
    assert late.note(snapshot(PartitionLag(0, 5, 7)), 102) == Late(0, 2)


async def few(tmp_path: Path, **rule: Any) -> World:
    world = World(tmp_path, group_of({"alert": "Few", "when": "count < 10", "over": "1m", **rule}))
    world.source.add(many(-90, 60, 5))
    world.source.add(many(60, 105, 5), arrives=105)  # processors stood still for a while
    world.source.add(many(105, 300, 5))
    return world


async def test_a_window_is_not_judged_before_its_events_can_be_there(tmp_path: Path) -> None:
    world = await few(tmp_path)
    engine = await world.start()
    await world.until(64, engine)
    while world.now < 105:
        world.late_s = max(0.0, world.now - 61)  # never later than the window is long
        await world.until(world.now + 1, engine)
    world.late_s = 0.0
    await world.until(200, engine)

    assert world.timeline == []
    assert engine.standing.groups["group"].last_us == START_US + 195 * US
    await world.close()


async def test_after_a_start_silence_is_judged_once_what_waited_is_stored(tmp_path: Path) -> None:
    world = await few(tmp_path)
    await world.until(64, await world.start())
    engine = await world.start()
    world.most_late_s = inf
    await world.until(107, engine)
    assert world.timeline == []

    world.most_late_s = 0.0
    await world.until(109, engine)  # at once, not only at the next instant
    assert engine.standing.groups["group"].last_us == START_US + 105 * US
    await world.until(200, engine)
    assert world.timeline == []
    await world.close()


async def test_a_new_rule_about_silence_begins_on_a_pipeline_that_is_always_a_little_late(
    tmp_path: Path,
) -> None:
    world = World(tmp_path, group_of(SILENCE))
    world.source.add(many(-30, 60, 5, service={"name": "cart"}))
    engine = await world.start()
    world.most_late_s = 20.0
    await world.until(142, engine)
    assert world.timeline == []
    await world.until(144, engine)
    assert world.timeline == [(120, "firing", "cart")]
    await world.close()


async def steady(tmp_path: Path, until: int) -> World:
    rule = {"alert": "Many", "when": "count > 3", "over": "1m"}
    world = World(tmp_path, group_of(rule))
    world.source.add(many(-90, 60, 5))
    world.source.add(many(60, 300, 5), arrives=300)  # processors stood still
    world.source.add(many(300, until, 5))
    return world


async def test_nothing_resolves_while_what_it_fires_for_is_on_its_way(tmp_path: Path) -> None:
    world = await steady(tmp_path, 500)
    engine = await world.start()
    await world.until(64, engine)
    while world.now < 300:
        world.late_s = max(0.0, world.now - 61)
        await world.until(world.now + 1, engine)
    world.late_s = 0.0
    await world.until(600, engine)

    many_told = [row for row in world.timeline if row[2] == "Many"]
    assert many_told == [(-15, "firing", "Many"), (555, "resolved", "Many")]
    assert engine.standing.groups["group"].last_us == START_US + 585 * US
    await world.close()


async def test_what_resolves_does_so_at_its_time_however_late_the_pipeline_is(
    tmp_path: Path,
) -> None:
    world = World(tmp_path, group_of({"alert": "Many", "when": "count > 3", "over": "1m"}))
    world.source.add(many(-90, 60, 5))
    world.source.add(many(60, 600, 20))
    engine = await world.start()
    world.most_late_s = 40.0
    await world.until(160, engine)
    assert world.timeline == [(-15, "firing", "Many")]
    await world.until(164, engine)
    assert world.timeline == [(-15, "firing", "Many"), (120, "resolved", "Many")]
    await world.close()
