"""Is every line accounted for? A pure judgement over what the parts tell.

Two sums must hold. For each source, on the shipper's side:

    lines read = lines in acknowledged events + empty lines + dead letters + pending

and for each run of a source and each day that the store still has:

    events acknowledged by the broker = events stored + dead letters + events still in the broker
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from logboom.status import SourceStatus
from logboom.store import SourceCount

Verdict = Literal["green", "catching up", "red"]


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One source's line of the ledger."""

    source: str
    path: str
    lines_read: int
    lines_acked: int
    lines_empty: int
    lines_dead: int
    lines_pending: int
    events_acked: int
    events_stored: int
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Ledger:
    """All sources, and the judgement.

    Attributes:
        sources: By path.
        lag: Events that wait in the broker.
        findings: What is wrong or on its way, one sentence each.
    """

    sources: Sequence[SourceRow]
    lag: int
    verdict: Verdict
    findings: Sequence[str]


def judge(
    sources: Iterable[SourceStatus], stored: Iterable[SourceCount], *, lag: int,
    dead: Mapping[str, int], days: Iterable[date],
) -> Ledger:  # fmt: skip
    """Judges.

    Args:
        sources: What the shippers say.
        stored: What the store holds, by run and day; counted after `sources` was read, so that an
            event that is stored meanwhile cannot look like a missing one.
        lag: Events that wait in the broker, taken before `stored` was counted.
        dead: Dead letters of the processor by run.
        days: The days that the store still has; others are left out of the comparison.
    """
    kept = {day.isoformat() for day in days}
    counts: dict[str, dict[str, int]] = {}
    for count in stored:
        counts.setdefault(count.run, {})[count.day.isoformat()] = count.documents
    rows: list[SourceRow] = []
    findings: list[str] = []
    for source in sources:
        row, said = _row(source, counts, dead, kept, lag)
        rows.append(row)
        findings += said
    verdict = _worst(row.verdict for row in rows)
    if lag and verdict == "green":
        verdict = "catching up"
        findings.append(f"{lag} events wait in the broker")
    return Ledger(rows, lag, verdict, findings)


def _row(
    source: SourceStatus, counts: Mapping[str, Mapping[str, int]], dead: Mapping[str, int],
    kept: set[str], lag: int,
) -> tuple[SourceRow, list[str]]:  # fmt: skip
    findings: list[str] = []
    verdict: Verdict = "green"
    acked_total = stored_total = 0
    for run, days in source.acked.items():
        acked = {day: events for day, events in days.items() if day in kept or not counts.get(run)}
        have = counts.get(run, {})
        missing = sum(acked.values()) - sum(have.get(day, 0) for day in acked) - dead.get(run, 0)
        acked_total += sum(acked.values())
        stored_total += sum(have.get(day, 0) for day in acked)
        said, judged = _difference(source.path, run, missing, lag)
        findings += said
        verdict = _worst((verdict, judged))
    accounted = source.lines_acked + source.lines_empty + source.lines_dead + source.lines_pending
    if accounted != source.lines_read:
        verdict = "red"
        findings.append(
            f"{source.path}: {source.lines_read} lines were read, and {accounted} are accounted for"
        )
    row = SourceRow(
        source.source, source.path, source.lines_read, source.lines_acked, source.lines_empty,
        source.lines_dead, source.lines_pending, acked_total, stored_total, verdict,
    )  # fmt: skip
    return row, findings


def _difference(path: str, run: str, missing: int, lag: int) -> tuple[list[str], Verdict]:
    if missing == 0:
        return [], "green"
    if missing < 0:
        return [f"{path} ({run}): {-missing} events more in the store than were acknowledged"], (
            "catching up" if lag else "red"
        )
    if missing <= lag:
        return [f"{path} ({run}): {missing} events are on their way to the store"], "catching up"
    return [f"{path} ({run}): {missing} events are missing in the store"], "red"


def _worst(verdicts: Iterable[Verdict]) -> Verdict:
    found = set(verdicts)
    if "red" in found:
        return "red"
    return "catching up" if "catching up" in found else "green"
