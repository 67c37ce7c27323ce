"""From a buffer of one source to messages and the segment that accounts for them."""

from __future__ import annotations

import socket
from array import array
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import orjson

from logboom.broker import Message
from logboom.broker.runs import Run, Runs
from logboom.config import FileInput, StdinInput
from logboom.event import IndexDays
from logboom.native import native_library
from shipper.batches import Segment
from shipper.events.faults import FaultTolerantMaker
from shipper.events.making import EventMaker, Given, text_of
from shipper.events.normalise import SourceContext
from shipper.events.preceding import Preceding
from shipper.events.treatment import Treatment
from shipper.files.identity import take_guard
from shipper.framing import Frames, Framing, make_framing
from shipper.framing.containers import container_of
from shipper.framing.frames import is_utf_8
from shipper.framing.making import inner_section
from shipper.parsers import Parser
from shipper.parsers.making import make_parser
from shipper.parsers.port import HeadedParser
from shipper.rules import Rules, without
from shipper.stamps import days_of

_BYTE_ORDER_MARK = "\ufeff"
_MESSAGE_OVERHEAD = 100_000  # what names, ids and times may add to an event's text


@dataclass(frozen=True, slots=True)
class Assembled:
    """What came of a buffer.

    Attributes:
        segment: None when nothing was certain yet.
        consumed: Bytes of the buffer that are accounted for by the segment.
    """

    segment: Segment | None
    messages: Sequence[Message]
    consumed: int
    size_bytes: int


class Assembler:
    """Makes events of one source's bytes: frames, parses, normalises, redacts.

    Args:
        section: The input that the source belongs to.
        source: Id of the source.
        run: Its `log.source`.
        epoch: Its epoch.
        path: Its path.
        max_event_bytes: Where an event is cut.
        days: Decides on the day of an event.
        treatment: What is done to the events of all inputs.
        preceding: Gives what stands before the place where a file is read on: what it says of the
            columns holds, and a private key may have begun in it.

    Raises:
        ConfigError: When the input's patterns or rules cannot be used.
    """

    def __init__(
        self, section: FileInput | StdinInput, *, source: str, run: str, epoch: int, path: str,
        max_event_bytes: int, days: IndexDays, treatment: Treatment | None = None,
        preceding: Callable[[], Preceding] = Preceding,
    ) -> None:  # fmt: skip
        treatment = treatment or Treatment()
        self.run = run
        self._source = source
        self._epoch = epoch
        self._key = run.encode()
        self._days = days
        self._framing: Framing = make_framing(section, path=path, max_event_bytes=max_event_bytes)
        inner = inner_section(section)
        self._parser: Parser = make_parser(inner)
        self._preceding: Callable[[], Preceding] | None = preceding
        self._encoding = section.encoding
        self._rules = Rules([*section.rules, *treatment.rules])
        container = container_of(path)
        context = SourceContext(
            run=run,
            path=path,
            host=socket.gethostname(),
            service=section.service or (container and container.name) or service_of(path),
            zone=ZoneInfo(section.zone),
            fields={
                **treatment.facts,
                **(container.fields if container else {}),
                **section.fields,
            },
        )
        max_message_bytes = max_event_bytes + _MESSAGE_OVERHEAD
        self._maker = EventMaker(
            context, self._parser, treatment.redactor,
            native_library() if is_utf_8(section.encoding) else None,
            names_a_format=inner.format not in {"auto", "plain"},
            max_message_bytes=max_message_bytes,
        )  # fmt: skip
        self._tolerant = FaultTolerantMaker(
            self._maker, context, treatment.faults, max_message_bytes=max_message_bytes
        )

    @property
    def format_name(self) -> str:
        """The format that is used or was detected."""
        return self._parser.name

    def assemble(self, buffer: bytes, *, offset: int, read_ns: int, ended: bool) -> Assembled:
        """Cuts a buffer into events.

        Args:
            buffer: Bytes that no segment accounts for yet.
            offset: Where they begin in the source.
            read_ns: Read time of their events.
            ended: True when nothing more is to be waited for.
        """
        if self._preceding is not None:
            self._begin(self._preceding, offset)
        frames = self._framing.cut(buffer, ended=ended)
        if not frames.consumed:
            return Assembled(None, (), 0, 0)
        run, stamps = self._events(frames, buffer, offset, read_ns)
        dropped: dict[str, int] = {}
        if self._rules:
            ruled = self._rules.apply(run.values())
            run, dropped = Run.of(self._key, ruled.values), ruled.lines_by_rule(frames.lines)
            stamps = [stamp for n, stamp in enumerate(stamps) if n not in ruled.dropped]
            frames = without(frames, ruled.dropped)
        segment = Segment(
            source=self._source,
            run=self.run,
            epoch=self._epoch,
            start=offset,
            end=offset + frames.consumed,
            read_ns=read_ns,
            starts=array("I", frames.starts),
            ends=array("I", frames.ends),
            timestamps=stamps,
            lines=sum(frames.lines),
            empty_lines=frames.empty_lines,
            days=self._count_days(stamps, read_ns),
            guard=take_guard(buffer[: frames.consumed]),
            marks=frames.tags,
            dropped=dropped,
            event_lines=frames.lines,
        )
        return Assembled(segment, Runs([run]), frames.consumed, len(run.text))

    def assemble_again(self, segment: Segment, buffer: bytes) -> Runs:
        """Makes the messages of a segment that was planned before a crash.

        Args:
            segment: As the registry remembers it.
            buffer: The source's bytes from `segment.start` to `segment.end`.

        Returns:
            The messages under their old ids and with their old times.
        """
        frames = self._planned_frames(segment, buffer)
        run, stamps = self._events(frames, buffer, segment.start, segment.read_ns)
        if not self._rules and stamps == segment.timestamps:
            return Runs([run])
        values = self._rules.change(run.values())
        for number, (planned, stamp) in enumerate(zip(segment.timestamps, stamps, strict=True)):
            if stamp != planned:
                event = orjson.loads(values[number])
                event["@timestamp"] = planned
                values[number] = orjson.dumps(event)
        return Runs([Run.of(self._key, values)])

    def _planned_frames(self, segment: Segment, buffer: bytes) -> Frames:
        spans = zip(segment.starts, segment.ends, strict=True)
        frames = self._framing.cut_again(buffer, spans)
        frames.tags = {number: tuple(tags) for number, tags in segment.marks.items()}
        return frames

    def _events(
        self, frames: Frames, buffer: bytes, offset: int, read_ns: int
    ) -> tuple[Run, Sequence[str]]:
        """Each event as JSON, and its time."""
        if offset == 0 and frames.texts:
            frames.texts[0] = frames.texts[0].removeprefix(_BYTE_ORDER_MARK)
        if self._preceding is not None:
            self._begin(self._preceding, offset)
        made = self._tolerant.make(Given.of(frames, buffer, offset=offset, read_ns=read_ns))
        return made.run(self._key), made.stamps()

    def _begin(self, preceding: Callable[[], Preceding], offset: int) -> None:
        """Before the first event: what does the file say of itself, and what stands right before?"""
        self._preceding = None
        if not offset:
            return
        known = preceding()
        lines = known.lines(self._encoding)
        self._framing.begin_behind(lines[0])
        self._maker.begin_behind(known.text(self._encoding))
        if isinstance(self._parser, HeadedParser):
            self._parser.learn(lines)

    def _count_days(self, stamps: Sequence[str], read_ns: int) -> dict[str, int]:
        created = text_of(read_ns)
        counts = days_of(stamps)
        days = self._days
        if all(days.has_whole(day, created) for day in counts):
            return dict(counts)
        return dict(Counter(days.day(stamp, created)[0] for stamp in stamps))


def service_of(path: str) -> str:
    """The service that a file name suggests: ``/var/log/app/checkout.log.1`` → ``checkout``."""
    name = Path(path).name
    return name.split(".")[0] or name or "stdin"
