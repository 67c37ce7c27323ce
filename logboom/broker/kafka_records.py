"""How are messages written as one of Kafka's record batches?

Kafka's client for Python can do that message by message; here it is done for many at once, and a
batch is compressed once, with the level that Kafka's own clients use by default for speed.
"""

from __future__ import annotations

import gzip
import struct
from collections.abc import Iterable
from typing import Literal

import cramjam
import zstandard
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c

from logboom.broker.port import Message
from logboom.broker.runs import Run
from logboom.native import native_library

Compression = Literal["none", "gzip", "lz4", "zstd"]

RECORD_BYTES = 24
"""What a record may have beside its key and its value."""

HEAD = struct.Struct(">qiibIhiqqqhii")
"""Offset, length behind it, epoch of the leader, version, CRC-32C of all that follows, attributes,
last record's place, first and last time in ms, producer's id, epoch and sequence, count."""

_LENGTH_FROM = 12
_ATTRIBUTES_AT = 21
_CRC_AT = 17
_VERSION = 2
_NO_LIMIT = 2**31 - 1
_CODES: dict[Compression, int] = {"none": 0, "gzip": 1, "lz4": 3, "zstd": 4}
_LZ4_LEVEL = 1
_ZSTD_LEVEL = 1
_GZIP_LEVEL = 6


class RecordBatch:
    """A batch as `AIOKafkaProducer.send_batch` wants it.

    Args:
        records: What it holds, as Kafka writes it.
        count: How many these are.
        timestamp_ms: When they were sent, ms since the epoch.
        compression: How they are compressed, if that makes them smaller.
    """

    def __init__(
        self, records: bytes, count: int, *, timestamp_ms: int, compression: Compression
    ) -> None:
        compressed = _compressed(records, compression)
        self._code = _CODES[compression] if len(compressed) < len(records) else 0
        self._body = compressed if self._code else records
        self._count = count
        self._timestamp_ms = timestamp_ms
        self._producer = (-1, -1, 0)

    def append(self, **_message: object) -> None:
        """It takes no more messages."""

    def close(self) -> None:
        """It is closed."""

    def closed(self) -> bool:
        """It is closed."""
        return True

    def size(self) -> int:
        """Its bytes."""
        return HEAD.size + len(self._body)

    def record_count(self) -> int:
        """How many messages it holds."""
        return self._count

    def _set_producer_state(self, producer_id: int, producer_epoch: int, sequence: int) -> None:
        self._producer = (producer_id, producer_epoch, sequence)

    def _build(self) -> bytes:
        last, time = self._count - 1, self._timestamp_ms
        fields = (self._code, last, time, time, *self._producer, self._count)
        length = HEAD.size - _LENGTH_FROM + len(self._body)
        batch = bytearray(HEAD.pack(0, length, -1, _VERSION, 0, *fields))
        batch += self._body
        crc = calc_crc32c(memoryview(batch)[_ATTRIBUTES_AT:])
        struct.pack_into(">I", batch, _CRC_AT, crc)
        return bytes(batch)


def records_of(messages: Iterable[Message], *, first: int = 0) -> bytes:
    """Messages as records.

    Args:
        first: The place of the first one in its batch.
    """
    builder = DefaultRecordBatchBuilder(
        _VERSION, 0, is_transactional=0, producer_id=-1, producer_epoch=-1, base_sequence=0,
        batch_size=_NO_LIMIT,
    )  # fmt: skip
    for place, message in enumerate(messages, first):
        builder.append(place, 0, key=message.key, value=message.value, headers=[])
    return bytes(memoryview(builder.build())[HEAD.size :])


def records_of_run(run: Run, begin: int, stop: int, *, first: int = 0) -> bytes:
    """Some messages of a run as records.

    Args:
        begin: Number of the first one in the run.
        stop: One past the number of the last.
        first: The place of the first one in its batch.
    """
    library = native_library()
    if library is None:
        ends = run.ends[begin:stop]
        begins = (run.begin(begin), *ends[:-1])
        values = (run.text[b:e] for b, e in zip(begins, ends, strict=True))
        return records_of((Message(run.key, value) for value in values), first=first)
    return library.records(run.text, run.begin(begin), run.ends[begin:stop], run.key, first)


def _compressed(records: bytes, compression: Compression) -> bytes:
    match compression:
        case "none":
            return records
        case "gzip":
            return gzip.compress(records, _GZIP_LEVEL, mtime=0)
        case "zstd":
            return zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compress(records)
        case "lz4":
            compressor = cramjam.lz4.Compressor(
                level=_LZ4_LEVEL, content_checksum=False, block_linked=False
            )
            compressor.compress(records)
            return bytes(compressor.finish())
