"""How do the records of a request come to the broker, once, and who hears of it?"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path

from logboom.clock import Clock
from logboom.errors import SpoolFull
from shipper.framing.spooled import SUFFIX
from shipper.inputs.http.speaking import Refusal
from shipper.inputs.http.unanswered import Appended, Unanswered
from shipper.inputs.spool import Receipt, Spool

log = logging.getLogger("logboom.shipper")

_AGAIN_S = 5


class Delivery:
    """One protocol's way to the broker.

    Args:
        spool: Takes its records.
        folder: The spool's.
        clock: For the age of requests without an answer.
        patience_s: How long the broker's acknowledgement is waited for.
    """

    def __init__(self, spool: Spool, folder: Path, clock: Clock, *, patience_s: float) -> None:
        self.spool = spool
        self._folder = folder
        self._unanswered = Unanswered(folder, clock)
        self._patience_s = patience_s

    def open(self) -> None:
        """Takes notice of what earlier runs have left; the spool is open by then.

        Raises:
            SpoolFull: When the journal cannot be read or written.
        """
        files = [p for p in sorted(self._folder.glob(f"*{SUFFIX}")) if self.spool.holds(str(p))]
        try:
            self._unanswered.open(files[-1] if files else None)
        except OSError as error:
            reason = error.strerror or str(error)
            raise SpoolFull(f"cannot be used: {reason}", where=str(self._folder)) from error

    def close(self) -> None:
        """Nothing more will be delivered."""
        self._unanswered.close()

    async def deliver(self, digest: str, records: Sequence[bytes]) -> Appended | Refusal:
        """Appends records, unless they are in the spool already, and waits for the broker.

        Args:
            digest: Of the request.
            records: At least one.

        Returns:
            What the caller says goodbye to with `answered` or `unanswered`; or a refusal: the same
            request may be sent again then, and is not appended twice.
        """
        try:
            entry = self._append(digest, records)
        except SpoolFull:
            return Refusal(429, "too much waits for the broker already", _AGAIN_S)
        except OSError as error:
            log.warning("%s cannot be written: %s", self._folder, error.strerror or error)
            return Refusal(503, "nothing can be kept now", _AGAIN_S)
        acknowledged = False
        try:
            async with asyncio.timeout(self._patience_s):
                for receipt in entry.receipts:
                    await self.spool.acknowledged(receipt)
            acknowledged = True
        except TimeoutError:
            return Refusal(503, "the broker has not acknowledged this in time", _AGAIN_S)
        finally:
            if not acknowledged:
                self._unanswered.release(entry)
        return entry

    def answered(self, entry: Appended) -> None:
        """The client was told of its success."""
        try:
            self._unanswered.answered(entry)
        except OSError as error:
            log.warning("%s cannot be written: %s", self._folder, error.strerror or error)

    def unanswered(self, entry: Appended) -> None:
        """The client was gone before it could be told."""
        self._unanswered.release(entry)

    def _append(self, digest: str, records: Sequence[bytes]) -> Appended:
        entry = self._unanswered.claim(digest)
        missing = records if entry is None else _behind(records, entry.size)
        if entry is not None and not missing:
            return entry
        size = sum(map(len, missing))
        try:
            begun = self._unanswered.begin(digest, size, entry)
            receipt = self._to_spool(missing)
            self._unanswered.appended(begun, size, receipt)
        except (SpoolFull, OSError):
            if entry is not None:
                self._unanswered.release(entry)
            raise
        return begun

    def _to_spool(self, records: Sequence[bytes]) -> Receipt:
        try:
            return self.spool.append(records)
        except SpoolFull:
            self._unanswered.failed()
            raise


def _behind(records: Sequence[bytes], size: int) -> Sequence[bytes]:
    """What a crash has left out: the records behind the first `size` bytes."""
    for number, record in enumerate(records):
        if size <= 0:
            return records[number:]
        size -= len(record)
    return ()
