"""Which headers keep a browser from doing harm with our answers?

Source: https://cheatsheetseries.owasp.org/cheatsheets/HTTP_Headers_Cheat_Sheet.html
"""

from __future__ import annotations

from starlette.types import Message

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self';"
    " connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self';"
    " frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_PAIRS = [(name.lower().encode(), value.encode()) for name, value in _HEADERS.items()]
_NO_STORE = (b"cache-control", b"no-store")
_TLS_ONLY = (b"strict-transport-security", b"max-age=2592000")
"""For 30 days. Other hosts of the domain are not ours to speak for. Source: RFC 6797"""


def add_to(start: Message, path: str, *, has_tls: bool) -> None:
    """Adds them to the begin of an answer; what a route has set itself stays.

    Args:
        start: `http.response.start`.
        path: Answers of the API are kept by no cache: they are as secret as the events.
        has_tls: We speak TLS ourselves: browsers are to come in no other way.
    """
    pairs = _PAIRS if not path.startswith("/api/") else [*_PAIRS, _NO_STORE]
    pairs = [*pairs, _TLS_ONLY] if has_tls else pairs
    own = list(start["headers"])
    names = {name.lower() for name, _ in own}
    start["headers"] = own + [pair for pair in pairs if pair[0] not in names]
