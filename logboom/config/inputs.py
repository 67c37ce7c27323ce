"""Which settings say where lines come from, and how they become events?"""

from __future__ import annotations

from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator, model_validator

from logboom.config.section import Section


class MultilineSection(Section):
    """How lines are joined into one event, in Filebeat's terms."""

    pattern: str = Field(description="Regular expression that is searched for in each line.")
    negate: bool = Field(False, description="Turn the pattern round: lines that do not match.")
    match: Literal["after", "before"] = Field(
        "after",
        description="Matching lines belong to the line before them (after) or after them (before).",
    )
    max_lines: int = Field(
        5000, ge=1, le=1_000_000, description="An event is ended after so many lines."
    )
    timeout_s: float = Field(
        5.0, gt=0, le=3600, description="An event is ended when its file is silent for so long."
    )


class _LineInput(Section):
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
    multiline: Literal["auto", "none"] | MultilineSection = Field(
        "auto", description="How lines are joined into one event: `auto`, `none`, or a section."
    )
    fields: dict[str, object] = Field({}, description="Fields that are added to every event.")
    zone: str = Field("UTC", description="IANA time zone of times that do not say theirs.")
    encoding: str = Field("utf-8", description="Encoding of the text.")

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
    def _patterns_fit_the_format(self) -> _LineInput:
        takes_patterns = self.format in {"grok", "dissect"}
        if takes_patterns and not self.patterns:
            raise ValueError(f"format {self.format} needs `patterns`: a list with at least one")
        if self.patterns and not takes_patterns:
            raise ValueError("`patterns` are for format grok or dissect")
        return self


class FileInput(_LineInput):
    """Files that are followed."""

    kind: Literal["file"] = Field("file", exclude=True, repr=False)
    path: list[str] = Field(description="Globs, files or folders; `**` crosses folders.")
    exclude: list[str] = Field([], description="Globs of files to leave alone.")
    start: Literal["beginning", "end"] = Field(
        "beginning",
        description="Where to begin in files that are there at the very first start.",
    )

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
