"""How is a request sent to a node, and its answer read? By libcurl, driven by the event loop."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

import pycurl

from logboom.elastic.addresses import Address

_CONNECTIONS = 50
_RESERVED = "%/:?#[]@!$&'()*+,;=~"
_KEPT_S = 15
"""A connection that nobody needed for so long is not used again: others on the way may have forgotten it."""

_PIECE_BYTES = 256 * 1024
_ALL_PROXIES = "*"
_WITHOUT_BODY: Final = frozenset({"GET", "HEAD"})

_NOT_CONNECTED: Final = frozenset({pycurl.E_COULDNT_RESOLVE_HOST, pycurl.E_COULDNT_CONNECT})
_NOT_TRUSTED: Final = frozenset(
    {
        pycurl.E_PEER_FAILED_VERIFICATION, pycurl.E_SSL_CACERT_BADFILE, pycurl.E_SSL_CERTPROBLEM,
        pycurl.E_SSL_CIPHER, pycurl.E_SSL_CONNECT_ERROR,
    }
)  # fmt: skip

_HUNG_UP: Final = frozenset({pycurl.E_GOT_NOTHING, pycurl.E_RECV_ERROR, pycurl.E_SEND_ERROR})
_END_OF_HEAD = b"\r\n"
_WHERE_TO = re.compile(r"^Failed to connect to .+ after \d+ ms: ")
"""How libcurl begins to say that it could not connect: where to is known, and the time differs each time."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server has answered.

    Attributes:
        status: Of HTTP.
        headers: By lower-case names; the last one of each.
        body: All of it.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


class NoConnection(Exception):
    """There was none on which anything could be sent.

    Attributes:
        why: In few words, which do not say where to.
    """

    def __init__(self, shown: str, why: str) -> None:
        super().__init__(f"no connection to {shown}: {why}")
        self.why = why


class NotTrusted(Exception):
    """The other side is not trusted, does not trust us, or speaks no TLS: nothing was sent."""


class Broken(Exception):
    """A request was sent, at least in part, and there is no whole answer.

    Attributes:
        has_hung_up: The server has ended the connection without a word.
    """

    def __init__(self, message: str, *, has_hung_up: bool = False) -> None:
        super().__init__(message)
        self.has_hung_up = has_hung_up


class Transfers:
    """Requests to one node; its connections are kept for the next ones.

    Args:
        address: Where it is, and whom we trust.
        patience_s: A request, with all that it waits for, is given up after so long.
    """

    def __init__(self, address: Address, patience_s: float) -> None:
        self._address = address
        self._patience_s = patience_s
        self._free = asyncio.Semaphore(_CONNECTIONS)
        self._headers = [line.encode() for line in address.headers]
        self._multi = pycurl.AsyncCurlMulti()
        self._multi.setopt(pycurl.M_MAXCONNECTS, _CONNECTIONS)
        self._idle: list[pycurl.Curl] = []

    async def ask(
        self, method: str, target: str, kind: str, body: bytes, *, once: bool = False
    ) -> Answer:
        """One request and its answer. Whoever is cancelled meanwhile ends the connection.

        What libcurl sends over a connection that was used before, it sends anew by itself if the
        server had ended that one in the meantime.

        Args:
            method: In capitals.
            target: Path and query.
            kind: The body's, if there is one.
            body: Empty: none. It is not copied.
            once: Sent at most once, over a connection of its own.

        Raises:
            TimeoutError: There is no whole answer in time.
            NoConnection: Nothing was sent.
            NotTrusted: The same.
            Broken: Something was sent, and there is no whole answer.
        """
        if not target.isascii() or not target.isprintable() or " " in target:
            target = quote(target, safe=_RESERVED)
        async with asyncio.timeout(self._patience_s), self._free:
            return await self._ask(method, target, kind, body, once=once)

    async def close(self) -> None:
        """Ends all connections, and what is under way on them. Idempotent."""
        self._idle.clear()
        await self._multi.aclose()

    async def _ask(self, method: str, target: str, kind: str, body: bytes, *, once: bool) -> Answer:
        curl = self._idle.pop() if self._idle else pycurl.Curl()
        head: list[bytes] = []
        pieces: list[bytes] = []
        self._set_up(curl, self._address.url + target)
        curl.setopt(pycurl.HTTPHEADER, [*self._headers, _content_type(kind if body else "")])
        if body or method not in _WITHOUT_BODY:
            curl.setopt(pycurl.POSTFIELDS, body)
        curl.setopt(pycurl.CUSTOMREQUEST, method)
        if method == "HEAD":
            curl.setopt(pycurl.NOBODY, 1)
        curl.setopt(pycurl.HEADERFUNCTION, head.append)
        curl.setopt(pycurl.WRITEFUNCTION, pieces.append)
        if once:
            curl.setopt(pycurl.FRESH_CONNECT, 1)
            curl.setopt(pycurl.FORBID_REUSE, 1)
        await self._perform(curl, head)
        status = curl.getinfo(pycurl.RESPONSE_CODE)
        curl.reset()  # nothing of this request is held until the next one
        self._idle.append(curl)
        return Answer(status, _read(head), pieces[0] if len(pieces) == 1 else b"".join(pieces))

    async def _perform(self, curl: pycurl.Curl, head: Sequence[bytes]) -> None:
        if self._multi.closed:
            raise NoConnection(self._address.shown, "all are ended for good")
        try:
            await self._multi.perform(curl)
        except pycurl.error as error:
            raise self._translated(error, has_begun=bool(head)) from error
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            raise Broken("the connection was ended by us") from None  # see `close`
        if _END_OF_HEAD not in head:
            raise Broken("the answer's head has no end")

    def _set_up(self, curl: pycurl.Curl, url: str) -> None:
        curl.setopt(pycurl.URL, url)
        curl.setopt(pycurl.PATH_AS_IS, 1)
        curl.setopt(pycurl.NOPROXY, _ALL_PROXIES)
        curl.setopt(pycurl.NOSIGNAL, 1)
        curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
        curl.setopt(pycurl.MAXAGE_CONN, _KEPT_S)
        curl.setopt(pycurl.BUFFERSIZE, _PIECE_BYTES)
        curl.setopt(pycurl.UPLOAD_BUFFERSIZE, _PIECE_BYTES)
        trust = self._address.trust
        if trust is None:
            return
        curl.setopt(pycurl.SSL_VERIFYPEER, trust.verify)
        curl.setopt(pycurl.SSL_VERIFYHOST, 2 if trust.verify else 0)
        for option, path in (
            (pycurl.CAINFO, trust.ca_file), (pycurl.CAPATH, trust.ca_folder),
            (pycurl.SSLCERT, trust.cert_file), (pycurl.SSLKEY, trust.key_file),
        ):  # fmt: skip
            if path is not None:
                curl.setopt(option, path)

    def _translated(self, error: pycurl.error, *, has_begun: bool) -> Exception:
        code, message = error.args[0], error.args[1] or f"error {error.args[0]} of libcurl"
        if code in _NOT_CONNECTED:
            return NoConnection(self._address.shown, _WHERE_TO.sub("", message))
        if code in _NOT_TRUSTED:
            return NotTrusted(message)
        if code == pycurl.E_UNSUPPORTED_PROTOCOL:
            return Broken("the server speaks no HTTP")
        return Broken(message, has_hung_up=code in _HUNG_UP and not has_begun)


def _content_type(kind: str) -> bytes:
    return b"content-type: %b" % kind.encode() if kind else b"content-type:"


def _read(lines: Sequence[bytes]) -> Mapping[str, str]:
    """The headers of the last head: one or more may come before it that say nothing final."""
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.decode("latin-1").partition(":")
        if colon:
            headers[name.lower()] = value.strip()
        elif name.startswith("HTTP/"):
            headers.clear()
    return headers
