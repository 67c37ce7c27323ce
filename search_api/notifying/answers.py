"""What do requests and answers about telling look like?"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from search_api.notifying.outcomes import DeliveryRecord
from search_api.notifying.people import Acknowledgement
from search_api.notifying.quiet import Silence

Text = Annotated[str, Field(max_length=1000)]


class SilenceBody(BaseModel):
    """A silence as it is asked for."""

    model_config = ConfigDict(extra="forbid")

    matchers: list[Annotated[str, Field(max_length=500)]] | dict[str, str] = Field(
        description='`["severity=~\\"high|low\\""]`, or labels with their values.', max_length=30
    )
    starts_at: str | None = Field(None, description="From when on; default: now.")
    ends_at: str | None = Field(None, description="Until when: a time, or now+2h.")
    duration: str | None = Field(None, description="Instead of `ends_at`: 2h, 30m, 1d.")
    author: Text = ""
    comment: Text = ""


class SilenceAnswer(BaseModel):
    """A silence; `state` is pending, active or expired."""

    id: str
    matchers: list[str]
    starts_at: datetime
    ends_at: datetime
    state: str
    author: str
    comment: str


class SilenceMadeAnswer(SilenceAnswer):
    """A silence that was added or changed."""

    hints: list[str] = Field(description="What may be mistyped: labels that no rule has.")


class SilencesAnswer(BaseModel):
    """Silences, those that end last in front."""

    silences: list[SilenceAnswer]


class AcknowledgementBody(BaseModel):
    """Who takes care of which alert."""

    model_config = ConfigDict(extra="forbid")

    episode: Annotated[str, Field(pattern=r"^[0-9A-Za-z_.:-]{1,100}$")]
    author: Text = ""
    comment: Text = ""


class AcknowledgementAnswer(BaseModel):
    """Who takes care of which alert, since when."""

    episode: str
    author: str
    comment: str
    at: datetime


class AcknowledgementsAnswer(BaseModel):
    """Acknowledgements, the newest first."""

    acknowledgements: list[AcknowledgementAnswer]


class ReceiverAnswer(BaseModel):
    """A receiver, and how its last message went."""

    name: str
    kind: str
    send_resolved: bool
    last: dict[str, Any] | None


class ReceiversAnswer(BaseModel):
    """The configured receivers."""

    receivers: list[ReceiverAnswer]


class TriedBody(BaseModel):
    """Which receiver is to be tried."""

    model_config = ConfigDict(extra="forbid")

    receiver: str


class TriedAnswer(BaseModel):
    """What became of the message."""

    receiver: str
    delivered: bool
    detail: str
    took_ms: float


class DeliveriesAnswer(BaseModel):
    """What became of messages, the newest first."""

    deliveries: list[dict[str, Any]]
    total: int


def silence_shown(silence: Silence, now: datetime) -> dict[str, Any]:
    """A silence as it is answered."""
    ended = now >= silence.ends_at
    state = "expired" if ended else "active" if now >= silence.starts_at else "pending"
    return {"id": silence.key, "state": state, **silence.to_json()}


def acknowledgement_shown(one: Acknowledgement) -> dict[str, Any]:
    """An acknowledgement as it is answered."""
    return {
        "episode": one.episode, "author": one.author, "comment": one.comment,
        "at": one.at.isoformat(),
    }  # fmt: skip


def delivery_shown(one: DeliveryRecord) -> dict[str, Any]:
    """A delivery as it is answered."""
    return {"key": one.key, **one.to_json()}
