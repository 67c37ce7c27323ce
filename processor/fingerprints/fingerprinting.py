"""Which fingerprint does an error get?

Errors with a stack trace are told apart by the class of the exception that all began with and by the
application's frames in its trace; others by their masked message. The number in front stands for the
way in which it was worked out: it changes with that way, so that old and new groups do not mix.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from hashlib import blake2b

from logboom.patterns import LOOKED_AT, masked
from processor.fingerprints.chains import root_cause
from processor.fingerprints.frames import frames_of, origins

VERSION = 1
_MOST_FRAMES = 8
_MOST_KNOWN = 4096
_TRACE_LOOKED_AT = 100_000
_ONES = str.maketrans("23456789", "11111111")
"""Masks tell a 0 from other digits, as in `0x1f`, but not those."""

_SHAPE = b"shape"


class Fingerprinter:
    """Works out fingerprints, and remembers the last ones."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, str, bytes], str] = OrderedDict()

    def of(self, kind: str, message: str, trace: str) -> str:
        """The fingerprint of an error.

        Args:
            kind: Class of the exception, or empty.
            message: Of the exception, or of the event.
            trace: The stack trace, or empty.
        """
        if not trace:
            return self._of_message(kind, message.partition("\n")[0][:LOOKED_AT])
        digest = blake2b(
            trace[:_TRACE_LOOKED_AT].encode("utf-8", "replace"), digest_size=16
        ).digest()
        return self._remembered((kind, "", digest), lambda: fingerprint(kind, message, trace))

    def _of_message(self, kind: str, line: str) -> str:
        """Lines that differ only in the digits of what is masked are the same, and worked out once."""
        shape = (kind, line.translate(_ONES), _SHAPE)
        known = self._known.get(shape)
        if known is not None:
            self._known.move_to_end(shape)
            return known
        keeps_digits = any(map(str.isdigit, masked(line)))
        key = (kind, line, b"") if keeps_digits else shape
        return self._remembered(key, lambda: fingerprint(kind, line, ""))

    def _remembered(self, key: tuple[str, str, bytes], make: Callable[[], str]) -> str:
        known = self._known.get(key)
        if known is not None:
            self._known.move_to_end(key)
            return known
        made = self._known[key] = make()
        if len(self._known) > _MOST_KNOWN:
            self._known.popitem(last=False)
        return made


def fingerprint(kind: str, message: str, trace: str) -> str:
    """The fingerprint of an error; see `Fingerprinter.of`."""
    parts = _parts(kind, message, trace[:_TRACE_LOOKED_AT])
    text = "\x00".join(parts).encode("utf-8", "replace")
    return f"{VERSION}:{blake2b(text, digest_size=8).hexdigest()}"


def _parts(kind: str, message: str, trace: str) -> list[str]:
    if trace:
        cause = root_cause(trace)
        name = cause.kind or kind
        frames = _frames(cause.trace) or _frames(trace)
        if frames:
            return ["trace", name, *frames]
        return ["message", name, masked(message.partition("\n")[0])]
    return ["message", kind, masked(message.partition("\n")[0])]


def _frames(trace: str) -> list[str]:
    """The frames that count: the application's, or the libraries' where it has none in there."""
    return next((some[:_MOST_FRAMES] for some in origins(frames_of(trace)) if some), [])
