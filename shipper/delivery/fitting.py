"""What becomes of events that the broker refuses for their size? They are cut, as long as that helps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from logboom.broker import Message
from shipper.events.shrinking import shrink

_ROOM_BYTES = 512
"""What a broker adds to a message: keys, checksums, the batch around it."""

_LEAST_BYTES = 1024
"""An event that is refused with less than this will not be taken by being cut further."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """What to publish in place of what was refused.

    Attributes:
        smaller: Position in the batch → a smaller message with the same id.
        hopeless: Positions of events that cannot be made small enough, ascending.
    """

    smaller: Mapping[int, Message]
    hopeless: Sequence[int]


def fit(refused: Mapping[int, Message], limit_bytes: int | None) -> Fitted:
    """Cuts events.

    Args:
        refused: Position in the batch → the message as it was sent last.
        limit_bytes: What the broker takes; None when it does not say. One that was refused though
            it is within the limit is made smaller all the same.
    """
    smaller: dict[int, Message] = {}
    hopeless: list[int] = []
    for position, message in sorted(refused.items()):
        size = len(message.value)
        goal = size // 2
        if limit_bytes is not None and limit_bytes - _ROOM_BYTES - len(message.key) < size:
            goal = max(_LEAST_BYTES, limit_bytes - _ROOM_BYTES - len(message.key))
        shrunk = shrink(message.value, goal) if size > _LEAST_BYTES else message.value
        if len(shrunk) < size:
            smaller[position] = Message(message.key, shrunk)
        else:
            hopeless.append(position)
    return Fitted(smaller, hopeless)
