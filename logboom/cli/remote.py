"""Talking to the search API from the terminal."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from ssl import SSLCertVerificationError
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urlsplit
from urllib.request import Request, urlopen

from logboom.config.units import is_loopback
from logboom.environment import process_environment
from logboom.errors import LogboomError, ServiceUnreachable, UsageError
from logboom.inflating import GZIP

DEFAULT_URL = "http://127.0.0.1:7700"
KEY = "LOGBOOM_API_KEY"
"""In the environment: the API key that is sent along. Command lines are seen by everybody."""

KEY_FILE = "LOGBOOM_API_KEY_FILE"
"""In the environment: the file that has it."""

_TIMEOUT_S = 60.0
_PIECE_BYTES = 1 << 18
_UNKNOWN_CALLER = 401
_COME_LATER = frozenset({429, 503})


def ask(url: str, route: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """Asks the API.

    Args:
        url: Where the API is.
        route: Below ``/api/v1``.
        parameters: None values are left out.

    Raises:
        UsageError: The API says that the question is wrong.
        ServiceUnreachable: It does not answer.
        LogboomError: It answered with another error.
    """
    with _asked(url, _request(url, route, parameters)) as answer:
        content: dict[str, Any] = json.load(answer)
        return content


def tell(url: str, route: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Asks the API with a body.

    Args:
        url: Where the API is.
        route: Below ``/api/v1``.
        body: Sent as JSON.

    Raises:
        LogboomError: As `ask`.
    """
    request = _request(url, route, {})
    request.data = json.dumps(body).encode()
    request.add_header("Content-Type", "application/json")
    with _asked(url, request) as answer:
        content: dict[str, Any] = json.load(answer)
        return content


def erase(url: str, route: str) -> None:
    """Has the API end or delete what a route names.

    Raises:
        LogboomError: As `ask`.
    """
    request = _request(url, route, {})
    request.method = "DELETE"
    with _asked(url, request):
        return


@contextmanager
def opened(url: str, route: str, parameters: Mapping[str, str | None]) -> Iterator[HTTPResponse]:
    """An answer that is read bit by bit, by `pieces`; from afar it comes compressed.

    Args:
        url: Where the API is.
        route: Below ``/api/v1``.
        parameters: None values are left out.

    Raises:
        LogboomError: As `ask`; `ServiceUnreachable` also when the answer breaks off.
    """
    request = _request(url, route, parameters)
    if not is_loopback(f"{_host(url)}:0"):
        request.add_header("Accept-Encoding", "gzip")
    with _asked(url, request) as answer:
        yield answer


def pieces(answer: HTTPResponse) -> Iterator[bytes]:
    """What an answer has to say, as it comes.

    Raises:
        HTTPException: It breaks off, or is not compressed as it says.
    """
    stream = zlib.decompressobj(GZIP) if answer.headers.get("Content-Encoding") == "gzip" else None
    while piece := answer.read1(_PIECE_BYTES):
        try:
            yield piece if stream is None else stream.decompress(piece)
        except zlib.error as error:
            raise HTTPException(f"the answer is damaged: {error}") from error
    if stream is not None and not stream.eof:
        raise HTTPException("the answer ends too early")


def stream(
    url: str, route: str, parameters: dict[str, Any], *, last_event_id: str | None
) -> Iterator[str]:
    """The lines of an answer that goes on, without their ends.

    Args:
        url: Where the API is.
        route: Below ``/api/v1``.
        parameters: None values are left out.
        last_event_id: Go on behind this event of an earlier stream.

    Raises:
        LogboomError: As `ask`; `ServiceUnreachable` also when the stream breaks off.
    """
    request = _request(url, route, parameters)
    if last_event_id is not None:
        request.add_header("Last-Event-ID", last_event_id)
    with _asked(url, request) as answer:
        for line in answer:
            yield line.decode().rstrip("\r\n")


def _request(url: str, route: str, parameters: Mapping[str, Any]) -> Request:
    if _host(url) is None:
        raise UsageError(f"{url!r} is no URL", mend=f"write for example {DEFAULT_URL}")
    try:
        query = urlencode({name: value for name, value in parameters.items() if value is not None})
    except UnicodeEncodeError as error:
        raise UsageError(
            f"{error.object!r} has bytes that are no text",
            mend="write it in the encoding of this terminal",
        ) from error
    request = Request(f"{url.rstrip('/')}/api/v1/{route}?{query}")  # noqa: S310 - http(s) was checked
    key = api_key(process_environment())
    if key is not None:
        # another host that we are led to does not get it
        request.add_unredirected_header("Authorization", f"Bearer {key}")
    return request


def _host(url: str) -> str | None:
    """The name or the address in a URL of HTTP; None: it is no such URL."""
    try:
        parts = urlsplit(url)
        url.encode()
    except ValueError:  # a bracket without its other one, or bytes that are no text
        return None
    is_ours = parts.scheme in {"http", "https"} and parts.path.isascii()
    return parts.hostname if is_ours else None


def api_key(environment: Mapping[str, str]) -> str | None:
    """The key that the environment names, itself or by its file; None: it names none.

    Raises:
        UsageError: The file cannot be read, or the key cannot be one.
    """
    key, name = environment.get(KEY), environment.get(KEY_FILE)
    if not key and name:
        try:
            key = Path(name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "is no text"
            raise UsageError(f"the file of the API key: {reason}", where=name) from error
    key = (key or "").strip()
    if not key:
        return None
    if not key.isascii() or not key.isprintable():
        raise UsageError("the API key has characters that no key has", where=KEY)
    return key


@contextmanager
def _asked(url: str, request: Request) -> Iterator[HTTPResponse]:
    try:
        with urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310 - http(s) was checked
            yield answer
    except HTTPError as error:
        raise _problem(error) from None
    except BrokenPipeError:  # whoever reads what is written of the answer has gone
        raise
    except (URLError, TimeoutError, ConnectionError, HTTPException) as error:
        reason = getattr(error, "reason", error)
        if isinstance(reason, SSLCertVerificationError):
            raise ServiceUnreachable(
                f"its certificate is not trusted: {reason.verify_message}",
                where=url,
                mend="set SSL_CERT_FILE to the file with the certificate, or its authority's, and"
                " name it with --url by a name that it is for",
            ) from None
        raise ServiceUnreachable(
            f"no logboom answers: {reason}",
            where=url,
            mend="start one with `logboom up`, or name it with --url",
        ) from None


def _problem(error: HTTPError) -> LogboomError:
    try:
        problem = json.load(error)
        detail = str(problem.get("detail") or problem.get("title"))
    except (ValueError, AttributeError):
        detail = f"the API answered with status {error.code}"
    if error.code == _UNKNOWN_CALLER:
        return LogboomError(detail, mend=f"set {KEY} to a key, or {KEY_FILE} to a file that has it")
    if error.code in _COME_LATER:
        return ServiceUnreachable(detail)
    return UsageError(detail) if 400 <= error.code < 500 else LogboomError(detail)


def pages(url: str, parameters: dict[str, Any], limit: int) -> Iterator[dict[str, Any]]:
    """All pages of a search, until `limit` events were given.

    Raises:
        LogboomError: As `ask`.
    """
    cursor: str | None = None
    left = limit
    while left > 0:
        page = ask(url, "search", {**parameters, "limit": min(left, 1000), "cursor": cursor})
        yield page
        left -= len(page["events"])
        cursor = page["cursor"]
        if cursor is None:
            return
