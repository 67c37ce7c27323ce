"""Which settings say which alerts there are, and how they are decided?"""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field, field_validator

from logboom.config.notifying import NotifyingSection
from logboom.config.section import Section
from logboom.config.units import Duration


class HeartbeatSection(Section):
    """A sign of life to somebody outside, who says so when it fails to come."""

    url: str = Field(description="Asked with POST for as long as rules are evaluated in time.")
    every: Duration = Field(
        timedelta(minutes=1), ge=timedelta(seconds=5), le=timedelta(days=1),
        description="How often.",
    )  # fmt: skip

    @field_validator("url")
    @classmethod
    def _is_http(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")):
            raise ValueError("is no address: write https://…")
        return value


class AlertsSection(NotifyingSection):
    """Which alerts there are, and who is told of them."""

    rules: list[str] = Field(
        [], max_length=200, description="Files of rules, or patterns such as `rules/*.yaml`."
    )
    settle: Duration = Field(
        timedelta(seconds=3), ge=timedelta(0), le=timedelta(minutes=10),
        description="A window is evaluated so long after its end: events need that to arrive.",
    )  # fmt: skip
    late: Duration = Field(
        timedelta(hours=1), ge=timedelta(0), le=timedelta(days=7),
        description="Windows that later events change are evaluated again, up to this age.",
    )  # fmt: skip
    catch_up: Duration = Field(
        timedelta(hours=6), ge=timedelta(minutes=1), le=timedelta(days=7),
        description="After a downtime so much of it is evaluated; what is older is passed over.",
    )  # fmt: skip
    heartbeat: HeartbeatSection | None = Field(
        None, description="A sign of life to somebody outside."
    )
