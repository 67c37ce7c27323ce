"""Where do events begin when nobody says so?

Two sources of knowledge: what a first line looks like in logs (a time, a level, a brace), and what
never begins an event (an indented line, a stack trace's own lines). Once a source has shown a line of
the first kind, whatever is not of it goes on with the event before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from operator import methodcaller

from shipper.framing import crashes
from shipper.framing.rows import RowRule, table_of
from shipper.framing.rules import Rule, Walker, is_blank, split_by
from shipper.framing.traces import CONTINUES, TRACEBACK, TraceWalker

_TIMES: tuple[bytes, ...] = (
    rb"[\[(<\"']?\d{4}[-/.]\d\d[-/.]\d\d[T \]_:\t]",
    rb"\[(?: *\d{1,10}(?:[-/.:]\d|\] )|(?:TRACE|DEBUG|INFO|WARN|ERROR|FATAL)|[A-Z][a-z]{2} )",
    rb"(?:<\d{1,3}>(?:\d )?)?(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT)|<\d{1,3}>\d - ",
    rb"(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F:]{2,39}|[\w.-]++) \S++ \S++ \[\d\d/[A-Z]",
    rb"[IWEF]\d{4} \d\d:\d\d:\d\d\.",
    rb"\d\d:\d\d:\d\d[.,: \]\t]",
    rb"\d{1,2}/(?:\d{1,2}|[A-Z][a-z]{2})/\d{2,4}[ :]",
    rb"\d\d-[A-Z][a-z]{2}-\d{4} ",
    rb"\d{6} [ \d]\d:\d\d:\d\d[ \t]",
    rb"\d{1,7}:[A-Z] \d\d [A-Z][a-z]{2} \d{4} ",
    rb"\d{10}(?:\d{3})?(?:[.,]\d+)?[ \t:]",
    rb"[A-Z], \[\d{4}-",
    rb"(?:time|ts|t|level|lvl|at|msg)=\S",
    rb"__CURSOR=|# Time: |#(?:Software|Version|Date|Fields|Remark): ",
    rb"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? [A-Z][a-z]{2} |[A-Z][a-z]{2} \d\d?, \d{4} ",
)
_LEVEL = (
    rb"(?!WARNING: \w+Sanitizer)(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|FATAL|CRITICAL|SEVERE)\b[ \]:|-]"
    rb"|(?:trce|dbug|info|warn|fail|crit): |# User@Host: "
)
_ALSO_BEGINS: tuple[bytes, ...] = (
    rb"\[(?:NOTICE|CRIT|SEVERE|ALERT|EMERG|(?:trace|debug|info|notice|warn|error|fatal|crit|alert|emerg)\w*\])",
    rb"\[\d\d[-/][A-Z][a-z]{2}[-/]\d{4}[ :]",
    rb"(?:[^\s\[]{1,300}+ ){2,8}+\[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:|/docker-entrypoint\.|\d{1,7}:signal-handler \(",
    rb"<\d{1,3}>\[ *\d|Processing by [A-Z]|\[GIN(?:-debug)?\] |nginx: \[|AH\d{5}: |CEF: ?\d|LEEF: ?\d|Connect from [0-9a-fA-F.:]{2,45} to ",
    rb"(?:[0-9a-fA-F.:]{2,45}|unix):\d{1,5} \[\d\d/[A-Z]|[0-9a-fA-F.:]{2,45} -  ?\S* ?\d\d/[A-Z][a-z]{2}/\d{4}:",
    rb"(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) /\S* \d{3} [\d.]+ ms|Started [A-Z]+ \"|Completed \d{3} ",
    rb"\d\.\d{1,20}e\+09\t|tls \d\.\d \d{4}-|\d{1,15} +\[[^\]\n]{1,100}\] [A-Z]{4,5} ",
    rb"[IWEFD]\d{8} \d\d:\d\d:\d\d\.|(?:https?|h2|grpcs?|wss?) \d{4}-\d\d-\d\dT",
    rb"(?:timestamp|date|severity|caller|logger|type|node)=\S",
)
"""What begins an entry where entries have a shape, but may stand among lines that have none."""
_CRASH = rb"(?P<CRASH>%s)" % crashes.BEGINS
_JSON = rb"\{\s*+(?:\"|\}|$)"
_HAS_SHAPE = re.compile(b"|".join(b"(?:%s)" % shape for shape in (*_TIMES, _LEVEL))).match
_MAY_BEGIN = re.compile(
    b"|".join((*(b"(?:%s)" % shape for shape in (*_TIMES, _LEVEL, *_ALSO_BEGINS)), _CRASH))
).match
_IS_JSON = re.compile(_JSON).match
_SPLITS = tuple((re.compile(time), re.compile(rb"\n(?=%s)" % time)) for time in _TIMES)
_UNINDENTED = re.compile(rb"\n(?=[^ \t\r\n\0])")
_INDENTED_OR_EMPTY = frozenset((b" ", b"\t", b"", b"\r", b"\0"))
_FIRST_OF_TWO = re.compile(rb"[A-Z][a-z]{2} \d\d?, \d{4} \d\d?:\d\d:\d\d [AP]M |# Time: ").match
_IS_DIRECTIVE = re.compile(rb"#(?:Software|Version|Date|Fields|Remark): ").match
"""Of a W3C extended log: never more than this line."""
_NAMES_FIELDS = methodcaller("startswith", b"#Fields: ")
_IS_BLOCK = re.compile(rb"__CURSOR=|# (?:Time|User@Host): ").match
"""A block of the journal, or a slow query: it may have any lines, and only another one ends it."""
_SECOND_OF_TWO = re.compile(
    rb"(?:SEVERE|WARNING|INFO|CONFIG|FINE|FINER|FINEST): |# User@Host: "
).match


class AutoRule:
    """Learns whether this source's entries have a shape, and knows stack traces.

    Args:
        known: They have one.
        rows: A `#Fields` line has said what the lines behind it mean: each is an entry.
        traces_only: Entries may have any shape, since the user's own patterns say what they mean: only
            indented lines and stack traces go on with one. Nothing is learnt of shapes then.
    """

    def __init__(
        self, *, known: bool = False, rows: bool = False, traces_only: bool = False
    ) -> None:
        self._known = known
        self._rows = rows
        self._traces_only = traces_only
        self._has_begun = traces_only
        self._table: RowRule | None = None

    def split(self, text: bytes) -> list[bytes]:
        """See `Rule.split`."""
        table = self._table_of(text)
        if table is not None:
            return table.split(text)
        if self._rows or self.are_objects(text, text.count(b"\n")):
            return text.split(b"\n")
        if b"#Fields: " in text:
            return split_by(self.walker(), text)
        if self._traces_only:
            return self._split_traces_only(text)
        if not self._known:
            return list(self._split_unknown(text))
        return _split_known(text)

    def _split_unknown(self, text: bytes) -> Iterator[bytes]:
        """Line by line, until an entry shows its shape."""
        walker = _AutoWalker(known=False)
        first = place = 0
        is_begun = False
        for line in text.split(b"\n"):
            if not (is_begun and walker.follows(line)):
                if is_begun:
                    yield text[first : place - 1]
                    first = place
                is_begun = not is_blank(line)
                if is_begun:
                    walker.begin(line)
                    if walker.known and first == place:
                        yield from _split_known(text[first:])
                        return
            place += len(line) + 1
        yield text[first:]

    def _split_traces_only(self, text: bytes) -> list[bytes]:
        """Between two lines of the first one's shape, line by line."""
        entries: list[bytes] = []
        for chunk in _chunks(text):
            entries += split_by(self.walker(), chunk) if b"\n" in chunk else (chunk,)
        return entries

    def are_objects(self, text: bytes, breaks: int) -> bool:
        """See `Rule.are_objects`."""
        return text[:2] == b'{"' and text[-1:] == b"}" and text.count(b'\n{"') == breaks

    def walker(self) -> Walker:
        """See `Rule.walker`."""
        if self._table is not None:
            return self._table.walker()
        walker = _AutoWalker(known=self._known, rows=self._rows, traces_only=self._traces_only)
        return walker if self._has_begun else _FirstWalker(walker)

    def is_complete(self, event: bytes) -> bool:
        """A JSON object is whole with its last brace, a row with its line, or that of its last cell."""
        table = self._table_of(event)
        if table is not None:
            return table.is_complete(event)
        if self._rows:
            return True
        first, _, rest = event.partition(b"\n")
        if rest:
            return first.rstrip() == b"{" and event[event.rindex(b"\n") + 1 :].rstrip() == b"}"
        return _is_whole_object(first)

    def learn(self, events: Sequence[bytes]) -> None:
        """See `Rule.learn`."""
        if not self._has_begun and events:
            self._has_begun = True
            self._table = table_of(events[0].partition(b"\n")[0])
        if not self._known and not self._traces_only:
            texts = [event for event in events if event[:1] != b"{"]
            self._known = any(_shape_at(text, 0) for text in texts)
        if not self._rows:
            self._rows = any(map(_NAMES_FIELDS, events))

    def fork(self) -> Rule:
        """See `Rule.fork`."""
        rule = AutoRule(known=self._known, rows=self._rows, traces_only=self._traces_only)
        rule._has_begun, rule._table = self._has_begun, self._table
        return rule

    def _table_of(self, text: bytes) -> RowRule | None:
        """How rows are told apart, if the source is a table: its first line says so."""
        return self._table if self._has_begun else table_of(text.partition(b"\n")[0])


def _chunks(text: bytes) -> list[bytes]:
    """Cuts in front of each line that has a time of the first one's shape: it begins an entry."""
    gap = next((gap for time, gap in _SPLITS if time.match(text) is not None), None)
    return [text] if gap is None else gap.split(text)


def _split_known(text: bytes) -> list[bytes]:
    """Entries of this source have a shape: most of them are found by that of the first line."""
    chunks = _chunks(text)
    if len(chunks) == text.count(b"\n") + 1:
        return chunks
    entries: list[bytes] = []
    has_objects = text[:1] == b"{" or b"\n{" in text
    has_tracebacks = text.count(TRACEBACK) > 1
    for chunk in chunks:
        if b"\n" not in chunk:
            entries.append(chunk)
        elif (has_objects and (chunk[:1] == b"{" or b"\n{" in chunk)) or (
            has_tracebacks and chunk.count(TRACEBACK) > 1
        ):
            entries += split_by(_AutoWalker(known=True), chunk)
        else:
            entries += _split_chunk(chunk)
    return entries


def _split_chunk(chunk: bytes) -> Iterator[bytes]:
    """A run of lines in which few begin an entry: no JSON objects, and one traceback at most."""
    first = 0
    for gap in _UNINDENTED.finditer(chunk):
        place = gap.end()
        if _is_begin(chunk, first, place):
            yield chunk[first : place - 1]
            first = place
    yield chunk[first:] if first else chunk


def _is_begin(text: bytes, first: int, place: int) -> bool:
    """Whether an entry begins here, where the one before begins at `first`."""
    if _IS_DIRECTIVE(text, first) is not None:
        return True
    if _IS_BLOCK(text, first) is not None:
        return _IS_BLOCK(text, place) is not None and not _is_second_of_two(text, first, place)
    begin = _begin_at(text, place)
    if begin is None or _is_second_of_two(text, first, place):
        return False
    if begin.lastgroup is None:
        return True
    previous = text[text.rfind(b"\n", first, place - 1) + 1 or first : place - 1]
    return not crashes.is_of_the_line_before(previous, text[place : _end_of_line(text, place)])


def _shape_at(text: bytes, place: int) -> bool:
    """Whether there is a line that shows what its source's entries begin with."""
    return CONTINUES.match(text, place) is None and _HAS_SHAPE(text, place) is not None


def _begin_at(text: bytes, place: int) -> re.Match[bytes] | None:
    """How an entry begins there, in a source whose entries have a shape; None if none does."""
    return None if CONTINUES.match(text, place) is not None else _MAY_BEGIN(text, place)


def _end_of_line(text: bytes, place: int) -> int:
    end = text.find(b"\n", place)
    return len(text) if end < 0 else end


def _is_second_of_two(text: bytes, first: int, place: int) -> bool:
    """java.util.logging's time and level, and MySQL's time and user, have lines of their own."""
    return (
        _FIRST_OF_TWO(text, first) is not None
        and text.find(b"\n", first) == place - 1
        and _SECOND_OF_TWO(text, place) is not None
    )


class _AutoWalker:
    """Line by line; `known`: entries of this source have a shape; the rest as in `AutoRule`."""

    def __init__(self, *, known: bool, rows: bool = False, traces_only: bool = False) -> None:
        self.known = known
        self._rows = rows
        self._traces_only = traces_only
        self._trace = TraceWalker()
        self._is_whole = False
        self._is_object = False
        self._is_first_of_two = False
        self._is_block = False
        self._is_directive = False

    def begin(self, line: bytes) -> None:
        """See `Walker.begin`."""
        self.known = self.known or (not self._traces_only and _shape_at(line, 0))
        self._rows = self._rows or _NAMES_FIELDS(line)
        self._is_whole = _is_whole_object(line)
        self._is_object = line.rstrip() == b"{"
        self._is_block = _IS_BLOCK(line) is not None
        self._is_directive = _IS_DIRECTIVE(line) is not None
        self._is_first_of_two = _FIRST_OF_TWO(line) is not None
        self._trace.begin(line)

    def follows(self, line: bytes) -> bool:
        """See `Walker.follows`."""
        if self._is_whole or self._rows:
            return False
        is_second = self._is_first_of_two and _SECOND_OF_TWO(line) is not None
        self._is_first_of_two = False
        if self._is_block:
            return is_second or _IS_BLOCK(line) is None
        if line[:1] in _INDENTED_OR_EMPTY:
            return self._passes_by(line)
        if not is_second and (self._is_directive or _begins(line, self._trace.previous)):
            return False
        if self._trace.is_another(line):
            return False
        self._is_whole = self._is_object and line.rstrip() == b"}"
        return self._trace.follows(line) or self._joins(line, is_second=is_second)

    def _joins(self, line: bytes, *, is_second: bool) -> bool:
        """Whether this line goes on with the event, though not with the trace before it."""
        if self.known or is_second:
            self._trace.enter(line)
            return True
        return self._traces_only and self._trace.is_logged(line)

    def _passes_by(self, line: bytes) -> bool:
        if not (self.known or self._traces_only) and self._trace.is_new_group(line):
            return False
        self._trace.pass_by(line)
        return True


class _FirstWalker:
    """Asks the first line of a source whether it is that of a table."""

    def __init__(self, walker: _AutoWalker) -> None:
        self._walker: Walker = walker
        self._has_begun = False

    def begin(self, line: bytes) -> None:
        """See `Walker.begin`."""
        if not self._has_begun:
            self._has_begun = True
            table = table_of(line)
            self._walker = self._walker if table is None else table.walker()
        self._walker.begin(line)

    def follows(self, line: bytes) -> bool:
        """See `Walker.follows`."""
        return self._walker.follows(line)


def _begins(line: bytes, previous: bytes) -> bool:
    if _IS_JSON(line) is not None:
        return not crashes.is_source_ahead(previous)
    begin = _begin_at(line, 0)
    return begin is not None and not (
        begin.lastgroup is not None and crashes.is_of_the_line_before(previous, line)
    )


def _is_whole_object(line: bytes) -> bool:
    return line[:1] == b"{" and line.rstrip()[-1:] == b"}"
