"""From the frames of a buffer to events: each by the quickest way that fits it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from logboom.bounds import written
from logboom.clock import utc_text
from logboom.native import Library
from logboom.native.library import Events
from shipper.events.lines import LineWriter
from shipper.events.made import Made
from shipper.events.native_splicing import NativeSplicer
from shipper.events.normalise import Normaliser, SourceContext
from shipper.events.parsed import FieldsOf, Parsed
from shipper.events.parsed_splicing import ParsedSplicer
from shipper.events.shrinking import shrink
from shipper.events.splicing import Splicer
from shipper.framing import Frames
from shipper.framing.frames import NO_TEXT
from shipper.parsers import Parser
from shipper.parsers.loose_json import read_object
from shipper.parsers.port import Fields, gives_objects
from shipper.parsers.repeated_names import has_a_name_twice
from shipper.redaction.key_lines import KeyLines
from shipper.redaction.redact import Redactor

PARSE_FAILED = "parse_failed"
DUPLICATE_KEYS = "duplicate_keys"


@dataclass(frozen=True, slots=True)
class Given:
    """A buffer that was cut.

    Attributes:
        frames: Its events.
        buffer: Its bytes.
        offset: Where they begin in the source.
        read_ns: When they were read, ns since the epoch.
        read_text: The same as ISO 8601 in UTC, as events have it.
    """

    frames: Frames
    buffer: bytes
    offset: int
    read_ns: int
    read_text: str

    @classmethod
    def of(cls, frames: Frames, buffer: bytes, *, offset: int, read_ns: int) -> Given:
        """Writes the read time."""
        return cls(frames, buffer, offset, read_ns, text_of(read_ns))

    @property
    def remarkable(self) -> set[int]:
        """Numbers of events of which framing has something to tell."""
        return self.frames.tags.keys() | self.frames.fields.keys()


class EventMaker:
    """Makes the events of one source's run.

    Args:
        context: What all of them share.
        parser: Reads their texts.
        redactor: Takes secrets out.
        library: The compiled part, where it is there and the source's bytes are UTF-8.
        names_a_format: The settings name a format, so that texts without it are tagged.
        max_message_bytes: Where an event is cut.
    """

    def __init__(
        self, context: SourceContext, parser: Parser, redactor: Redactor, library: Library | None,
        *, names_a_format: bool, max_message_bytes: int,
    ) -> None:  # fmt: skip
        self._parser = parser
        self._redactor = redactor
        self._names_a_format = names_a_format
        self._max_message_bytes = max_message_bytes
        self._splicer = Splicer(context)
        automaton = redactor.automaton
        self._native = (
            None
            if library is None or automaton is None
            else NativeSplicer(library, context, automaton)
        )
        self._lines = LineWriter(context.zone)
        self._parsed = ParsedSplicer(self._splicer, self._native, redactor)
        self._normaliser = Normaliser(context, redactor=redactor)
        within = redactor.within_a_key
        self._within_a_key = None if within is None else Normaliser(context, redactor=within)
        self._keys = KeyLines()
        self._key_numbers: set[int] = set()

    def begin_behind(self, text: str) -> None:
        """What comes next is read behind this text, of which nothing is made."""
        self._keys.begin_behind(text)

    @property
    def place(self) -> int:
        """What is remembered of the events before; to go back to."""
        return self._keys.place

    def go_back(self, place: int) -> None:
        """The events since then come again."""
        self._keys.go_back(place)

    def clean(self, text: str, wrapped: Fields | None) -> tuple[str, str, tuple[str, ...]]:
        """The next text without its secrets: of it there is no other event.

        Args:
            text: The event's whole text.
            wrapped: What a wrapper around it said.

        Returns:
            The text; what was around it, as JSON; the kinds of the secrets.
        """
        redactor = self._redactor
        within = redactor.within_a_key
        if within is not None and self._keys.follow([text], redactor.suspects([text])):
            redactor = within
        clean, names = redactor.redact(text)
        redactor.counts.update(set(names))
        fields = read_object(text) if names and text[:1] == "{" else None
        if fields is not None:
            clean = written(redactor.redact_fields(fields))
        return clean, written(redactor.redact_fields(wrapped)) if wrapped else "", names

    def make(self, given: Given) -> Made:
        """Makes all events of a buffer."""
        if not gives_objects(self._parser):
            return self._of_texts(given)
        return self._of_wrapped(given) if given.frames.fields else self._of_objects(given)

    def _of_objects(self, given: Given) -> Made:
        """The texts are JSON objects, and their own fields."""
        made = self._natively(given)
        left = made.left()
        self._key_numbers = set()
        if not left and not self._keys.is_within:
            return made
        frames = given.frames
        suspects = self._with_key_lines(self._really(left, frames), frames)
        for number in self._key_numbers:
            made.refuse(number)
        left = made.left()
        texts = [frames.texts[number] for number in left]
        unusual = suspects | given.remarkable
        spliced = self._splicer.splice(
            texts, [given.offset + frames.starts[number] for number in left],
            but=[place for place, number in enumerate(left) if number in unusual],
            read_text=given.read_text,
        )  # fmt: skip
        for number, value, stamp in zip(left, spliced.values, spliced.timestamps, strict=True):
            if value is not None:
                made.put(number, value, stamp)
        self._normalise(made, given, self._fields, suspects)
        return made

    def _natively(self, given: Given) -> Made:
        """What the compiled part can make, where there is one."""
        frames, shapes = given.frames, self._splicer.shapes
        if self._native is None or not shapes:
            return Made(Events.none(len(frames.texts)))
        made = Made(
            self._native.splice(
                given.buffer, (frames.starts, frames.ends), shapes, but=given.remarkable,
                offset=given.offset, read_text=given.read_text,
            )
        )  # fmt: skip
        for number in self._really(made.suspects, frames):
            made.refuse(number)
        return made

    def _of_wrapped(self, given: Given) -> Made:
        """The texts are objects, and have wrappers."""
        frames, write = given.frames, self._lines.wrapped_object
        suspects = self._suspects(given)
        alone = (
            suspects | frames.tags.keys() | (set(range(len(frames.texts))) - frames.fields.keys())
        )
        lines = [
            b"" if number in alone else write(text, frames.fields[number])
            for number, text in enumerate(frames.texts)
        ]
        made = self._parsed.splice(lines, self._offsets(given), read_text=given.read_text)
        self._normalise(made, given, self._fields, suspects)
        return made

    def _of_texts(self, given: Given) -> Made:
        """The parser finds fields in the texts."""
        frames, write = given.frames, self._lines.parsed
        suspects = self._suspects(given)
        parsed = Parsed.of(self._parser, frames.texts)
        tags, wrappings, read_ns = frames.tags, frames.fields, given.read_ns
        lines = [b""] * len(frames.texts)
        rows = parsed.rows(but=suspects | given.remarkable)
        if parsed.kind is not None:
            for number, line in self._lines.rows(parsed.kind, rows, read_ns=read_ns).items():
                lines[number] = line
        others = set(range(len(lines))).difference(rows, suspects)
        for number in others:
            fields = parsed.fields(number)
            if fields is not None:
                lines[number] = write(
                    fields, frames.texts[number], marks=tags.get(number, ()),
                    wrapped=wrappings.get(number), read_ns=read_ns,
                )  # fmt: skip
        made = self._parsed.splice(lines, self._offsets(given), read_text=given.read_text)
        self._normalise(made, given, parsed.fields, suspects)
        return made

    def _offsets(self, given: Given) -> list[int]:
        offset = given.offset
        return [offset + start for start in given.frames.starts]

    def _suspects(self, given: Given) -> set[int]:
        """The numbers of events with a secret."""
        frames = given.frames
        are_alike = not any(sign in given.buffer for sign in NO_TEXT)
        if self._native is None or frames.fields or not are_alike:
            return self._with_key_lines(self._redactor.suspects(frames.texts), frames)
        likely = self._native.suspects(given.buffer, (frames.starts, frames.ends))
        found = self._really(likely, frames) | self._redactor.key_lines(frames.texts)
        return self._with_key_lines(found, frames)

    def _with_key_lines(self, suspects: set[int], frames: Frames) -> set[int]:
        """Adds the events within a private key that began in an event before."""
        if self._within_a_key is not None:
            self._key_numbers = self._keys.follow(frames.texts, suspects)
        return suspects | self._key_numbers

    def _normaliser_of(self, number: int) -> Normaliser:
        if self._within_a_key is not None and number in self._key_numbers:
            return self._within_a_key
        return self._normaliser

    def _really(self, likely: Collection[int], frames: Frames) -> set[int]:
        """Those of some events that do hold a secret."""
        numbers = sorted(likely)
        texts = [frames.texts[number] for number in numbers]
        return {numbers[place] for place in self._redactor.suspects(texts)}

    def _fields(self, _number: int, text: str) -> Fields | None:
        return self._parser.parse(text)

    def _normalise(
        self, made: Made, given: Given, fields_of: FieldsOf, suspects: Collection[int]
    ) -> None:  # fmt: skip
        """Makes the events that are left."""
        frames = given.frames
        for number in made.left():
            text, marks = frames.texts[number], frames.tags.get(number, ())
            fields = fields_of(number, text)
            if fields is None and self._names_a_format:
                marks = (*marks, PARSE_FAILED)
            elif fields is not None and text[:1] == "{" and has_a_name_twice(text):
                marks = (*marks, DUPLICATE_KEYS)  # never of a usual line: it has a shape
            value, stamp = self._normaliser_of(number).normalise(
                fields, text, offset=given.offset + frames.starts[number], read_ns=given.read_ns,
                read_text=given.read_text, tags=marks, secrets=number in suspects,
                wrapped=frames.fields.get(number),
            )  # fmt: skip
            if len(value) > self._max_message_bytes:
                value = shrink(value, self._max_message_bytes)
            made.put(number, value, stamp)


def text_of(read_ns: int) -> str:
    """The read time as events have it."""
    return utc_text(read_ns // 1_000_000 * 1_000_000)
