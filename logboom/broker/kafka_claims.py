"""Which messages did this member of the group take and not commit yet, and may it still commit them?"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(slots=True)
class _Claim:
    """Messages of one partition that were handed out since it became ours.

    Attributes:
        next: Offset behind the last of them.
        settled: Everything before it is committed, or is no longer ours to commit; at first the offset
            of the first of them.
    """

    next: int
    settled: int


class Claims:
    """What was handed out, by partition, as long as the partitions are ours.

    A position is committed only for messages that were handed out under the present ownership: a
    write that ends after its partition went to another member, and came back, would otherwise set
    the group's position back. Under one ownership it never goes back either: when nobody committed
    meanwhile, the same messages are handed out again, and the write of the second time may end later.
    """

    def __init__(self) -> None:
        self._claims: dict[int, _Claim] = {}
        self._all_settled = asyncio.Event()
        self._all_settled.set()
        self.generation = 0

    def hand_out(self, partition: int, first: int, following: int) -> None:
        """Notes that the messages from offset `first` to before `following` are being worked on."""
        claim = self._claims.setdefault(partition, _Claim(first, first))
        claim.next = following
        self._all_settled.clear()

    def committable(self, positions: Mapping[int, int], owned: Iterable[int]) -> dict[int, int]:
        """Those of the positions that are ours to commit, and set none back."""
        ours = set(owned)
        return {
            partition: position
            for partition, position in positions.items()
            if partition in ours
            and (claim := self._claims.get(partition)) is not None
            and claim.settled <= position <= claim.next
        }

    def settle(self, positions: Mapping[int, int]) -> None:
        """Notes that nothing more is to be done about the messages before these positions."""
        for partition, position in positions.items():
            claim = self._claims.get(partition)
            if claim is not None and claim.settled < position <= claim.next:
                claim.settled = position
        if all(claim.settled == claim.next for claim in self._claims.values()):
            self._all_settled.set()

    def close_books(self) -> None:
        """The partitions are about to be given up: what is fetched but not handed out is void."""
        self.generation += 1

    async def wait_until_settled(self, *, patience_s: float) -> bool:
        """Waits until all that was handed out is settled.

        Returns:
            False when the patience came to its end before that.
        """
        try:
            async with asyncio.timeout(patience_s):
                await self._all_settled.wait()
        except TimeoutError:
            return False
        return True

    def forget(self) -> None:
        """The partitions were given up: nothing that was handed out is ours any more."""
        self._claims.clear()
        self._all_settled.set()
