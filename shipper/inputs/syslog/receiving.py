"""From a message's bytes to a record of the spool."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from logboom.bounds import TRUNCATED
from logboom.clock import Clock
from logboom.config import SyslogInput
from shipper.events.making import PARSE_FAILED
from shipper.framing.frames import INVALID_ENCODING, make_decoder
from shipper.inputs.envelopes import envelope
from shipper.inputs.syslog.framing import Piece
from shipper.parsers.port import Fields
from shipper.parsers.syslog import parse_syslog

_OVERHEAD_BYTES = 4096
_LOOPBACK = frozenset({"127.0.0.1", "::1"})
_MILLISECOND_NS = 1_000_000
_WHOLE_TEXTS = frozenset({"plain", "grok", "dissect"})
"""Formats that want all of a line: what only looks like a header, without a priority, is part of it."""


@dataclass(frozen=True, slots=True)
class Peer:
    """Who sent something.

    Attributes:
        address: IP address.
        name: Common name in its certificate, where it has shown one.
    """

    address: str
    name: str | None = None


class Receiver:
    """Makes records of messages.

    Args:
        section: The input.
        clock: For messages that do not say when they were written.
        max_record_bytes: A longer record is divided.
    """

    def __init__(self, section: SyslogInput, clock: Clock, *, max_record_bytes: int) -> None:
        self._clock = clock
        self._decode = make_decoder(section.encoding)
        self._names_service = section.service is None
        self._needs_header = section.format == "auto"
        self._wants_whole = section.format in _WHOLE_TEXTS
        self._max_record_bytes = max_record_bytes
        self.messages = 0
        self.malformed = 0

    def records(self, pieces: Iterable[Piece], peer: Peer) -> list[bytes]:
        """Makes records of messages of one sender, in their order; empty ones make none."""
        received_ms = self._clock.now_ns() // _MILLISECOND_NS
        found: list[bytes] = []
        for piece in pieces:
            data = piece.data.rstrip(b"\r\n\0")
            if data:
                found += self._record(piece, data, peer, received_ms)
        self.messages += len(found)
        return found

    def _record(self, piece: Piece, data: bytes, peer: Peer, received_ms: int) -> Sequence[bytes]:
        whole, damaged = self._decode(data)
        tags = (*piece.tags, INVALID_ENCODING) if damaged else piece.tags
        fields, text = self._header(whole, piece)
        if fields is None:
            fields, tags = {}, (*tags, PARSE_FAILED)
            self.malformed += 1
        fields.setdefault("@timestamp", received_ms)
        self._add_sender(fields, peer)
        record = envelope(text, {**fields, "tags": tags} if tags else fields)
        if len(record) <= self._max_record_bytes:
            return (record,)
        if len(text) < len(record) // 2:
            fields, text = {"@timestamp": received_ms}, whole
            self._add_sender(fields, peer)
        return self._divided(text, fields, tags)

    def _header(self, whole: str, piece: Piece) -> tuple[Fields | None, str]:
        if piece.goes_on or (self._wants_whole and not whole.startswith("<")):
            return {}, whole
        header = parse_syslog(whole)
        if header is None:
            return None if self._needs_header else {}, whole
        fields, text = header
        return fields, text if text.strip() else whole

    def _add_sender(self, fields: Fields, peer: Peer) -> None:
        fields["peer"] = peer.address
        if peer.name is not None:
            fields["peer_name"] = peer.name
        if "host.name" not in fields and peer.address not in _LOOPBACK:
            fields["host.name"] = peer.address
        if self._names_service and "process.name" in fields:
            fields["service.name"] = fields["process.name"]

    def _divided(self, text: str, fields: Fields, tags: tuple[str, ...]) -> list[bytes]:
        """A text that would be too long in a record, in as many as it needs."""
        # JSON writes a character in twelve bytes at most
        step = max(1, (self._max_record_bytes - _OVERHEAD_BYTES) // 12)
        parts = [text[place : place + step] for place in range(0, len(text), step)]
        last = len(parts) - 1
        return [
            envelope(part, {**fields, "tags": (*tags, TRUNCATED) if number < last else tags})
            for number, part in enumerate(parts)
        ]
