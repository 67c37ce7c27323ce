"""What was sent, or was about to be, when the last process ended? Exactly that is sent again."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping

from logboom.broker import Message
from shipper.batches import Batch, Segment
from shipper.files.discovery import rotated_siblings
from shipper.files.identity import is_at
from shipper.registry import Registry
from shipper.sources import Source

log = logging.getLogger("logboom.shipper")


class LostSpan(Exception):
    """The bytes of a planned segment cannot be found any more."""


def planned_batches(registry: Registry, sources: Mapping[str, Source]) -> Iterator[Batch]:
    """Rebuilds the batches that were planned and not acknowledged, by ascending number.

    Args:
        registry: Has the plans.
        sources: The sources as they were opened, by id; those that are sent again go on behind
            their last planned span.

    Yields:
        Batches with the numbers, ids and times that they had. A segment whose bytes are gone (its
        file was deleted or overwritten while no shipper ran) is reported and left out.
    """
    for sequence, segments in registry.planned():
        kept: list[Segment] = []
        messages: list[Message] = []
        for segment in segments:
            try:
                source, data = _find(segment, sources.get(segment.source))
            except LostSpan as error:
                log.error("%s", error)  # noqa: TRY400 - the sentence says it all
                continue
            messages += source.assembler_of(segment.epoch).assemble_again(segment, data)
            source.tally.lines_read += segment.lines + segment.empty_lines
            source.tally.planned(segment)
            source.go_on_behind(segment)
            kept.append(segment)
        size = sum(len(message.value) for message in messages)
        yield Batch(sequence, kept, messages, size)


def _find(segment: Segment, source: Source | None) -> tuple[Source, bytes]:
    if source is None:
        size = segment.end - segment.start
        raise LostSpan(f"a file was deleted while {size} bytes of it were being sent")
    candidates = [source.path, *(path for path, _ in rotated_siblings(source.path))]
    for path in candidates:
        data = _read_span(path, segment)
        if data is not None:
            return source, data
    span = f"bytes {segment.start} to {segment.end}"
    raise LostSpan(f"{source.path}: {span} were being sent, and are in no file any more")


def _read_span(path: str, segment: Segment) -> bytes | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        if not is_at(descriptor, segment.end, segment.guard):
            return None
        data = os.pread(descriptor, segment.end - segment.start, segment.start)
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return data if len(data) == segment.end - segment.start else None
