"""What becomes of a text that meets a fault of logboom's own? A plain event; all others go on.

A line that raises would raise again at every start, and nothing behind it would ever be read. Faults
are met here, and nowhere else: each is counted, and told by the log, the metrics and the health.
"""

from __future__ import annotations

import logging
import traceback
from collections import Counter
from dataclasses import dataclass, field, replace
from types import FrameType
from typing import Any, Final

import orjson

from logboom.bounds import readable
from logboom.errors import LogboomError
from logboom.event import event_id
from logboom.native.library import Events
from shipper.events.made import Made
from shipper.events.making import EventMaker, Given
from shipper.events.normalise import SourceContext, laid_out, split_static
from shipper.events.shrinking import shrink
from shipper.framing import Frames
from shipper.parsers.port import Fields
from shipper.placing import put

log = logging.getLogger("logboom.shipper")

FAULT: Final = "fault"
"""Tag of a plain event, and the name of the attribute that has the reason."""

WITHHELD: Final = "withheld: a fault of logboom's own kept secrets from being looked for"
"""Message of an event whose text is not sent, since it may hold secrets."""

_OTHER = "other"
_MOST_KINDS = 20
_OURS = ("shipper", "logboom")


@dataclass(slots=True)
class Faults:
    """Faults that were met, by their kind.

    Attributes:
        counts: Texts that met a fault, by the kind of the fault; added to, and taken from.
        told: Kinds of which the log has the traceback.
    """

    counts: Counter[str] = field(default_factory=Counter)
    told: set[str] = field(default_factory=set)

    def met(self, error: Exception) -> str:
        """Counts a fault; the first one of its kind is told with its traceback.

        What the exception says is not told: it may quote the text.

        Returns:
            Its kind: the exception's class and where it was raised.
        """
        kind = _kind(error)
        if kind not in self.told and len(self.told) >= _MOST_KINDS:
            kind = _OTHER
        if kind not in self.told:
            self.told.add(kind)
            log.warning(
                "a fault of logboom's own, %s: texts that meet it one by one become plain events,"
                " tagged %s\n%s",
                kind, FAULT, "".join(traceback.format_tb(error.__traceback__)),
            )  # fmt: skip
        self.counts[kind] += 1
        return kind


class FaultTolerantMaker:
    """Makes the events of one source's run, whatever its maker does.

    Args:
        maker: Makes them as they should be.
        context: What all of them share.
        faults: Told of faults.
        max_message_bytes: Where an event is cut.
    """

    def __init__(
        self, maker: EventMaker, context: SourceContext, faults: Faults, *, max_message_bytes: int
    ) -> None:
        self._maker = maker
        self._context = context
        self._faults = faults
        self._max_message_bytes = max_message_bytes
        self._known_static, self._own_static = split_static(context.fields)

    def make(self, given: Given) -> Made:
        """Makes all events of a buffer; when that meets a fault, text by text."""
        place = self._maker.place
        try:
            return self._maker.make(given)
        except (LogboomError, MemoryError):
            raise
        except Exception as error:  # noqa: BLE001 - the one place where faults are met
            self._maker.go_back(place)
            if len(given.frames.texts) == 1:
                return self._made_plain(given, error)
            together, met_before = error, self._faults.counts.total()
        made = Made(Events.none(len(given.frames.texts)))
        for number in range(len(given.frames.texts)):
            alone = self.make(_alone(given, number))
            made.put(number, alone.run(b"").values()[0], alone.stamps()[0])
        if self._faults.counts.total() == met_before:
            self._faults.met(together)  # only together they meet it
        return made

    def _made_plain(self, given: Given, error: Exception) -> Made:
        """An event that has nothing but its text, its place, and the reason."""
        kind = self._faults.met(error)
        frames = given.frames
        text, around, names = self._clean(frames.texts[0], frames.fields.get(0))
        tags = (*frames.tags.get(0, ()), FAULT, *(f"redacted:{name}" for name in names))
        event: dict[str, Any] = {"message": text, "tags": list(dict.fromkeys(tags))}
        for name, value in self._known_static.items():
            put(event, tuple(name.split(".")), value)
        about = {"reason": kind, "around": around} if around else {"reason": kind}
        event["attributes"] = {**self._own_static, FAULT: about}
        offset = given.offset + frames.starts[0]
        whole = laid_out(
            self._context, event, timestamp=given.read_text, offset=offset,
            name=event_id(self._context.run, offset), created=given.read_text,
        )  # fmt: skip
        value = orjson.dumps(readable(whole))
        if len(value) > self._max_message_bytes:
            value = shrink(value, self._max_message_bytes)
        made = Made(Events.none(1))
        made.put(0, value, given.read_text)
        return made

    def _clean(self, text: str, wrapped: Fields | None) -> tuple[str, str, tuple[str, ...]]:
        """A text without its secrets; nothing of it where they cannot be looked for."""
        try:
            return self._maker.clean(text, wrapped)
        except Exception as error:  # noqa: BLE001 - a fault in what keeps secrets in
            self._faults.met(error)
            return WITHHELD, "", ()


def _alone(given: Given, number: int) -> Given:
    """One event of a buffer as if it were the only one."""
    frames = given.frames
    alone = Frames(
        texts=[frames.texts[number]], starts=[frames.starts[number]], ends=[frames.ends[number]],
        lines=[frames.lines[number]], consumed=frames.consumed,
    )  # fmt: skip
    if number in frames.tags:
        alone.tags[0] = frames.tags[number]
    if number in frames.fields:
        alone.fields[0] = frames.fields[number]
    return replace(given, frames=alone)


def _kind(error: Exception) -> str:
    """The class, and the last place in our own code."""
    places = [(_module(frame), line) for frame, line in traceback.walk_tb(error.__traceback__)]
    ours = [place for place in places if place[0].startswith(_OURS)]
    module, line = (ours or places or [("?", 0)])[-1]
    return f"{type(error).__name__} in {module}:{line}"


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "?"))
