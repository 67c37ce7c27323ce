"""Which shapes do the answers about alerts and rules have?"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class AlertAnswer(BaseModel):
    """One alert: it is pending, fires, or has resolved lately."""

    labels: dict[str, str]
    annotations: dict[str, str]
    episode: str
    state: str = Field(description="`pending`, `firing` or `resolved`.")
    starts_at: str
    ends_at: str | None
    value: float | None
    threshold: float | None = Field(description="What the value is compared to.")
    unit: str = Field(
        description="Of both: `share`, `per_second`, `times`, `ns`, `us`, `ms`, `s`, `bytes`, or empty."
    )
    measured: dict[str, float | None] = Field(
        description="What was measured for each comparison, where there are several."
    )
    units: dict[str, str] = Field(description="Of what was measured.")
    condition: str
    query: str
    window: list[str]
    samples: list[dict[str, Any]]
    error_group: str | None
    rule: str


class AlertsAnswer(BaseModel):
    """The alerts, those that fire first; `total` counts those that are not listed, too."""

    alerts: list[AlertAnswer]
    total: int


class RuleAnswer(BaseModel):
    """One rule, and how it goes with it."""

    alert: str
    when: str
    over: str
    by: list[str]
    where: str
    labels: dict[str, str]
    state: str = Field(description="`inactive`, `pending`, `firing`, `failed` or `held`.")
    pending: int
    firing: int
    matched: bool = Field(description="False while no event has ever matched it: is `where` right?")
    untold: int = Field(
        description="Firings that were over when late events showed them, and too many to be told."
    )
    detail: str = Field(description="Why it cannot be evaluated; empty otherwise.")


class GroupAnswer(BaseModel):
    """One group of rules."""

    name: str
    every: str
    origin: str = Field(description="The file, or `api`.")
    last: str | None = Field(
        description="Up to when it was evaluated, on the replica that does it."
    )
    rules: list[RuleAnswer]


class RulesAnswer(BaseModel):
    """All groups; `problems` says what is wrong with files that are not used."""

    groups: list[GroupAnswer]
    problems: dict[str, str]


class ChangeAnswer(BaseModel):
    """What a group was made to be; `content` is null where it was deleted."""

    version: int
    at: str
    author: str
    content: dict[str, Any] | None


class ChangedAnswer(ChangeAnswer):
    """What a group was made to be now."""

    warnings: list[str] = Field(description="What its rules may not mean, a sentence each.")


class HistoryAnswer(BaseModel):
    """The changes of a group, the newest first."""

    changes: list[ChangeAnswer]


class GroupBody(BaseModel):
    """A group of rules, as a file would say it."""

    model_config = ConfigDict(extra="allow")

    name: str | None = None


class TrialBody(BaseModel):
    """A rule to be tried, as a file would say it, or the `group/name` of one that is there."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    rule: dict[str, Any] | str
    every: str = "15s"
    begin: str | None = Field("now-24h", alias="from")
    end: str | None = Field("now", alias="to")
    tz: str = "UTC"


class PreviewAnswer(AlertAnswer):
    """What would have been told of one alert, as a webhook gets it."""

    title: str = Field(description="The message in one line.")
    text: str = Field(description="All of it in words, as an e-mail has it.")
    links: dict[str, str]


class BacktestAnswer(BaseModel):
    """What a rule would have done."""

    rule: str
    condition: str
    warnings: list[str] = Field(description="What the rule may not mean, a sentence each.")
    evaluations: int
    fired: int
    alerts: list[PreviewAnswer] = Field(
        description="What would have been told, the first 100 of it."
    )


class SeriesAnswer(BaseModel):
    """What a rule measures of one series now."""

    series: dict[str, str]
    value: float | None
    measured: dict[str, float | None] = Field(
        description="What was measured for each comparison, where there are several."
    )
    events: int
    baseline: str
    holds: bool


class DryRunAnswer(BaseModel):
    """What a rule measures now, the series for which its condition holds first."""

    rule: str
    condition: str
    warnings: list[str] = Field(
        description="What the rule may not mean, a sentence each; also fields that no event has."
    )
    series: list[SeriesAnswer]
