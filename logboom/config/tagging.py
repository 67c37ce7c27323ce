"""Which settings say what is an error?"""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, field_validator, model_validator

from logboom.config.rules import checked_query
from logboom.config.section import Section
from logboom.errors import QueryError
from logboom.query.automaton import Automaton
from logboom.query.regexp import parse_regexp

Sign = Literal[
    "level", "exception", "http_status", "text",
    "text.outcry", "text.exception", "text.crash", "text.failure", "text.trouble",
]  # fmt: skip
"""What logboom itself recognises an error by; `text` stands for all of `text.…`."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,59}\Z")


class ErrorRuleSection(Section):
    """One rule: whatever it matches is an error, or is none."""

    name: str = Field(description="Its name; `error.detected_by` is `rule:` and the name.")
    error: bool = Field(True, description="What it matches is an error; `false`: is none.")
    where: str | None = Field(None, description="Query for the events that it matches.")
    pattern: str | None = Field(
        None, description="Regular expression, found anywhere in the field; texts in any case."
    )
    field: str = Field("message", description="Field that `pattern` is looked for in.")
    services: list[str] = Field(
        [], description="Only events of these services, `*` for any part of a name; default: all."
    )

    @field_validator("name")
    @classmethod
    def _is_short(cls, value: str) -> str:
        if not _NAME.match(value):
            raise ValueError("needs 1 to 60 letters, digits, spaces, `.`, `_` and `-`")
        return value

    @field_validator("where")
    @classmethod
    def _is_a_query(cls, value: str | None) -> str | None:
        return None if value is None else checked_query(value)

    @field_validator("pattern")
    @classmethod
    def _is_an_expression(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            Automaton(parse_regexp(value))
        except QueryError as error:
            told = "is no regular expression that can be used"
            place = "" if error.position is None else f"character {error.position + 1}: "
            mend = "" if error.mend is None else f" ({error.mend})"
            raise ValueError(f"{told}: {place}{error.what}{mend}") from error
        return value

    @model_validator(mode="after")
    def _says_something(self) -> ErrorRuleSection:
        if self.where is None and self.pattern is None and not self.services:
            raise ValueError("matches every event: give it `where`, `pattern` or `services`")
        return self


class ErrorsSection(Section):
    """What is an error."""

    off: list[Sign] = Field(
        [], description="What is not to make an error: `level`, `text`, `text.failure`, …"
    )
    rules: list[ErrorRuleSection] = Field(
        [],
        max_length=100,
        description="Rules that are asked first; the first that matches decides.",
    )

    @field_validator("rules")
    @classmethod
    def _each_name_once(cls, value: list[ErrorRuleSection]) -> list[ErrorRuleSection]:
        names = [rule.name for rule in value]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"there are two rules called {name!r}: give each its own name")
        return value
