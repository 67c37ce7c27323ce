"""A replay puts every letter onto the broker once, also when it is interrupted anywhere."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import cast

import pytest
from typer.testing import CliRunner

from logboom.broker import Broker, OutgoingBatch, Unreadable
from logboom.broker.local import LocalBroker
from logboom.cli.app import make_app
from logboom.clock import SystemClock
from logboom.config import LocalBrokerSection
from logboom.dead import DeadLetters, Letter, LetterHead
from logboom.dead.letter import letter_of_unreadable
from logboom.dead.replaying import replay
from logboom.errors import BrokerUnavailable, EventsTooLarge

RUN = "0123456789abc"


@pytest.fixture
def letters(tmp_path: Path) -> DeadLetters:
    return DeadLetters(tmp_path / "dead", max_bytes=2**20)


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[LocalBroker]:
    opened = LocalBroker(tmp_path / "broker", LocalBrokerSection())
    yield opened
    await opened.close()


def letter(number: int) -> Letter:
    event = f"{RUN}{number:09}"
    value = json.dumps({"message": f"line {number}", "event": {"id": event}}).encode()
    head = LetterHead(
        event=event, part="shipper", reason="too large", run=RUN, source="s", path="/var/log/a.log",
        start=number, end=number + 1, lines=1, day="2026-11-21", at_ns=0, size=len(value),
    )  # fmt: skip
    return Letter(head, value)


async def received(broker: Broker) -> list[str]:
    """The ids of everything that is in the broker."""
    subscription = await broker.subscription(group="g")
    batches = await subscription.receive(max_messages=10_000, timeout_s=0.2)
    await subscription.close()
    return [json.loads(m.value)["event"]["id"] for batch in batches for m in batch.messages]


async def test_what_cannot_be_read_stays_dead_beside_what_is_sent(
    letters: DeadLetters, broker: LocalBroker
) -> None:
    found = Unreadable("logs", 3, 10, 14, "no zstd")
    letters.bury([letter_of_unreadable(found, "2026-11-21", at_ns=0), letter(1)])
    done = await replay(letters, broker, SystemClock(), None)
    assert (done.sent, done.refused) == (1, 1)
    assert await received(broker) == [letter(1).head.event]
    (left,) = letters.heads()
    assert (left.event, left.replaying) == ("unreadable-logs-3-10", False)
    assert "messages 10 to 14 in partition 3 of logs" in left.reason
    done = await replay(letters, broker, SystemClock(), None)
    assert (done.sent, done.refused) == (0, 1)


async def test_all_letters_arrive_with_their_ids_and_are_gone(
    letters: DeadLetters, broker: LocalBroker
) -> None:
    letters.bury([letter(n) for n in range(1100)])
    done = await replay(letters, broker, SystemClock(), None)
    assert (done.sent, done.refused) == (1100, 0)
    assert letters.heads() == []
    assert await received(broker) == [f"{RUN}{n:09}" for n in range(1100)]


async def test_only_the_named_ones_are_sent(letters: DeadLetters, broker: LocalBroker) -> None:
    letters.bury([letter(n) for n in range(3)])
    await replay(letters, broker, SystemClock(), [letter(1).head.event])
    assert [head.start for head in letters.heads()] == [0, 2]
    assert await received(broker) == [letter(1).head.event]


@pytest.mark.parametrize("after_ack", [False, True])
async def test_wherever_it_dies_the_next_replay_goes_on(
    letters: DeadLetters, broker: LocalBroker, *, after_ack: bool
) -> None:
    letters.bury([letter(n) for n in range(3)])
    with pytest.raises(BrokerUnavailable):
        await replay(
            letters, cast("Broker", Dying(broker, after_ack=after_ack)), SystemClock(), None
        )
    assert all(head.replaying for head in letters.heads())
    letters.bury([letter(7)])
    done = await replay(letters, broker, SystemClock(), None)
    assert done.sent == 4
    assert sorted(await received(broker)) == [letter(n).head.event for n in (0, 1, 2, 7)]


async def test_what_is_refused_still_stays_dead_with_the_new_reason(letters: DeadLetters) -> None:
    letters.bury([letter(n) for n in range(3)])
    done = await replay(letters, cast("Broker", Refusing([1])), SystemClock(), None)
    assert (done.sent, done.refused) == (2, 1)
    (left,) = letters.heads()
    assert (left.event, left.reason, left.replaying) == (
        letter(1).head.event,
        "k: too large",
        False,
    )


class Dying:
    """A broker whose connection breaks when something is published, before or after the ack."""

    def __init__(self, broker: LocalBroker, *, after_ack: bool) -> None:
        self._broker = broker
        self._after_ack = after_ack

    async def publisher(self, *, producer: str) -> Dying:
        self._publisher = await self._broker.publisher(producer=producer)
        return self

    async def publish(self, batch: OutgoingBatch) -> None:
        if self._after_ack:
            await self._publisher.publish(batch)
        raise BrokerUnavailable("the connection broke")

    async def close(self) -> None:
        await self._publisher.close()


class Refusing:
    """A broker that refuses messages for their size."""

    def __init__(self, positions: Sequence[int]) -> None:
        self._positions = positions

    async def publisher(self, *, producer: str) -> Refusing:
        return self

    async def publish(self, batch: OutgoingBatch) -> None:
        raise EventsTooLarge("too large", positions=self._positions, limit_bytes=None, where="k")

    async def close(self) -> None:
        return


def test_the_command_line_lists_shows_and_replays(letters: DeadLetters, tmp_path: Path) -> None:
    letters.bury([letter(n) for n in range(2)])
    run = CliRunner()
    data = ["--data", str(tmp_path)]
    listed = run.invoke(make_app(), ["dead", "list", *data])
    assert "2 dead letters" in listed.output
    assert "/var/log/a.log byte 1" in listed.output
    assert all(len(line) <= 80 for line in listed.output.splitlines())
    first = json.loads(
        run.invoke(make_app(), ["dead", "list", "--json", *data]).output.splitlines()[0]
    )
    assert first["reason"] == "too large"
    shown = run.invoke(make_app(), ["dead", "show", first["id"], *data])
    assert json.loads(shown.output)["event"]["message"] == "line 0"
    sent = run.invoke(make_app(), ["dead", "replay", first["id"], *data])
    assert (sent.output, sent.exit_code) == ("1 sent, 0 refused\n", 0)
    run.invoke(make_app(), ["dead", "replay", "--all", *data])
    assert "0 dead letters" in run.invoke(make_app(), ["dead", "list", *data]).output


@pytest.mark.parametrize("words", [[], ["x", "--all"], ["unknown"]])
def test_a_replay_of_nothing_is_a_wrong_use(words: list[str], tmp_path: Path) -> None:
    done = CliRunner().invoke(make_app(), ["dead", "replay", *words, "--data", str(tmp_path)])
    assert done.exit_code != 0
    assert "dead list" in str(done.exception)
    assert not (tmp_path / "dead").exists()
