"""Which settings say which events are sent, and what is changed about them?"""

from __future__ import annotations

from pydantic import Field, field_validator, model_validator

from logboom.config.section import Section
from logboom.errors import QueryError
from logboom.query.lucene import parse_query

ACTIONS = ("drop", "keep", "sample", "rename", "remove", "set")
_DECIDING = frozenset({"drop", "keep", "sample"})
_MAX_NAME = 120
_YEAR_NS = 31_536_000_000_000_000


class SampleSection(Section):
    """Which part of the events is sent."""

    rate: float = Field(ge=0, le=1, description="Part of the events that is sent: 0.1 is a tenth.")
    where: str = Field("", description="Query for the events that are sampled; default: all.")

    @field_validator("where")
    @classmethod
    def _is_a_query(cls, value: str) -> str:
        return checked_query(value)


class RuleSection(Section):
    """One rule: exactly one of `drop`, `keep`, `sample`, `rename`, `remove` and `set`."""

    name: str | None = Field(
        None, description="Under which dropped lines are counted; default: the rule in one line."
    )
    drop: str | None = Field(None, description="Events that match this query are not sent.")
    keep: str | None = Field(None, description="Events that do not match this query are not sent.")
    sample: SampleSection | None = Field(None, description="Only a part of the events is sent.")
    rename: dict[str, str] | None = Field(None, description="Old name of a field to its new name.")
    remove: list[str] | None = Field(None, description="Fields that are taken out.")
    set: dict[str, object] | None = Field(
        None, description="Fields and the values that they get, whatever they were."
    )
    where: str | None = Field(
        None, description="Query for the events that `rename`, `remove` or `set` is for."
    )

    @field_validator("drop", "keep", "where")
    @classmethod
    def _are_queries(cls, value: str | None) -> str | None:
        if value is None:
            return None
        if not value.strip():
            raise ValueError("is empty, which is every event: write a query, or leave it out")
        return checked_query(value)

    @model_validator(mode="after")
    def _has_one_action(self) -> RuleSection:
        actions = [name for name in ACTIONS if getattr(self, name) is not None]
        if len(actions) != 1:
            given = f"this one has {' and '.join(actions)}" if actions else "this one has none"
            raise ValueError(f"a rule has exactly one of {', '.join(ACTIONS)}; {given}")
        if self.where is not None and actions[0] in _DECIDING:
            raise ValueError(f"`where` is not for `{actions[0]}`, which has its own query")
        return self

    @property
    def action(self) -> str:
        """Which of the actions it has."""
        return next(name for name in ACTIONS if getattr(self, name) is not None)

    @property
    def title(self) -> str:
        """Its name, or what it says."""
        if self.name:
            return self.name
        if self.sample is not None:
            return f"sample {self.sample.rate:g} {self.sample.where}".strip()[:_MAX_NAME]
        return f"{self.action} {getattr(self, self.action)}"[:_MAX_NAME]


def checked_query(text: str) -> str:
    """A query whose answer does not depend on when it is asked.

    Raises:
        ValueError: It is no query, or names times relative to the present.
    """
    try:
        queries = [parse_query(text, now_ns=now_ns) for now_ns in (_YEAR_NS, 3 * _YEAR_NS)]
    except QueryError as error:
        raise ValueError(f"is no query: {error}") from error
    if queries[0] != queries[1]:
        raise ValueError("depends on the present (`now`): a rule must say the same at any time")
    return text
