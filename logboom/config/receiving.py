"""Which settings say where alerts are sent?"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator

from logboom.config.section import Section
from logboom.config.units import Duration


def _http_url(value: SecretStr) -> SecretStr:
    try:
        parts = urlsplit(value.get_secret_value())
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ValueError("is no URL: write https://HOST/PATH")
    return value


def _short(name: str) -> BeforeValidator:
    """A section that may also be written as the text of one of its settings."""
    return BeforeValidator(lambda value: {name: value} if isinstance(value, str) else value)


def _shorts(name: str) -> BeforeValidator:
    """The same for a setting that is a list."""
    return BeforeValidator(
        lambda value: (
            {name: [value]}
            if isinstance(value, str)
            else {name: value}
            if isinstance(value, list)
            else value
        )
    )


SecretUrl = Annotated[SecretStr, AfterValidator(_http_url)]
"""An HTTP address that is not shown: many of them are secrets."""


class WebhookSection(Section):
    """An HTTP address that takes JSON."""

    url: SecretUrl = Field(description="Where the JSON is posted.")
    secret: SecretStr | None = Field(
        None, description="Signs each message, so that the other side knows who sent it."
    )
    headers: dict[str, SecretStr] = Field({}, description="Further headers, for tokens and such.")


class SlackSection(Section):
    """A channel of Slack, by an incoming webhook."""

    url: SecretUrl = Field(description="The incoming webhook's address.")


class DiscordSection(Section):
    """A channel of Discord, by a webhook."""

    url: SecretUrl = Field(description="The webhook's address.")


class TeamsSection(Section):
    """A channel of Microsoft Teams, by a workflow that takes webhook requests."""

    url: SecretUrl = Field(description="The workflow's address.")


class TelegramSection(Section):
    """A chat of Telegram, by a bot."""

    token: SecretStr = Field(description="Token of the bot.")
    chat: str = Field(description="Id of the chat, or @NAME of a channel.")
    url: SecretUrl = Field(
        SecretStr("https://api.telegram.org"), description="Where Telegram's bot API is."
    )


class EmailSection(Section):
    """E-mail, by an SMTP server."""

    host: str = Field(description="Name or address of the SMTP server.")
    port: int = Field(587, ge=1, le=65_535, description="Its port.")
    sender: str = Field(description="Address that the mail is from.")
    to: list[str] = Field(min_length=1, max_length=100, description="Addresses that it goes to.")
    username: str | None = Field(None, description="User name at the SMTP server.")
    password: SecretStr | None = Field(None, description="Password of that user.")
    security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="`starttls`, `tls` from the first byte, or `none`."
    )

    @model_validator(mode="after")
    def _no_password_in_the_clear(self) -> EmailSection:
        if (self.username is None) != (self.password is None):
            raise ValueError("needs `username` and `password` together")
        if self.security == "none" and self.username is not None:
            raise ValueError("would send its password in the clear: use starttls or tls")
        return self


class PagerdutySection(Section):
    """PagerDuty, by its Events API v2."""

    routing_key: SecretStr = Field(description="Integration key of the service.")
    url: SecretUrl = Field(
        SecretStr("https://events.pagerduty.com"), description="Where PagerDuty takes events."
    )


class OpsgenieSection(Section):
    """Opsgenie."""

    api_key: SecretStr = Field(description="Key of an API integration.")
    url: SecretUrl = Field(
        SecretStr("https://api.opsgenie.com"),
        description="Where Opsgenie is; https://api.eu.opsgenie.com in Europe.",
    )


class AlertmanagerSection(Section):
    """Prometheus Alertmanager, by its API v2."""

    urls: list[SecretUrl] = Field(
        min_length=1,
        max_length=10,
        description="Addresses of all of its replicas; it is enough when one takes an alert.",
    )
    headers: dict[str, SecretStr] = Field({}, description="Further headers, for tokens and such.")


class JiraSection(Section):
    """Tickets in Jira, one for each alert that fires."""

    url: SecretUrl = Field(description="Where Jira is.")
    project: str = Field(description="Key of the project.")
    issue_type: str = Field("Task", description="Type of the tickets.")
    username: str | None = Field(
        None, description="User name or e-mail address; without one the token is a bearer's."
    )
    token: SecretStr = Field(description="API token or password.")
    done: list[str] = Field(
        ["Done", "Resolve Issue", "Close Issue", "Resolved", "Closed"],
        description="Names of transitions that close a ticket; the first that there is, is taken, else one"
        " to a status that Jira counts as done.",
    )


class ServicenowSection(Section):
    """Incidents in ServiceNow, one for each alert that fires."""

    url: SecretUrl = Field(description="Where the instance is.")
    username: str = Field(description="User name.")
    password: SecretStr = Field(description="Password.")
    table: str = Field(
        "incident", pattern=r"^\w+$", examples=["incident"], description="Table of the tickets."
    )
    resolved: dict[str, str] = Field(
        {"state": "6", "close_code": "Resolved by caller", "close_notes": "The alert resolved."},
        description="What is set when the alert resolves.",
    )


class PushSubscriptionSection(Section):
    """A browser that wants to be told."""

    endpoint: SecretUrl = Field(description="Where the browser's maker takes messages for it.")
    p256dh: SecretStr = Field(description="Public key of the subscription.")
    auth: SecretStr = Field(description="Secret of the subscription.")


class WebpushSection(Section):
    """Browsers, by web push."""

    private_key: SecretStr = Field(description="VAPID key: 32 bytes in URL-safe base64, or a PEM.")
    subject: str = Field(
        pattern=r"^(mailto:|https://).+",
        examples=["mailto:ops@example.com"],
        description="Who sends: mailto:ADDRESS or an address.",
    )
    subscriptions: list[PushSubscriptionSection] = Field(
        min_length=1, max_length=100, description="The browsers."
    )


class AppriseSection(Section):
    """SMS and a hundred other services, by Apprise."""

    urls: list[SecretStr] = Field(
        min_length=1, max_length=20, description="Addresses as Apprise writes them: twilio://…"
    )


class ActionSection(Section):
    """A signed request at which another system does something: restarts a service, for instance."""

    url: SecretUrl = Field(description="Where the JSON is posted when an alert fires.")
    secret: SecretStr = Field(
        description="Signs each request: an action must not be started by just anybody."
    )
    at_most: int = Field(3, ge=1, le=1000, description="So many requests within `within`.")
    within: Duration = Field(
        timedelta(hours=1),
        ge=timedelta(minutes=1),
        le=timedelta(days=7),
        description="Further requests within this time are not sent, and told as refused.",
    )


class ReceiverSection(Section):
    """Somebody who is told of alerts: a name, and one kind of receiver."""

    name: str = Field(
        pattern=r"^[A-Za-z0-9][\w .@-]{0,63}$",
        examples=["oncall"],
        description="What routes call it.",
    )
    webhook: Annotated[WebhookSection, _short("url")] | None = Field(
        None, description="JSON to an HTTP address; the address, or a section."
    )
    slack: Annotated[SlackSection, _short("url")] | None = Field(
        None, description="Slack; the incoming webhook's address, or a section."
    )
    discord: Annotated[DiscordSection, _short("url")] | None = Field(
        None, description="Discord; the webhook's address, or a section."
    )
    teams: Annotated[TeamsSection, _short("url")] | None = Field(
        None, description="Microsoft Teams; the workflow's address, or a section."
    )
    telegram: TelegramSection | None = Field(None, description="Telegram.")
    email: EmailSection | None = Field(None, description="E-mail.")
    pagerduty: Annotated[PagerdutySection, _short("routing_key")] | None = Field(
        None, description="PagerDuty; the integration key, or a section."
    )
    opsgenie: Annotated[OpsgenieSection, _short("api_key")] | None = Field(
        None, description="Opsgenie; the key, or a section."
    )
    alertmanager: Annotated[AlertmanagerSection, _shorts("urls")] | None = Field(
        None, description="Prometheus Alertmanager; its addresses, or a section."
    )
    jira: JiraSection | None = Field(None, description="Tickets in Jira.")
    servicenow: ServicenowSection | None = Field(None, description="Incidents in ServiceNow.")
    webpush: WebpushSection | None = Field(None, description="Browsers.")
    apprise: Annotated[AppriseSection, _shorts("urls")] | None = Field(
        None, description="SMS and others; addresses as Apprise writes them, or a section."
    )
    action: ActionSection | None = Field(None, description="A signed request that does something.")
    allow_private: bool = Field(
        False, description="It may be at a private, loopback or link-local address."
    )
    ca_file: Path | None = Field(
        None, description="Certificates to trust at it; default: the system's."
    )
    send_resolved: bool = Field(True, description="Tell it when an alert has resolved, too.")
    timeout: Duration = Field(
        timedelta(seconds=10),
        ge=timedelta(milliseconds=100),
        le=timedelta(minutes=2),
        description="One request takes so long at most.",
    )
    give_up_after: Duration = Field(
        timedelta(hours=4),
        ge=timedelta(seconds=1),
        le=timedelta(days=7),
        description="A message that could not be delivered is tried again for so long.",
    )

    @property
    def kind(self) -> str:
        """Which kind it is: the name of the one setting of `KINDS` that is there."""
        return next(kind for kind in KINDS if getattr(self, kind) is not None)

    @model_validator(mode="after")
    def _one_kind(self) -> ReceiverSection:
        given = [kind for kind in KINDS if getattr(self, kind) is not None]
        if not given:
            raise ValueError(f"says not what it is: give it one of {', '.join(KINDS)}")
        if len(given) > 1:
            raise ValueError(
                f"is {' and '.join(given)} at once: make a receiver of each, and a route with"
                " continue: true"
            )
        return self


KINDS = (
    "webhook", "slack", "discord", "teams", "telegram", "email", "pagerduty", "opsgenie",
    "alertmanager", "jira", "servicenow", "webpush", "apprise", "action",
)  # fmt: skip
"""The kinds of receivers."""
