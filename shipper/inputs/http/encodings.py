"""How is a body decompressed without ever holding more than is allowed?"""

from __future__ import annotations

import io

import cramjam
import zstandard

from logboom.inflating import GZIP, RAW, ZLIB, Damaged, TooMuch, inflate
from shipper.inputs.http.speaking import Refusal


def decompress(body: bytes, encoding: str, *, max_bytes: int) -> bytes | Refusal:
    """Takes the content encoding off a body.

    Args:
        body: As it was sent.
        encoding: Value of the header `Content-Encoding`; several are separated by commas.
        max_bytes: More than this is refused, before it is held.

    Returns:
        The body, or a refusal with status 400 (damaged), 413 (too large) or 415 (unknown).
    """
    names = [name.strip().lower() for name in encoding.split(",") if name.strip()]
    if len(names) > 2:
        return Refusal(415, f"more than two content encodings: {encoding[:80]!r}")
    for name in reversed(names):
        decompressed = _one(body, name, max_bytes)
        if isinstance(decompressed, Refusal):
            return decompressed
        body = decompressed
    return body


def unsnap(body: bytes, *, max_bytes: int) -> bytes | Refusal:
    """Decompresses Snappy's block format.

    Returns:
        The content, or a refusal with status 400 (damaged) or 413 (too large).
    """
    try:
        if cramjam.snappy.decompress_raw_len(body) > max_bytes:
            return too_large(max_bytes)
        return bytes(cramjam.snappy.decompress_raw(body))
    except cramjam.DecompressionError:
        return Refusal(400, "the body is not Snappy's block format")


def too_large(max_bytes: int) -> Refusal:
    """A body that takes too much."""
    return Refusal(413, f"the body is larger than {max_bytes} bytes: send less at once")


def _one(body: bytes, name: str, max_bytes: int) -> bytes | Refusal:
    if name == "identity":
        return body
    if name in {"gzip", "x-gzip"}:
        return _inflate(body, GZIP, max_bytes)
    if name == "deflate":
        wrapped = body[:1] and body[0] & 0x0F == 8
        return _inflate(body, ZLIB if wrapped else RAW, max_bytes)
    if name == "zstd":
        return _zstd(body, max_bytes)
    if name == "snappy":
        return unsnap(body, max_bytes=max_bytes)
    return Refusal(415, f"unknown content encoding {name[:40]!r}: gzip, deflate, zstd or snappy")


def _inflate(body: bytes, kind: int, max_bytes: int) -> bytes | Refusal:
    try:
        return inflate(body, kind, max_bytes=max_bytes)
    except TooMuch:
        return too_large(max_bytes)
    except Damaged as error:
        return Refusal(400, str(error))


def _zstd(body: bytes, max_bytes: int) -> bytes | Refusal:
    decompressor = zstandard.ZstdDecompressor(max_window_size=2**27)
    parts: list[bytes] = []
    try:
        with decompressor.stream_reader(io.BytesIO(body), read_across_frames=True) as reader:
            if len(reader.read(max_bytes + 1)) > max_bytes:
                return too_large(max_bytes)
        # the reader bounds, but takes a frame that is cut off for a whole one; this tells
        while body:
            frame = decompressor.decompressobj()
            parts.append(frame.decompress(body))
            if not frame.eof:
                return Refusal(400, "the compressed body ends too early")
            body = frame.unused_data
    except zstandard.ZstdError:
        return Refusal(400, "the body is not compressed as its content encoding says")
    return b"".join(parts)
