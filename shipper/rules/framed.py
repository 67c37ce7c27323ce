"""What is left of framed events when rules have dropped some?"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from shipper.framing import Frames

_Item = TypeVar("_Item")


def without(frames: Frames, dropped: Collection[int]) -> Frames:
    """The same frames without some events; what is consumed stays the same.

    Args:
        dropped: Numbers of events.
    """
    kept = [number for number in range(len(frames.starts)) if number not in dropped]
    return replace(
        frames,
        texts=_of(frames.texts, kept),
        starts=_of(frames.starts, kept),
        ends=_of(frames.ends, kept),
        lines=_of(frames.lines, kept),
        tags=_renumbered(frames.tags, kept),
        fields=_renumbered(frames.fields, kept),
    )


def _of(items: Sequence[_Item], kept: Sequence[int]) -> list[_Item]:
    return [items[number] for number in kept]


def _renumbered(items: Mapping[int, _Item], kept: Sequence[int]) -> dict[int, _Item]:
    if not items:
        return {}
    return {place: items[number] for place, number in enumerate(kept) if number in items}
