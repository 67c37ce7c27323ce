"""What does somebody see who opens a link of a message in a browser, and needs a key?

The cookie of a session is not sent when another site's page, or a mail, leads here: then the page opens itself
again, and brings it. Otherwise it asks for a key.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Final
from urllib.parse import quote

from search_api.http.plain_pages import page_of

FORM: Final = "/api/v1/session/form"
HOME: Final = "/api/v1/session"
_AGAIN: Final = '<meta http-equiv="refresh" content="0">'
_SAFE: Final = "/:@!$&'()*+,;=-._~"


def wants_page(method: str, headers: Mapping[str, str]) -> bool:
    """Whether a request is that of a browser that opens a link.

    Args:
        method: In capitals.
        headers: By lower-case names.
    """
    return method == "GET" and "text/html" in headers.get("accept", "")


def door_page(path: str, query: bytes, headers: Mapping[str, str], detail: str) -> str:
    """The page.

    Args:
        path: That was asked for, decoded.
        query: Of the URL, as it came.
        headers: By lower-case names.
        detail: Why it was refused.
    """
    address = quote(path, safe=_SAFE) + (f"?{query.decode('latin-1')}" if query else "")
    if headers.get("sec-fetch-site") == "cross-site":
        return page_of(f'<p><a href="{escape(address)}">Open it</a></p>', head=_AGAIN)
    return key_page(address, detail)


def key_page(address: str, detail: str) -> str:
    """Asks for a key, and leads to an address of ours."""
    return page_of(
        f'<h1>A key is needed</h1><p>{escape(detail)}</p><form method="post" action="{FORM}">'
        f'<input type="hidden" name="next" value="{escape(address)}">'
        '<label>API key <input name="key" type="password" autocomplete="current-password"'
        ' maxlength="8000"></label><button>Open</button></form>'
    )


def own_address(text: str) -> str:
    """An address below our own; anything else leads to the session."""
    is_own = text.startswith("/") and not text.startswith("//") and "\\" not in text
    return text if is_own and text.isascii() and text.isprintable() else HOME
