"""How far is a file read, by the registry and by what a running shipper tells?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from logboom.status import SourceStatus
from shipper.looking import text_size
from shipper.why.finding import Finding, Told, fine, note, trouble
from shipper.why.memory import Memory, Remembered


def state_findings(path: str, memory: Memory, told: Told) -> Iterator[Finding]:
    """The registry's checkpoint, what is on its way, and the shipper's own words."""
    known = memory.sources[0] if memory.sources else None
    if known is None:
        yield note("registry", memory.trouble or "the shipper's registry does not know it")
    else:
        yield from _checkpoint(path, known)
    yield from _shipper(told)
    status = _status(path, known, told)
    if status is not None:
        yield from _words(status)
    elif (reason := _why_unread(path, told)) is not None:
        yield trouble("shipper", f"the shipper says that it cannot be read: {reason}")
    elif told.shippers and _is_rotated(path, known):
        yield note("shipper", "no running shipper tells of this file any more: it was renamed")
    elif told.shippers:
        yield trouble("shipper", "no running shipper tells of this file")
    for loss in told.losses:
        if known is not None and loss.source == known.source:
            what = f"{loss.lines:,} lines ({loss.bytes:,} bytes) could not be sent again"
            if loss.unread:
                what = f"{loss.unread:,} bytes are lost"
            yield note("losses", f"{what}: {loss.reason}")


def _is_rotated(path: str, known: Remembered | None) -> bool:
    return known is not None and known.family not in {path, str(Path(path).resolve())}


def _checkpoint(path: str, known: Remembered) -> Iterator[Finding]:
    where = "" if known.path == path else f", under the name {known.path}"
    begun = f", begun anew {known.epoch} times" if known.epoch else ""
    yield fine(
        "registry",
        f"known as source {known.source}{where}{begun}: {known.lines_acked:,} lines acknowledged,"
        f" {known.lines_empty:,} empty, {known.lines_dead:,} dead",
    )
    if not Path(path).is_file():
        return
    try:
        size = text_size(path)
    except OSError:
        return
    on_its_way = f"; {known.planned_bytes:,} bytes are being sent" if known.planned_bytes else ""
    left = size - known.offset
    if left < 0:
        yield note(
            "checkpoint",
            f"byte {known.offset:,}, and the file has only {size:,}: it was cut short or replaced, and"
            " is read from its beginning",
        )
    elif left:
        yield note(
            "checkpoint", f"byte {known.offset:,} of {size:,}: {left:,} are left{on_its_way}"
        )
    else:
        yield fine("checkpoint", f"byte {known.offset:,}: everything is durable in the broker")


def _shipper(told: Told) -> Iterator[Finding]:
    if told.trouble is not None:
        yield note("shipper", f"what shippers tell cannot be read: {told.trouble}")
    elif not told.shippers:
        yield trouble("shipper", "no shipper runs")
    for shipper in told.shippers:
        name = f"{shipper.instance} (process {shipper.pid} on {shipper.host})"
        if shipper.state == "waiting":
            yield trouble("shipper", f"{name} waits: {shipper.waiting_for}")
        else:
            yield fine("shipper", f"{name} is {shipper.state}")


def _status(path: str, known: Remembered | None, told: Told) -> SourceStatus | None:
    if known is not None:
        for status in told.sources:
            if status.source == known.source:
                return status
    alive = {shipper.instance for shipper in told.shippers}
    return next((s for s in told.sources if s.path == path and s.shipper in alive), None)


def _why_unread(path: str, told: Told) -> str | None:
    """What a running shipper says of a file that it found and made no source of."""
    start = f"{path} cannot be read: "
    damaged = (f.reason for one in told.shippers for f in one.damaged if f.path == path)
    said = (error for one in told.shippers for error in one.errors if error.startswith(start))
    return next(damaged, None) or next((error.removeprefix(start) for error in said), None)


def _words(status: SourceStatus) -> Iterator[Finding]:
    detail = f": {status.detail}" if status.detail else ""
    pending = f", {status.lines_pending:,} lines pending" if status.lines_pending else ""
    sentence = f"{status.shipper} says {status.state}{detail}; read to byte {status.read_offset:,}"
    mark = trouble if status.state in {"unreadable", "binary"} else fine
    yield mark("state", f"{sentence}, acknowledged to {status.acked_offset:,}{pending}")
