"""How is an event shown on a terminal?"""

from __future__ import annotations

import json
import re
from typing import Any

from logboom.choosing import value_of
from logboom.event import value_at
from logboom.naming import names_in, plain_name

_LONGEST_SHOWN = 8_000
_STEERING = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
"""Control characters, also those of the direction, and halves of characters, which cannot be written."""
_LAST_OF_TWO_DIGITS = 0xFF
_COLOURS = {"error": "31", "fatal": "1;31", "warn": "33", "info": "32", "debug": "36", "trace": "2"}


def line_of(event: dict[str, Any], *, as_json: bool, fields: str | None, colours: bool) -> str:
    """An event as a line of text, with further lines indented; or as JSON."""
    if as_json:
        text = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
        return json.dumps(event, separators=(",", ":")) if _STEERING.search(text) else text
    if fields:
        values = [_text(value_of(plain_name(name))(event)) for name in names_in(fields)]
        return _printable("  ".join(values))
    level = _text(value_at(event, "log.level") or "-")
    service = _text(value_at(event, "service.name") or "-")
    first, _, rest = _text(event.get("message", "")).partition("\n")
    trace = value_at(event, "error.stack_trace")
    if not rest and isinstance(trace, str) and trace not in first:
        rest = trace
    head = _printable(f"{event.get('@timestamp', '-')} {level.upper():5} {service:16} ")
    if colours:
        head = f"\x1b[{_COLOURS.get(level, '0')}m{head}\x1b[0m"
    return head + _printable("\n".join([first, *rest.splitlines()]))


def shortened(text: str) -> str:
    """An event as a terminal can show it; `--json` shows all of it."""
    if len(text) <= _LONGEST_SHOWN:
        return text
    return f"{text[:_LONGEST_SHOWN]} … ({len(text) - _LONGEST_SHOWN} more characters: see --json)"


def _text(value: object) -> str:
    if value is None:
        return "-"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _printable(text: str) -> str:
    """Control characters in a log must not steer the terminal, nor its lines look like other events."""
    return _STEERING.sub(_escaped, text).replace("\n", "\n    ")


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code <= _LAST_OF_TWO_DIGITS else f"\\u{code:04x}"
