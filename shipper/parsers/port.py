"""What is a parser?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, runtime_checkable

Fields = dict[str, Any]
"""What a parser found: dotted ECS names, or the application's own names, with JSON values."""


class Parser(Protocol):
    """Turns the text of one event into fields. One object per source; it may learn."""

    @property
    def name(self) -> str:
        """The format's name, as in the configuration."""
        ...

    def parse(self, text: str) -> Fields | None:
        """Parses one event.

        Args:
            text: The event's text; it may have several lines.

        Returns:
            The fields, or None when the text is not of this format. Never raises.
        """
        ...


@runtime_checkable
class HeadedParser(Protocol):
    """A parser whose file says at its begin what its lines mean."""

    def learn(self, head: Sequence[str]) -> None:
        """Is told the first lines of a file that is read on from its middle, before any text of it.

        Args:
            head: Lines from the begin of the file. They are no events now.
        """
        ...


@runtime_checkable
class ObjectParser(Protocol):
    """A parser that gives the JSON objects of its texts as they are, so that it need not be asked."""

    @property
    def gives_objects(self) -> bool:
        """True as long as it has found no reason to change one."""
        ...


def gives_objects(parser: Parser) -> bool:
    """Whether a parser gives JSON objects just as they stand in the texts."""
    return isinstance(parser, ObjectParser) and parser.gives_objects


TIME: Final = "@timestamp"
MESSAGE: Final = "message"

Row = tuple[str | None, ...]
"""What a parser found, without names."""


@dataclass(frozen=True, slots=True)
class Rows:
    """How a parser gives mere values: naming each of them takes longer than finding it.

    Attributes:
        names: What the values of a row are, each once; a time and a message are among them, and
            the message is never absent.
        read: As `Parser.parse`, but of usual texts it gives the row.
        named: Gives the fields of a row.
        absent: Values that stand for none.
        conversions: By the name of a value, what becomes of it where it is not absent.
    """

    names: tuple[str, ...]
    read: Callable[[str], Row | Fields | None]
    named: Callable[[Row], Fields]
    absent: frozenset[str | None]
    conversions: Mapping[str, Callable[[str], Any]]


@runtime_checkable
class RowParser(Protocol):
    """A parser that most often finds the same fields."""

    def rows(self) -> Rows | None:
        """For the next texts; None when it finds something else each time."""
        ...


def rows_of(parser: Parser) -> Rows | None:
    """The rows that a parser gives; None when it gives none."""
    return parser.rows() if isinstance(parser, RowParser) else None


def can_be_rows(names: Sequence[str]) -> bool:
    """Whether values of these names can be: see `Rows.names`."""
    return len(set(names)) == len(names) and {TIME, MESSAGE} <= set(names)


_SHORT_NAMES: Final = {
    "timestamp": "@timestamp",
    "level": "log.level",
    "loglevel": "log.level",
    "logger": "log.logger",
    "thread": "process.thread.name",
    "clientip": "client.ip",
    "verb": "http.request.method",
    "request": "url.original",
    "httpversion": "http.version",
    "response": "http.response.status_code",
    "bytes": "http.response.body.bytes",
    "agent": "user_agent.original",
    "referrer": "http.request.referrer",
    "program": "process.name",
    "pid": "process.pid",
    "logsource": "host.name",
    "class": "log.logger",
}


def to_ecs(found: Fields, text: str) -> Fields:
    """What a user's pattern has found: Logstash's usual short names become ECS fields.

    Args:
        found: By the names in the pattern.
        text: The event's text: its message when the pattern names none.
    """
    fields = {_SHORT_NAMES.get(name, name): value for name, value in found.items()}
    fields.setdefault("message", text)
    return fields


def ecs_names(names: Sequence[str]) -> list[str]:
    """The same for the names alone."""
    return [_SHORT_NAMES.get(name, name) for name in names]


def field_name(field: str) -> str:
    """A field in a user's pattern: ``[http][request]`` is the nested field ``http.request``."""
    return field.strip("[]").replace("][", ".") if field.startswith("[") else field
