"""What do Alertmanager's receivers say in our terms?"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from logboom.importing.located import Located
from logboom.importing.translation import Note, Settings, as_list, reference, secret

_WORDING: Final = (
    "channel", "username", "title", "text", "title_link", "pretext", "color", "fallback", "fields",
    "actions", "icon_emoji", "icon_url", "image_url", "thumb_url", "footer", "short_fields",
    "link_names", "mrkdwn_in", "callback_id", "html", "headers", "message", "description", "summary",
    "parse_mode", "content", "max_alerts", "severity", "class", "component", "group", "details",
    "client", "client_url", "images", "links", "source", "tags", "note", "priority", "hello",
    "disable_notifications", "actions", "entity",
)  # fmt: skip


def receivers_of(
    parts: Iterable[Located], common: Settings, notes: list[Note]
) -> tuple[list[dict[str, Any]], Mapping[str, list[str]]]:
    """Our receivers, and the names that stand for each of theirs: one for each way to tell.

    Args:
        parts: Of the list `receivers`.
        common: The section `global`.
        notes: Where notes go.
    """
    usual = _Usual(common)
    made: list[dict[str, Any]] = []
    names: dict[str, list[str]] = {}
    for part in parts:
        name = _name(str(part.values.get("name")))
        found = names.setdefault(str(part.values.get("name")), [])
        for kind, value in part.values.items():
            if kind == "name":
                continue
            for one in as_list(value):
                ours = name if not found else f"{name} {len(found) + 1}"
                receiver = _receiver(kind, one, ours, usual, part, notes)
                if receiver is not None:
                    found.append(ours)
                    made.append(receiver)
    return made, names


class _Usual:
    """What holds for all receivers that do not say otherwise."""

    def __init__(self, common: Settings) -> None:
        self.smarthost = common.take("smtp_smarthost")
        self.sender = common.take("smtp_from")
        self.username = common.take("smtp_auth_username")
        self.has_password = common.take("smtp_auth_password") is not None
        self.requires_tls = common.take("smtp_require_tls", default=True)
        self.has_slack_url = common.take("slack_api_url") is not None
        self.has_opsgenie_key = common.take("opsgenie_api_key") is not None
        self.opsgenie_url = common.take("opsgenie_api_url")
        common.ignore(["smtp_hello"], "the machine's name is said")


def _receiver(
    kind: str, value: object, name: str, usual: _Usual, part: Located, notes: list[Note]
) -> dict[str, Any] | None:
    translate = _KINDS.get(kind)
    if translate is None or not isinstance(value, Located):
        line = part.lines.get(kind, part.line)
        notes.append(Note(line, f"receiver {name}: `{kind}` is not translated: it has no equal"))
        return None
    settings = Settings(value.values, value.lines, f"receiver {name}", notes, line=value.line)
    variable = re.sub(r"\W", "_", name).upper()
    section = translate(settings, variable, usual)
    made: dict[str, Any] = {"name": name, **section}
    default = kind not in {"slack_configs", "email_configs"}
    if settings.take("send_resolved", default=default) is False:
        made["send_resolved"] = False
    if _is_inside(section):
        settings.note("url", "is within your network: allow_private is set")
        made["allow_private"] = True
    settings.take_below("http_config")
    for word in _WORDING:
        if settings.take_below(word) or settings.take(word) is not None:
            settings.note(word, "is left out: messages have words of their own")
    settings.finish()
    return made


def _webhook(settings: Settings, variable: str, _usual: _Usual) -> dict[str, Any]:
    settings.note("url", "gets our own JSON, not Alertmanager's: see docs/notifications.md")
    url = settings.take("url")
    if url is None or "@" in str(url):
        settings.take("url_file")
        return {"webhook": _from_environment(settings, "url", variable, "URL")}
    return {"webhook": reference(str(url))}


def _slack(settings: Settings, variable: str, usual: _Usual) -> dict[str, Any]:
    if "api_url" not in settings and usual.has_slack_url:
        variable = "SLACK"
    settings.take("api_url_file")
    settings.take("api_url")
    return {"slack": _from_environment(settings, "api_url", variable, "URL")}


def _by_url(kind: str, setting: str) -> Callable[[Settings, str, _Usual], dict[str, Any]]:
    def translate(settings: Settings, variable: str, _usual: _Usual) -> dict[str, Any]:
        settings.take(setting)
        settings.take(f"{setting}_file")
        return {kind: _from_environment(settings, setting, variable, "URL")}

    return translate


def _email(settings: Settings, variable: str, usual: _Usual) -> dict[str, Any]:
    host, _, port = str(settings.take("smarthost") or usual.smarthost or "localhost:25").rpartition(
        ":"
    )
    to = [one.strip() for one in str(settings.take("to") or "").split(",") if one.strip()]
    made: dict[str, Any] = {
        "host": host, "port": int(port) if port.isdecimal() else 25,
        "sender": str(settings.take("from") or usual.sender or "logboom@localhost"), "to": to,
    }  # fmt: skip
    username = settings.take("auth_username") or usual.username
    word = secret(settings, "auth_password", f"LOGBOOM_{variable}_PASSWORD")  # the environment's
    if word is None and usual.has_password:
        word = _from_environment(settings, "auth_password", "SMTP", "PASSWORD")
    if username is not None and word is not None:
        made |= {"username": reference(str(username)), "password": word}
    if settings.take("require_tls", default=usual.requires_tls) is False:
        made["security"] = "none"
    if port == "465":
        made["security"] = "tls"
    return {"email": made}


def _pagerduty(settings: Settings, variable: str, _usual: _Usual) -> dict[str, Any]:
    if "service_key" in settings:
        settings.note("service_key", "is of the older interface: make a key of the Events API v2")
    for name in ("routing_key", "routing_key_file", "service_key", "service_key_file", "url"):
        settings.take(name)
    return {"pagerduty": _from_environment(settings, "routing_key", variable, "KEY")}


def _opsgenie(settings: Settings, variable: str, usual: _Usual) -> dict[str, Any]:
    if "api_key" not in settings and usual.has_opsgenie_key:
        variable = "OPSGENIE"
    settings.take("api_key")
    settings.take("api_key_file")
    made = {"api_key": _from_environment(settings, "api_key", variable, "KEY")}
    url = settings.take("api_url") or usual.opsgenie_url
    return {"opsgenie": made | ({"url": str(url).rstrip("/")} if url else {})}


def _telegram(settings: Settings, variable: str, _usual: _Usual) -> dict[str, Any]:
    settings.take("bot_token")
    settings.take("bot_token_file")
    made = {
        "token": _from_environment(settings, "bot_token", variable, "TOKEN"),
        "chat": str(settings.take("chat_id") or ""),
    }
    url = settings.take("api_url")
    return {"telegram": made | ({"url": str(url)} if url else {})}


_KINDS: Final[Mapping[str, Callable[[Settings, str, _Usual], dict[str, Any]]]] = {
    "webhook_configs": _webhook,
    "slack_configs": _slack,
    "discord_configs": _by_url("discord", "webhook_url"),
    "msteams_configs": _by_url("teams", "webhook_url"),
    "msteamsv2_configs": _by_url("teams", "webhook_url"),
    "email_configs": _email,
    "pagerduty_configs": _pagerduty,
    "opsgenie_configs": _opsgenie,
    "telegram_configs": _telegram,
}


def _from_environment(settings: Settings, name: str, variable: str, what: str) -> str:
    """A secret is never copied: it is named."""
    called = f"LOGBOOM_{variable}_{what}"
    settings.note(name, f"is not copied: put it into the environment as {called}")
    return f"${{{called}}}"


def _is_inside(section: Mapping[str, Any]) -> bool:
    """Whether a receiver is at an address of the own network, as far as its name shows."""
    url, mail = section.get("webhook"), section.get("email")
    host = urlsplit(url).hostname if isinstance(url, str) and "$" not in url else None
    host = mail["host"] if mail else host
    if host is None:
        return False
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return "." not in host


def _name(text: str) -> str:
    """A name as ours may be."""
    cleaned = re.sub(r"[^\w .@-]", "_", text, flags=re.ASCII)[:50]
    return cleaned if re.match(r"[A-Za-z0-9]", cleaned) else f"r{cleaned}"
