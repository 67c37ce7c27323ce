"""Which pages do the links in messages open?

They are plain HTML without scripts. A link only asks: programs that look at links before people do must
not acknowledge anything.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from html import escape
from typing import Final
from urllib.parse import parse_qs

from fastapi import Request

from logboom.errors import QueryError

_STYLE: Final = (
    "body{font:16px sans-serif;max-width:36em;margin:3em auto;padding:0 1em}"
    "input,select{font:inherit;padding:.3em;width:100%;box-sizing:border-box;margin:.2em 0 1em}"
    "button{font:inherit;padding:.5em 1.5em}code{background:#eee}"
)
_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
HEADERS: Final = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_HASH}'; form-action 'self'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_MOST_BYTES: Final = 65_536


async def fields_of(request: Request) -> dict[str, list[str]]:
    """The fields of a form that was sent.

    Raises:
        QueryError: It is too long, or no form.
    """
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _MOST_BYTES:
            raise QueryError("the form is too long")
    try:
        return parse_qs(body.decode(), max_num_fields=100)
    except ValueError as error:
        raise QueryError("this is no form") from error


def silence_page(matchers: Sequence[str]) -> str:
    """Asks for how long alerts are to be silent."""
    shown = "".join(f"<li><code>{escape(one)}</code></li>" for one in matchers)
    hidden = "".join(
        f'<input type="hidden" name="matcher" value="{escape(one)}">' for one in matchers
    )
    times = "".join(
        f'<option value="{value}">{name}</option>'
        for value, name in (
            ("30m", "30 minutes"),
            ("2h", "2 hours"),
            ("8h", "8 hours"),
            ("1d", "a day"),
            ("7d", "a week"),
        )
    )
    return _page(
        "Silence these alerts",
        f'<ul>{shown}</ul>{hidden}<label>For <select name="duration">{times}</select></label>',
        "Silence",
    )


def acknowledgement_page(episode: str) -> str:
    """Asks who takes care of an alert."""
    hidden = f'<input type="hidden" name="episode" value="{escape(episode)}">'
    told = "<p>It is not repeated or escalated any more; its end is told.</p>"
    return _page("Acknowledge this alert", hidden + told, "Acknowledge")


def done_page(text: str) -> str:
    """Says that it is done."""
    return _html(f"<h1>{escape(text)}</h1>")


def _page(title: str, inner: str, button: str) -> str:
    return _html(
        f'<h1>{escape(title)}</h1><form method="post">{inner}'
        '<label>Your name <input name="author" maxlength="100"></label>'
        '<label>Comment <input name="comment" maxlength="500"></label>'
        f"<button>{escape(button)}</button></form>"
    )


def _html(inner: str) -> str:
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>logboom</title>'
        f"<style>{_STYLE}</style>{inner}</html>"
    )
