"""What was sent, or was about to be, when the last process ended? Exactly that is sent again."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence

from logboom.broker import Message
from logboom.broker.runs import Runs
from shipper.batches import Batch, Segment
from shipper.files.discovery import relatives
from shipper.files.followed import FollowedFile
from shipper.files.handles import Handle, Handles, NoRegularFile
from shipper.files.identity import file_id, is_at
from shipper.reading.sources import Source
from shipper.registry.losses import Loss
from shipper.registry.registry import Registry, SourceRecord

log = logging.getLogger("logboom.shipper")

_LOOKS = 3
"""A file may be renamed between a look into its folder and the look into itself."""


class _Gone(Exception):
    """The bytes of a planned segment cannot be found any more; says why."""


def planned_batches(
    registry: Registry, sources: Mapping[str, Source], *, now_ns: int
) -> Iterator[Batch]:
    """Rebuilds the batches that were planned and not acknowledged, by ascending number.

    Args:
        registry: Has the plans.
        sources: The sources as they were opened, by id; those that are sent again go on behind
            their last planned span.
        now_ns: The present, ns since the epoch.

    Yields:
        Batches with the numbers, ids and times that they had. A segment whose bytes are gone (its
        file was deleted or overwritten while no shipper ran) is left out, and is in the registry as
        lost before the batch is given away.

    Raises:
        RegistryUnavailable: What was lost cannot be written down now.
    """
    records = {record.id: record for record in registry.sources()}
    left: set[str] = set()
    for sequence, segments in registry.planned():
        kept: list[Segment] = []
        messages: list[Message] = []
        losses: list[Loss] = []
        for segment in segments:
            try:
                found = _find(segment, sources.get(segment.source), records[segment.source])
            except _Gone as gone:
                losses.append(Loss(segment, records[segment.source].path, str(gone), now_ns))
                continue
            again = None if found is None or segment.source in left else _again(segment, *found)
            if again is None:
                left.add(segment.source)
                continue
            messages += again
            kept.append(segment)
        _write_down(registry, sequence, [loss for loss in losses if loss.segment.lines])
        size = sum(len(message.value) for message in messages)
        yield Batch(sequence, kept, messages, size)


def _again(segment: Segment, source: Source, data: bytes) -> Runs | None:
    """The messages of a segment, behind which its source goes on.

    Returns:
        None when its file was moved just now: it is read again from its checkpoint.
    """
    try:
        messages = source.assembler_of(segment.epoch).assemble_again(segment, data)
        source.go_on_behind(segment)
    except OSError:
        log.warning("%s was moved just now: it is read from its checkpoint", source.path)
        return None
    source.tally.lines_read += segment.lines_in_all
    source.tally.planned(segment)
    return messages


def _write_down(registry: Registry, sequence: int, losses: Sequence[Loss]) -> None:
    if losses:
        registry.lose(sequence, losses)
    for loss in losses:
        segment = loss.segment
        log.error(
            "%s: %d lines (bytes %d to %d) were being sent and are lost: %s",
            loss.path, segment.lines, segment.start, segment.end, loss.reason,
        )  # fmt: skip


def _find(
    segment: Segment, source: Source | None, record: SourceRecord
) -> tuple[Source, bytes] | None:
    """The bytes of a segment, and the source that they belong to.

    Returns:
        None when the file is there and cannot be opened now: it is read again from its checkpoint
        once it can.

    Raises:
        _Gone: They are nowhere.
    """
    if source is None:
        if _is_locked(record.path):
            log.warning("%s cannot be opened: it is read from its checkpoint later", record.path)
            return None
        raise _Gone("its file was deleted while no shipper ran")
    for _ in range(_LOOKS):
        data = None if source.file is None else _span(source.file, segment)
        if data is None:
            data = _among_siblings(source, segment)
        if data is not None:
            return source, data
    raise _Gone("its file was overwritten or cut short while no shipper ran")


def _among_siblings(source: Source, segment: Segment) -> bytes | None:
    """The bytes of a segment in a file that was rotated away, or copied, from the source's."""
    for path, status in relatives(source.family):
        data = _read_span(path, segment)
        if data is not None:
            if source.file is not None and source.file.id == file_id(status):
                source.move_to(path)  # else it could not be opened again, once it was closed
            return data
    return None


def _is_locked(path: str) -> bool:
    """True when there is a file at a path that cannot be opened."""
    try:
        Handle(path, Handles(1)).let_go()
    except (FileNotFoundError, NotADirectoryError, NoRegularFile):
        return False
    except OSError:
        return True
    return False


def _read_span(path: str, segment: Segment) -> bytes | None:
    try:
        file = FollowedFile(path, 0)
    except OSError:
        return None
    try:
        return _span(file, segment)
    finally:
        file.close()


def _span(file: FollowedFile, segment: Segment) -> bytes | None:
    """The bytes of a segment, if the file holds them."""
    length = segment.end - segment.start
    try:
        if not is_at(file.content, segment.end, segment.guard):
            return None
        data = file.content.pread(length, segment.start)
    except OSError:
        return None
    return data if len(data) == length else None
