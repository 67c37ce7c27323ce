"""What is the same for every part of the configuration?"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A part of the configuration: frozen, and strict about unknown keys.

    Its validator is built when it is first used: every service imports all of them as it starts, and
    the whole configuration has one validator for all of its parts.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        validate_default=True,
        defer_build=True,
    )
