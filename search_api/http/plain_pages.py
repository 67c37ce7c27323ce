"""What do pages look like that links in messages open? Plain HTML without scripts."""

from __future__ import annotations

import base64
import hashlib
from typing import Final
from urllib.parse import parse_qs

from fastapi import Request

from logboom.errors import QueryError

_STYLE: Final = (
    "body{font:16px sans-serif;max-width:36em;margin:3em auto;padding:0 1em}"
    "input,select{font:inherit;padding:.3em;width:100%;box-sizing:border-box;margin:.2em 0 1em}"
    "button{font:inherit;padding:.5em 1.5em}code{background:#8883;overflow-wrap:anywhere}"
    ":root{color-scheme:light dark}"
)
_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
HEADERS: Final = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_HASH}'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",  # without it browsers do not say that a form is our own
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


def page_of(inner: str, head: str = "") -> str:
    """A page.

    Args:
        inner: HTML of its body.
        head: More HTML for its head.
    """
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><title>logboom</title>'
        f"{head}<style>{_STYLE}</style>{inner}</html>"
    )
