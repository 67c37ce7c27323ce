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
from logboom.clock import utc_text
from logboom.config import FileInput, StdinInput
from logboom.event import IndexDays
from logboom.native import native_library
from logboom.native.library import Events
from shipper.delivery.batches import Segment
from shipper.delivery.shrinking import shrink
from shipper.events.native_splicing import NativeSplicer
from shipper.events.normalise import Normaliser, SourceContext
from shipper.events.parsed_splicing import ParsedSplicer
from shipper.events.splicing import Splicer
from shipper.events.treatment import Treatment
from shipper.files.identity import take_guard
from shipper.framing import Frames, Framing, make_framing
from shipper.framing.containers import container_of
from shipper.framing.frames import is_utf_8
from shipper.framing.making import inner_section
from shipper.parsers import Parser
from shipper.parsers.making import make_parser
from shipper.parsers.port import Fields, HeadedParser, gives_objects
from shipper.rules import Rules, without

PARSE_FAILED = "parse_failed"
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
        head: Gives the first bytes of a file that is read on from its middle: what they say of the
            columns holds.

    Raises:
        ConfigError: When the input's patterns or rules cannot be used.
    """

    def __init__(
        self, section: FileInput | StdinInput, *, source: str, run: str, epoch: int, path: str,
        max_event_bytes: int, days: IndexDays, treatment: Treatment | None = None,
        head: Callable[[], bytes] = bytes,
    ) -> None:  # fmt: skip
        treatment = treatment or Treatment()
        self.run = run
        self._source = source
        self._epoch = epoch
        self._key = run.encode()
        self._days = days
        self._framing: Framing = make_framing(section, path=path, max_event_bytes=max_event_bytes)
        self._max_message_bytes = max_event_bytes + _MESSAGE_OVERHEAD
        inner = inner_section(section)
        self._parser: Parser = make_parser(inner)
        self._head: Callable[[], bytes] | None = head
        self._encoding = section.encoding
        self._names_a_format = inner.format not in {"auto", "plain"}
        self._redactor = treatment.redactor
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
        self._splicer = Splicer(context)
        library = native_library() if is_utf_8(section.encoding) else None
        automaton = self._redactor.automaton
        self._native = (
            None
            if library is None or automaton is None
            else NativeSplicer(library, context, automaton)
        )
        self._parsed_splicer = ParsedSplicer(
            self._splicer, self._native, self._redactor, context.zone
        )
        self._normaliser = Normaliser(context, redactor=self._redactor)

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
        frames = self._framing.cut(buffer, ended=ended)
        if not frames.consumed:
            return Assembled(None, (), 0, 0)
        values, timestamps = self._events(frames, buffer, offset, read_ns)
        dropped: dict[str, int] = {}
        if self._rules:
            ruled = self._rules.apply(values)
            values, dropped = ruled.values, ruled.lines_by_rule(frames.lines)
            timestamps = [t for n, t in enumerate(timestamps) if n not in ruled.dropped]
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
            timestamps=timestamps,
            lines=sum(frames.lines),
            empty_lines=frames.empty_lines,
            days=self._count_days(timestamps, read_ns),
            guard=take_guard(buffer[: frames.consumed]),
            marks=frames.tags,
            dropped=dropped,
            event_lines=frames.lines,
        )
        key = self._key
        messages = [Message(key, value) for value in values]
        return Assembled(segment, messages, frames.consumed, sum(map(len, values)))

    def assemble_again(self, segment: Segment, buffer: bytes) -> list[Message]:
        """Makes the messages of a segment that was planned before a crash.

        Args:
            segment: As the registry remembers it.
            buffer: The source's bytes from `segment.start` to `segment.end`.

        Returns:
            The messages under their old ids and with their old times.
        """
        frames = self._planned_frames(segment, buffer)
        values, timestamps = self._events(frames, buffer, segment.start, segment.read_ns)
        if self._rules:
            values = self._rules.change(values)
        for number, timestamp in enumerate(segment.timestamps):
            if timestamps[number] != timestamp:
                event = orjson.loads(values[number])
                event["@timestamp"] = timestamp
                values[number] = orjson.dumps(event)
        return [Message(self._key, value) for value in values]

    def _planned_frames(self, segment: Segment, buffer: bytes) -> Frames:
        spans = zip(segment.starts, segment.ends, strict=True)
        frames = self._framing.cut_again(buffer, spans)
        frames.tags = {number: tuple(tags) for number, tags in segment.marks.items()}
        return frames

    def _events(
        self, frames: Frames, buffer: bytes, offset: int, read_ns: int
    ) -> tuple[list[bytes], list[str]]:
        """Each event as JSON, and its time."""
        if offset == 0 and frames.texts:
            frames.texts[0] = frames.texts[0].removeprefix(_BYTE_ORDER_MARK)
        if self._head is not None:
            self._begin(self._head, offset)
        made = self._natively(frames, buffer, offset, read_ns)
        values = made.values
        left = [number for number, value in enumerate(values) if value is None]
        if left:
            self._in_python(made, left, frames, offset, read_ns)
        return [value for value in values if value is not None], made.timestamps

    def _begin(self, head: Callable[[], bytes], offset: int) -> None:
        """Before the first event: what does the file say of itself, where it is not there anew?"""
        self._head = None
        if offset and isinstance(self._parser, HeadedParser):
            text = head().decode(self._encoding, "backslashreplace")
            lines = text.removeprefix(_BYTE_ORDER_MARK).split("\n")
            self._parser.learn([line.rstrip("\r") for line in lines])

    def _natively(self, frames: Frames, buffer: bytes, offset: int, read_ns: int) -> Events:
        """What the compiled part can make, where there is one."""
        count = len(frames.texts)
        shapes = self._splicer.shapes
        if self._native is None or not shapes or not gives_objects(self._parser):
            return Events([None] * count, [""] * count, set())
        made = self._native.splice(
            buffer, (frames.starts, frames.ends), shapes, but={*frames.tags, *frames.fields},
            offset=offset,
            read_text=_text_of(read_ns),
        )  # fmt: skip
        suspects = sorted(made.suspects)
        for place in self._redactor.suspects([frames.texts[number] for number in suspects]):
            made.values[suspects[place]] = None
        return made

    def _in_python(
        self, made: Events, left: Sequence[int], frames: Frames, offset: int, read_ns: int
    ) -> None:
        """Makes the events that are left."""
        texts = [frames.texts[number] for number in left]
        offsets = [offset + frames.starts[number] for number in left]
        tags = [frames.tags.get(number, ()) for number in left]
        read_text = _text_of(read_ns)
        suspects = self._redactor.suspects(texts)
        wrapped = [frames.fields.get(number) for number in left]
        unusual = suspects | {place for place, marks in enumerate(tags) if marks or wrapped[place]}
        parse = self._parser.parse
        parsed: dict[int, Fields | None] = {}
        if gives_objects(self._parser):
            spliced = self._splicer.splice(texts, offsets, but=unusual, read_text=read_text)
        else:
            found = list(map(parse, texts))
            parsed = dict(enumerate(found))
            spliced = self._parsed_splicer.splice(
                found, offsets, but=unusual, read_ns=read_ns, read_text=read_text
            )
        for place, ready in enumerate(spliced.values):
            value = ready
            if value is None:
                fields = parsed[place] if parsed else parse(texts[place])
                marks = tags[place]
                if fields is None and self._names_a_format:
                    marks = (*marks, PARSE_FAILED)
                value, spliced.timestamps[place] = self._normaliser.normalise(
                    fields, texts[place], offset=offsets[place], read_ns=read_ns,
                    read_text=read_text, tags=marks, secrets=place in suspects, wrapped=wrapped[place],
                )  # fmt: skip
            if len(value) > self._max_message_bytes:
                value = shrink(value, self._max_message_bytes)
            made.values[left[place]] = value
            made.timestamps[left[place]] = spliced.timestamps[place]

    def _count_days(self, timestamps: Sequence[str], read_ns: int) -> dict[str, int]:
        created = _text_of(read_ns)
        counts = Counter(timestamp[:10] for timestamp in timestamps)
        days = self._days
        if all(days.has_whole(day, created) for day in counts):
            return dict(counts)
        return dict(Counter(days.day(timestamp, created)[0] for timestamp in timestamps))


def _text_of(read_ns: int) -> str:
    """The read time as events have it."""
    return utc_text(read_ns // 1_000_000 * 1_000_000)


def service_of(path: str) -> str:
    """The service that a file name suggests: ``/var/log/app/checkout.log.1`` → ``checkout``."""
    name = Path(path).name
    return name.split(".")[0] or name or "stdin"
