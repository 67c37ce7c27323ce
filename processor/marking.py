"""How is what the processor says of an error set into the bytes of its event?"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from logboom.head import Head
from processor.tagging import ERROR_TAG

_TAG = ERROR_TAG.encode()
_OURS = (b'"detected_by"', b'"fingerprint"')


class _Parts(Struct, gc=False):
    error: Raw | UnsetType = UNSET
    tags: Raw | UnsetType = UNSET


_PARTS = msgspec.json.Decoder(_Parts)
_TEXT = msgspec.json.Decoder(str)


@dataclass(frozen=True, slots=True)
class Exceptional:
    """What an error says of its exception; empty texts for what it does not say."""

    kind: str
    message: str
    trace: str


def exceptional(head: Head) -> Exceptional:
    """What an event carries of an exception."""
    error = head.error
    if error is UNSET:
        return Exceptional("", "", "")
    return Exceptional(_text(error.type), _text(error.message), _text(error.stack_trace))


def with_mark(value: bytes, reason: str, fingerprint: str) -> bytes | None:
    """An event with the mark of an error, and nothing else changed.

    Args:
        value: The event, laid out without spaces, ending with its brace.
        reason: Of `error.detected_by`.
        fingerprint: Of `error.fingerprint`.

    Returns:
        None when the mark cannot be set in so simply: the event has to be decoded.
    """
    parts = _PARTS.decode(value)
    mark = b'"detected_by":"%b","fingerprint":"%b"}' % (reason.encode(), fingerprint.encode())
    added = b""
    if parts.error is UNSET:
        added = b',"error":{' + mark
    else:
        error = bytes(parts.error)
        if not error.startswith(b'{"') or any(name in error for name in _OURS):
            return None
        changed = _replaced(value, b'"error":' + error, b'"error":' + error[:-1] + b"," + mark)
        if changed is None:
            return None
        value = changed
    if parts.tags is UNSET:
        added += b',"tags":["%b"]' % _TAG
    elif b'"%b"' % _TAG not in bytes(parts.tags):
        tags = bytes(parts.tags)
        longer = b'"tags":' + tags[:-1] + b',"%b"]' % _TAG
        changed = _replaced(value, b'"tags":' + tags, longer) if tags.startswith(b'["') else None
        if changed is None:
            return None
        value = changed
    return value[:-1] + added + b"}"


def _replaced(value: bytes, old: bytes, new: bytes) -> bytes | None:
    """None unless it is there exactly once: elsewhere it may be the application's own."""
    return value.replace(old, new) if value.count(old) == 1 else None


def _text(raw: Raw | UnsetType) -> str:
    """What is no text is as if it were not there."""
    if raw is UNSET:
        return ""
    try:
        return _TEXT.decode(raw)
    except msgspec.MsgspecError:
        return ""
