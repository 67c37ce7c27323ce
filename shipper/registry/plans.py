"""How is a plan written down, so that a restart can send exactly the same again?"""

from __future__ import annotations

from array import array

import orjson
import zstandard

from shipper.batches import Segment
from shipper.stamps import joined


def row_of(segment: Segment, compressor: zstandard.ZstdCompressor) -> tuple[object, ...]:
    """A planned segment as a row of the registry."""
    days = ",".join(f"{day}:{events}" for day, events in segment.days.items())
    return (
        segment.source, segment.run, segment.epoch, segment.start, segment.end, segment.read_ns,
        segment.starts.tobytes(), segment.ends.tobytes(),
        compressor.compress(joined(segment.timestamps)),
        segment.lines, segment.empty_lines, days, segment.guard,
        orjson.dumps(segment.marks, option=orjson.OPT_NON_STR_KEYS), orjson.dumps(segment.dropped),
    )  # fmt: skip


def segment_of(row: tuple[object, ...], decompressor: zstandard.ZstdDecompressor) -> Segment:
    """A row of the registry as the segment that was planned."""
    (
        source, run, epoch, start, end, read_ns, starts, ends, stamps, lines, empty, days, guard,
        marks, dropped,
    ) = row  # fmt: skip
    text = decompressor.decompress(stamps).decode()  # type: ignore[arg-type] # a BLOB column
    return Segment(
        source=str(source), run=str(run), epoch=int(epoch), start=int(start), end=int(end),  # type: ignore[call-overload] # INTEGER columns
        read_ns=int(read_ns), starts=_offsets(starts), ends=_offsets(ends),  # type: ignore[call-overload,arg-type]
        timestamps=text.split("\n") if text else [], lines=int(lines), empty_lines=int(empty),  # type: ignore[call-overload]
        days={d: int(n) for d, n in (p.split(":") for p in str(days).split(",") if p)},
        guard=bytes(guard),  # type: ignore[call-overload]
        marks={int(number): tags for number, tags in orjson.loads(marks).items()},  # type: ignore[arg-type]
        dropped=orjson.loads(dropped),  # type: ignore[arg-type]
    )  # fmt: skip


def _offsets(blob: bytes) -> array[int]:
    offsets = array("I")
    offsets.frombytes(blob)
    return offsets
