"""Which settings say where lines come from, and how they become events?"""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, field_validator, model_validator

from logboom.config.connections import ServerTlsSection
from logboom.config.rules import RuleSection
from logboom.config.section import Section
from logboom.config.units import Address, Duration, Size, is_loopback, parse_duration

_SHORTEST_KEY = 16
_DIGEST = re.compile(r"[0-9a-f]{64}\Z")
_NEEDED = MappingProxyType(
    {
        "pattern": "`pattern`: write for example pattern: '^\\d{4}-'",
        "count": "`count_lines`: write for example count_lines: 3",
        "block": "both `start` and `end`: write for example start: '^BEGIN', end: '^END'",
    }
)


class MultilineSection(Section):
    """How lines are joined into one event, in Filebeat's terms."""

    type: Literal["pattern", "count", "while_pattern", "block"] | None = Field(
        None, description="What decides; default: by the settings that are there."
    )
    pattern: str | None = Field(
        None, description="Regular expression that is searched for in each line."
    )
    negate: bool = Field(False, description="Turn the pattern round: lines that do not match.")
    match: Literal["after", "before"] = Field(
        "after",
        description="Matching lines belong to the line before them (after) or after them (before).",
    )
    flush_pattern: str | None = Field(
        None, description="A line with this ends its event, whatever comes next."
    )
    count_lines: int | None = Field(
        None, ge=1, le=1_000_000, description="With type count: so many lines are an event."
    )
    start: str | None = Field(
        None, description="With type block: a line with this begins a block that is one event."
    )
    end: str | None = Field(None, description="With type block: a line with this ends the block.")
    max_lines: int = Field(
        5000,
        ge=1,
        le=1_000_000,
        description="An event has so many lines at most; the next event goes on.",
    )
    max_bytes: Size | None = Field(
        None,
        ge=64,
        description="An event has so many bytes at most, and never more than"
        " `shipper.max_event_bytes`; the next event goes on.",
    )
    timeout_s: float = Field(
        5.0, gt=0, le=3600, description="An event is ended when its file is silent for so long."
    )

    @model_validator(mode="after")
    def _one_type(self) -> Self:
        given = {
            "pattern": self.pattern is not None,
            "count": self.count_lines is not None,
            "block": self.start is not None or self.end is not None,
        }
        kinds = [kind for kind, is_given in given.items() if is_given]
        wanted = "pattern" if self.type == "while_pattern" else self.type
        if wanted is not None and not kinds:
            raise ValueError(f"type {self.type} needs {_NEEDED[wanted]}")
        if len(kinds) != 1:
            raise ValueError("give one of: `pattern`; `count_lines`; `start` and `end`")
        if kinds == ["block"] and (self.start is None or self.end is None):
            raise ValueError("a block needs both `start` and `end`")
        if wanted not in {None, kinds[0]}:
            raise ValueError(f"type {self.type} does not go with the settings of {kinds[0]}")
        return self


class _TextInput(Section):
    service: str | None = Field(
        None, description="`service.name` of events that do not name one; default: the file's name."
    )
    format: str = Field(
        "auto", description="How an event is parsed: `auto`, `json`, `grok`, `plain`, …"
    )
    patterns: list[str] = Field(
        [], description="Grok or dissect patterns, tried in order, with `format: grok|dissect`."
    )
    pattern_definitions: dict[str, str] = Field(
        {}, description="Names and definitions of your own grok patterns."
    )
    pattern_folders: list[Path] = Field([], description="Folders with grok pattern files.")
    pattern_set: Literal["legacy", "ecs-v1"] = Field(
        "legacy", description="Which of Logstash's pattern sets the names in grok patterns are of."
    )
    pattern_budget_ms: float = Field(
        100, gt=0, le=60_000, description="CPU time that a grok pattern may take on one text."
    )
    delimiter: str | None = Field(
        None,
        min_length=1,
        max_length=1,
        description="Between cells, with `format: csv`: default a comma.",
    )
    columns: list[str] = Field(
        [], description="Names of a CSV file's columns; default: its first line names them."
    )
    timestamp_format: list[str] = Field(
        [],
        description="How times are written, in Java's (`dd.MM.yyyy HH:mm`) or strftime's letters.",
    )
    fields: dict[str, object] = Field({}, description="Fields that are added to every event.")
    rules: list[RuleSection] = Field(
        [], description="Which events are not sent, and what is changed about the others."
    )
    zone: str = Field("UTC", description="IANA time zone of times that do not say theirs.")
    encoding: str = Field("utf-8", description="Encoding of the text.")

    @field_validator("timestamp_format", mode="before")
    @classmethod
    def _one_form_or_many(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value

    @field_validator("zone")
    @classmethod
    def _zone_exists(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            message = f"{value!r} is not a time zone: write for example Europe/Berlin or Asia/Seoul"
            raise ValueError(message) from error
        return value

    @model_validator(mode="after")
    def _patterns_fit_the_format(self) -> Self:
        takes_patterns = self.format in {"grok", "dissect"}
        if takes_patterns and not self.patterns:
            raise ValueError(f"format {self.format} needs `patterns`: a list with at least one")
        if self.patterns and not takes_patterns:
            raise ValueError("`patterns` are for format grok or dissect")
        return self


class _LineInput(_TextInput):
    multiline: Literal["auto", "none"] | MultilineSection = Field(
        "auto", description="How lines are joined into one event: `auto`, `none`, or a section."
    )


class FileInput(_LineInput):
    """Files that are followed."""

    kind: Literal["file"] = Field("file", exclude=True, repr=False)
    path: list[str] = Field(description="Globs, files or folders; `**` crosses folders.")
    exclude: list[str] = Field([], description="Globs of files to leave alone.")
    start: Literal["beginning", "end"] | Duration = Field(
        "beginning",
        description="Where to begin: `beginning`; `end` of the files that are there at the very first"
        " start; or an age like `24h`: files that were changed longer ago begin at their end.",
    )

    @field_validator("start", mode="before")
    @classmethod
    def _place_or_age(cls, value: object) -> object:
        if isinstance(value, timedelta) or value in ("beginning", "end"):
            return value
        try:
            return parse_duration(str(value))
        except ValueError as error:
            message = f"must be beginning, end, or an age such as 24h, not {value!r}"
            raise ValueError(message) from error

    @field_validator("path", mode="before")
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value

    @field_validator("path")
    @classmethod
    def _not_empty(cls, value: list[str]) -> list[str]:
        if not value or not all(value):
            raise ValueError("names no file: write a glob, a file or a folder")
        return value


class StdinInput(_LineInput):
    """Standard input, read to its end."""

    kind: Literal["stdin"] = Field("stdin", exclude=True, repr=False)
    stdin: Literal[True] = Field(description="Read standard input.")


class HttpInput(_TextInput):
    """Elasticsearch's `_bulk`, OTLP logs and Loki's push, over HTTP."""

    kind: Literal["http"] = Field("http", exclude=True, repr=False)
    http: Address = Field(description="Where to listen.")
    api_keys: list[SecretStr] = Field(
        [],
        description="Keys that may write, or `sha256:` and the digest of one; needed where other"
        " machines can connect.",
    )
    tls: ServerTlsSection | None = Field(None, description="Talk TLS.")
    max_body_bytes: Size = Field(
        20 * 2**20, ge=1024, description="A larger body is refused; so it is once decompressed."
    )
    max_requests: int = Field(
        64, ge=1, le=10_000, description="Requests under way at once; more of them wait."
    )
    timeout: Duration = Field(
        timedelta(seconds=8),
        description="A request is told to come again when the broker has not got it by then.",
    )
    max_spool_bytes: Size = Field(
        2**30, ge=2**20, description="What waits for the broker takes this much at most."
    )

    @field_validator("api_keys")
    @classmethod
    def _keys_are_long(cls, value: list[SecretStr]) -> list[SecretStr]:
        if any(len(key.get_secret_value()) < _SHORTEST_KEY for key in value):
            raise ValueError(
                f"has a key of less than {_SHORTEST_KEY} characters: take a longer one"
            )
        for key in value:
            digest = key.get_secret_value().removeprefix("sha256:")
            if digest != key.get_secret_value() and not _DIGEST.match(digest):
                raise ValueError("has `sha256:` without 64 hexadecimal digits in lower case")
        return value

    @model_validator(mode="after")
    def _strangers_bring_keys(self) -> Self:
        certified = self.tls is not None and self.tls.client_ca_file is not None
        if not (certified or self.api_keys or is_loopback(self.http)):
            raise ValueError(
                f"{self.http} can be reached from other machines: set `api_keys`, for example"
                " ['${LOGBOOM_KEY}'], add `tls` with `client_ca_file`, or listen on 127.0.0.1"
            )
        return self


class SyslogInput(_TextInput):
    """Syslog messages that are sent to us."""

    kind: Literal["syslog"] = Field("syslog", exclude=True, repr=False)
    syslog: Address = Field(description="Where to listen, HOST:PORT.")
    transport: list[Literal["udp", "tcp"]] = Field(
        [], description="`udp`, `tcp` or both; default: both, and with `tls` tcp alone."
    )
    tls: ServerTlsSection | None = Field(None, description="Talk TLS over TCP (RFC 5425).")
    allow_remote: bool = Field(
        False,
        description="Listen beyond loopback without client certificates: whoever reaches the port can write.",
    )
    max_message_bytes: Size = Field(
        64 * 2**10,
        ge=480,
        le=2**20,
        description="A longer message is cut here, flagged, and goes on as a new one.",
    )
    connections: int = Field(
        1000, ge=1, le=100_000, description="TCP connections that are served at once."
    )
    receive_buffer: Size = Field(
        16 * 2**20, ge=4096, description="Buffer that the kernel is asked for, for UDP."
    )
    max_spool_bytes: Size = Field(
        2**30, ge=2**20, description="What waits for the broker takes this much at most."
    )

    @field_validator("transport", mode="before")
    @classmethod
    def _one_or_both(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value

    @property
    def transports(self) -> frozenset[str]:
        """What is listened on."""
        return frozenset(self.transport or (["tcp"] if self.tls else ["udp", "tcp"]))

    @model_validator(mode="after")
    def _is_protected(self) -> Self:
        if self.tls is not None and "udp" in self.transports:
            raise ValueError("`tls` is for tcp: leave udp out, or give it an input of its own")
        certified = self.tls is not None and self.tls.client_ca_file is not None
        if not (certified or self.allow_remote or is_loopback(self.syslog)):
            raise ValueError(
                f"{self.syslog} can be reached from other machines: add `tls` with `client_ca_file`, so"
                " that only clients with a certificate can write, or `allow_remote: true`"
            )
        return self
