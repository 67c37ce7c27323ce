"""How are CEF and LEEF read, the formats of security devices?

Sources: ArcSight Common Event Format, revision 25; IBM QRadar Log Event Extended Format 1.0, 2.0.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import Final

from shipper.parsers.conversions import whole
from shipper.parsers.port import Fields
from shipper.parsers.repeats import add_numbered

_CEF_HEAD = re.compile(
    r"CEF: ?(\d{1,3})" + 6 * r"\|((?:[^|\\]|\\.)*+)" + r"(?:\|((?s:.*)))?", re.DOTALL
)
_CEF_KEY = re.compile(r"(?<![^\s|])([\w.\[\]-]{1,128}+)=")
_LEEF_HEAD = re.compile(r"LEEF: ?(\d)(?:\.\d)?" + 4 * r"\|([^|]*+)" + r"\|((?s:.*))")
_LEEF_DELIMITER = re.compile(r"(?:0?x([0-9a-fA-F]{1,4})|([^|]))?\|")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_KNOWN: Final = MappingProxyType(
    {
        "msg": "message", "src": "client.ip", "suser": "user.name", "usrName": "user.name",
        "rt": "@timestamp", "devTime": "@timestamp", "request": "url.original", "url": "url.original",
        "requestMethod": "http.request.method", "dvchost": "host.name", "sproc": "process.name",
        "requestClientApplication": "user_agent.original", "spid": "process.pid", "dvcpid": "process.pid",
    }
)  # fmt: skip
_WORDS: Final = MappingProxyType(
    {"low": "info", "unknown": "info", "medium": "warn", "high": "error", "very-high": "fatal"}
)
_LEVELS = ("info",) * 4 + ("warn",) * 3 + ("error",) * 2 + ("fatal",) * 2


class CefParser:
    """Parses CEF."""

    name = "cef"

    def parse(self, text: str) -> Fields | None:
        """See `Parser.parse`."""
        return parse_cef(text)


class LeefParser:
    """Parses LEEF."""

    name = "leef"

    def parse(self, text: str) -> Fields | None:
        """See `Parser.parse`."""
        return parse_leef(text)


def parse_cef(text: str) -> Fields | None:
    """The fields of `CEF:0|vendor|product|version|id|name|severity|key=value …`."""
    head = _CEF_HEAD.match(text)
    if head is None:
        return None
    version, vendor, product, release, event, name, severity, extension = head.groups()
    fields = _device("cef_version", (version, vendor, product, release, event))
    found = _extension(extension or "")
    counts: dict[str, int] = {}
    for number in [key[:-5] for key in found if key.endswith("Label")]:
        if number in found and found[f"{number}Label"]:
            add_numbered(found, found.pop(f"{number}Label"), found.pop(number), counts)
    fields["attributes.name"] = _plain(name)
    _add_severity(fields, severity)
    _place(fields, found)
    fields.setdefault("message", _plain(name))
    return fields


def parse_leef(text: str) -> Fields | None:
    """The fields of `LEEF:1.0|vendor|product|version|id|key=value<tab>…`; 2.0 names the delimiter."""
    head = _LEEF_HEAD.match(text)
    if head is None:
        return None
    *device, rest = head.groups()
    fields = _device("leef_version", device)
    delimiter = "\t"
    if head[1] != "1" and (match := _LEEF_DELIMITER.match(rest)):
        delimiter = chr(int(match[1], 16)) if match[1] else match[2] or delimiter
        rest = rest[match.end() :]
    found: dict[str, str] = {}
    counts: dict[str, int] = {}
    for pair in rest.split(delimiter):
        key, equals, value = pair.partition("=")
        if equals and key.strip():
            add_numbered(found, key.strip(), value, counts)
        else:
            add_numbered(found, "extension", pair.strip(), counts)
    severity = found.pop("sev", "")
    _add_severity(fields, severity)
    _place(fields, found)
    fields.setdefault("message", text)
    return fields


def _device(version_name: str, parts: list[str] | tuple[str, ...]) -> Fields:
    version, vendor, product, release, event = parts
    return {
        f"attributes.{version_name}": whole(version),
        "attributes.device_vendor": _plain(vendor),
        "attributes.device_product": _plain(product),
        "attributes.device_version": _plain(release),
        "attributes.event_code": _plain(event),
    }


def _extension(text: str) -> dict[str, str]:
    keys = list(_CEF_KEY.finditer(text))
    begin, *ends = [*(key.start() for key in keys), len(text)]
    found = {"extension": _plain(text[:begin].strip())}
    counts: dict[str, int] = {}
    for key, end in zip(keys, ends, strict=True):
        add_numbered(found, key[1], _plain(text[key.end() : end].rstrip(" ")), counts)
    return found


def _place(fields: Fields, found: dict[str, str]) -> None:
    counts: dict[str, int] = {}
    for key, value in found.items():
        if value:
            own = f"attributes.{key}"
            known = _KNOWN.get(key, own)
            add_numbered(fields, own if known in fields else known, value, counts)


def _add_severity(fields: Fields, severity: str) -> None:
    level = _WORDS.get(severity.strip().lower())
    number = whole(severity.strip())
    if isinstance(number, int) and 0 <= number < len(_LEVELS):
        level = _LEVELS[number]
    if level is not None:
        fields["log.level"] = level
    if severity:
        fields["attributes.severity"] = number


def _plain(text: str) -> str:
    if "\\" not in text:
        return text
    return _ESCAPED.sub(lambda match: {"n": "\n", "r": "\r"}.get(match[1], match[1]), text)
