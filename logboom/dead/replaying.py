"""How do dead letters get back onto the way, each of them once?

The store of dead letters plans a replay, the broker takes it under the replay's number, and only then
is it settled. After a crash in between the same letters go out again under that number: the embedded
broker recognises the batch, and every store recognises the events by their ids.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

from logboom.broker import Broker, Message, OutgoingBatch, Publisher
from logboom.clock import Clock
from logboom.dead.letter import why_not_sent
from logboom.dead.store import DeadLetters, Replay
from logboom.errors import EventsTooLarge

_MOST_LETTERS = 1000


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of a replay.

    Attributes:
        sent: Events that the broker has now.
        refused: Events that it refuses still; they stay dead.
    """

    sent: int
    refused: int


async def replay(
    letters: DeadLetters, broker: Broker, clock: Clock, events: Sequence[str] | None
) -> Replayed:
    """Sends dead letters again, those of a replay that was interrupted first.

    Args:
        letters: Where they are.
        broker: Where to.
        clock: For the time of a refusal.
        events: Ids of events, or None for all that are dead when it begins.

    Raises:
        LogboomError: It cannot go on; what was planned is sent by the next call.
    """
    left = await asyncio.to_thread(_waiting, letters, events)
    sent = refused = 0
    publisher: Publisher | None = None
    try:
        while True:
            now = left[:_MOST_LETTERS]
            planned = await asyncio.to_thread(letters.plan, now, most=_MOST_LETTERS)
            if planned is None:
                return Replayed(sent, refused)
            if publisher is None:
                publisher = await broker.publisher(producer=f"dead-{planned.store}")
            reasons = await _publish(publisher, planned)
            await asyncio.to_thread(letters.finish, planned, refused=reasons, at_ns=clock.now_ns())
            sent += len(planned.letters) - len(reasons)
            refused += len(reasons)
            done = {letter.head.event for letter in planned.letters}
            left = [event for event in left if event not in done]
    finally:
        if publisher is not None:
            await publisher.close()


def _waiting(letters: DeadLetters, events: Sequence[str] | None) -> list[str]:
    """Ids of the letters to send, each once: what dies again meanwhile is left for the next time."""
    chosen = None if events is None else set(events)
    heads = letters.heads()
    return list(
        dict.fromkeys(head.event for head in heads if chosen is None or head.event in chosen)
    )


async def _publish(publisher: Publisher, planned: Replay) -> dict[str, str]:
    """Publishes a replay; gives the events that are refused still, with the reason."""
    refused = {
        letter.head.event: why
        for letter in planned.letters
        if (why := why_not_sent(letter.head)) is not None
    }
    letters = [letter for letter in planned.letters if letter.head.event not in refused]
    if not letters:
        return refused
    messages = [Message(one.head.run.encode(), one.value) for one in letters]
    names = "\n".join(letter.head.event for letter in letters)
    digest = blake2b(names.encode(), digest_size=8).digest()
    identity = int.from_bytes(digest, "big") >> 1
    try:
        await publisher.publish(OutgoingBatch(planned.sequence, messages, identity))
    except EventsTooLarge as error:
        refused |= {letters[n].head.event: error.sentence() for n in error.positions}
    return refused
