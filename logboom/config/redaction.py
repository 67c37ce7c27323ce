"""Which settings say what is a secret?"""

from __future__ import annotations

import re
from typing import Literal, get_args

from pydantic import Field, field_validator, model_validator

from logboom.config.section import Section

Choice = Literal["email", "ip_address", "resident_number"]


class SecretSection(Section):
    """A kind of secret of one's own."""

    name: str = Field(
        pattern=r"^[a-z][a-z0-9_]{0,39}$",
        examples=["employee_number"],
        description="Events get the tag `redacted:` and this name: up to 40 lower case letters, digits"
        " and `_`, a letter first.",
    )
    pattern: str = Field(
        max_length=500, description="Regular expression of the secret; what it matches is replaced."
    )
    reason: str = Field(
        min_length=1, max_length=500, description="Why it is a secret, for those who read this."
    )
    keep_first: int = Field(0, ge=0, le=32, description="So many of its first characters stay.")
    keep_last: int = Field(0, ge=0, le=32, description="So many of its last characters stay.")

    @field_validator("pattern")
    @classmethod
    def _is_a_pattern(cls, value: str) -> str:
        try:
            pattern = re.compile(value)
        except (re.error, RecursionError, OverflowError) as error:
            raise ValueError(f"is no regular expression: {error}") from error
        if pattern.search("") is not None:
            raise ValueError("matches the empty text: it would be found everywhere")
        return value


class RedactionSection(Section):
    """Which secrets are replaced before anything is sent or kept."""

    enabled: bool = Field(True, description="Replace secrets; false leaves everything as it is.")
    also: list[Choice] = Field(
        [], description=f"Kinds that are off by default: {', '.join(get_args(Choice))}."
    )
    without: list[str] = Field([], description="Kinds that are on by default, and are not wanted.")
    rules: list[SecretSection] = Field([], description="Kinds of secrets of your own.")

    @model_validator(mode="after")
    def _names_differ(self) -> RedactionSection:
        names = [rule.name for rule in self.rules]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"there are two rules named {twice}")
        return self
