"""Is every line accounted for? A pure judgement over what the parts tell.

Two sums must hold. For each source, on the shipper's side:

    lines read = lines in acknowledged events + empty lines + dead letters + dropped + pending

and for each run of a source and each day that retention has not reached yet, or that the store still has:

    events acknowledged by the broker = events stored + dead letters + events still in the broker

A dead letter of a shipper that was sent after all counts as acknowledged from then on. Events that left
the store on purpose, with a day that was dropped or archived, count as stored. A day that is gone
otherwise is missing, until somebody says that it was deleted on purpose: from then on it is left out.

What a shipper had planned to send and could not find again is a row of its own. If the broker had
taken it before, the store has so many events more than were acknowledged; the others are lost, and
the ledger is red until the store keeps none of their days any more: nobody can say them away.

A damaged file, of which nothing is read, is a red row for as long as it is found.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from logboom.dead.totals import Totals
from logboom.status import DamagedFile, DeadStatus, LossStatus, SourceStatus
from logboom.store import SourceCount

Verdict = Literal["green", "catching up", "red"]


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One source's line of the ledger.

    Attributes:
        dropped: The lines that rules of the configuration dropped, by the rule's name.
        events_ahead: Events more in the store than were acknowledged.
        lines_discarded: Lines of dead letters that somebody has discarded.
    """

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
    lines_dropped: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)
    events_ahead: int = 0
    lines_discarded: int = 0


@dataclass(frozen=True, slots=True)
class LossRow:
    """What was being sent of one run of a source when its file vanished, or a damaged file.

    Attributes:
        source: Empty for a damaged file, as `run` is: nobody knows what is in it.
        lines: Of the file.
        bytes: Of the file.
        events: Of these lines.
        events_stored: Of these, those that the store has after all.
        reason: What became of the file.
        at_ns: When it was found out, ns since the epoch.
    """

    source: str
    path: str
    run: str
    lines: int
    bytes: int
    events: int
    events_stored: int
    reason: str
    at_ns: int
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Ledger:
    """All sources, and the judgement.

    Attributes:
        sources: By path.
        lag: Events that wait in the broker.
        findings: What is wrong or on its way, one sentence each.
        losses: By path; without those whose days the store does not keep any more. Behind them,
            damaged files.
        dead: Dead letters of all services that wait now.
        discarded: Dead letters that somebody has discarded, ever.
    """

    sources: Sequence[SourceRow]
    lag: int
    verdict: Verdict
    findings: Sequence[str]
    losses: Sequence[LossRow] = ()
    dead: int = 0
    discarded: int = 0


@dataclass(frozen=True, slots=True)
class Removed:
    """Events of one run and day that were taken out of the store.

    Attributes:
        moving: They are on their way out or back: the store may still, or again, hold them.
    """

    run: str
    day: date
    events: int
    moving: bool = False


def judge(
    sources: Iterable[SourceStatus], stored: Iterable[SourceCount], *, lag: int,
    dead: Iterable[DeadStatus], days: Iterable[date], losses: Iterable[LossStatus] = (),
    removed: Iterable[Removed] = (), since: Mapping[str, int] | None = None,
    damaged: Iterable[DamagedFile] = (), oldest: date = date.min, forgiven: Collection[date] = (),
) -> Ledger:  # fmt: skip
    """Judges.

    Args:
        sources: What the shippers say.
        stored: What the store holds, by run and day; counted after `sources` was read, so that an
            event that is stored meanwhile cannot look like a missing one.
        lag: Events that wait in the broker, taken before `stored` was counted.
        dead: What is told of dead letters, by data folder.
        days: The days that the store still has.
        losses: What the shippers could not find again.
        removed: What was taken out of the store.
        since: Events that were acknowledged since `sources` was read, by run: they may be stored.
        damaged: Files that the shippers find and cannot read.
        oldest: Days before it are left out once the store does not have them: retention's.
        forgiven: Days that are left out, since somebody has said that they were deleted on purpose.
    """
    kept = {day.isoformat() for day in days}
    counts: dict[str, dict[str, int]] = {}
    for count in stored:
        counts.setdefault(count.run, {})[count.day.isoformat()] = count.documents
    removed = list(removed)
    taken: dict[str, Counter[str]] = {}
    for one in removed:
        taken.setdefault(one.run, Counter())[one.day.isoformat()] += one.events
    moving = Counter(since or {})
    moving.update(_add_removed(counts, removed))
    accountable = kept | {one.day.isoformat() for one in removed}
    letters = Totals.of(dead)
    lag += letters.replaying
    telling = [loss for loss in losses if not kept or max(loss.days, default="") >= min(kept)]
    lost_days = {loss.run: loss.days for loss in telling}
    is_forgiven = frozenset(day.isoformat() for day in forgiven)
    known = _Known(
        counts, letters, accountable, lag, lost_days, moving, oldest.isoformat(), is_forgiven, taken
    )
    rows: list[SourceRow] = []
    findings: list[str] = []
    arrived: dict[str, int] = {}
    for source in sources:
        row, said = _row(source, known, arrived)
        rows.append(row)
        findings += said
    findings += _gone_days(known.gone)
    lost: list[LossRow] = []
    for loss in telling:
        if loss.run not in arrived:
            arrived[loss.run] = known.balance(loss.run, {}).arrived
        row_lost, said = _loss(loss, arrived[loss.run], lag)
        lost.append(row_lost)
        findings += said
    for file in damaged:
        lost.append(_damaged(file))
        findings.append(f"{file.path}: nothing of its {file.bytes} bytes is read: {file.reason}")
    verdict = _worst([*(row.verdict for row in rows), *(row.verdict for row in lost)])
    if lag and verdict == "green":
        verdict = "catching up"
        findings.append(f"{lag} events are on their way to the store")
    return Ledger(rows, lag, verdict, findings, lost, letters.waiting, letters.discarded)


def _add_removed(
    counts: dict[str, dict[str, int]], removed: Iterable[Removed]
) -> Mapping[str, int]:
    """Counts what was removed as stored; gives how many of it may be counted twice, by run."""
    moving = Counter[str]()
    for one in removed:
        days = counts.setdefault(one.run, {})
        days[one.day.isoformat()] = days.get(one.day.isoformat(), 0) + one.events
        if one.moving:
            moving[one.run] += one.events
    return moving


@dataclass(frozen=True, slots=True)
class _Balance:
    """Both sides of one run: events that the store has, that it lacks, that arrived though lost.

    Attributes:
        gone: Of the acknowledged ones that are not stored, those of days that the store has not, by day.
        again: Events that were taken out of the store with their day and came into it again, by day.
    """

    acked: int
    stored: int
    missing: int
    arrived: int
    gone: Mapping[str, int]
    again: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _Known:
    """What the store and the processors tell, and the events by day that were lost, by run.

    Attributes:
        kept: Days that the store has, or that were taken out of it.
        moving: Events, by run, that may be counted as stored and as removed, or not yet as acknowledged.
        oldest: Days before it are compared only where they are kept.
        forgiven: Days that are never compared.
        removed: Events that were taken out of the store, by run and day.
        gone: Is added to: by day, the events that are missing of each run since their day is gone.
    """

    counts: Mapping[str, Mapping[str, int]]
    letters: Totals
    kept: set[str]
    lag: int
    lost: Mapping[str, Mapping[str, int]]
    moving: Mapping[str, int]
    oldest: str
    forgiven: Collection[str]
    removed: Mapping[str, Mapping[str, int]]
    gone: dict[str, list[int]] = field(default_factory=dict)

    def balance(self, run: str, days: Mapping[str, int]) -> _Balance:
        """Compares the events of a run that were acknowledged, by day, with those that are stored."""
        have, lost = self.counts.get(run, {}), self.lost.get(run, {})
        acked = {day: events for day, events in days.items() if self._is_compared(day)}
        again = self._again(run, acked)
        stored = sum(have.get(day, 0) for day in {*acked, *lost}) - sum(again.values())
        given_up = self.letters.given_up.get(run, {})
        missing = sum(acked.values()) - stored - self.letters.refused.get(run, 0)
        missing -= sum(given_up.get(day, 0) for day in acked)
        if missing < 0:
            missing = min(0, missing + self.moving.get(run, 0))
        arrived = min(max(0, -missing), sum(lost.values()))
        left = {day: acked[day] - have.get(day, 0) - given_up.get(day, 0) for day in acked}
        gone = {day: count for day, count in left.items() if day not in self.kept and count > 0}
        return _Balance(sum(acked.values()), stored, missing + arrived, arrived, gone, again)

    def _again(self, run: str, acked: Mapping[str, int]) -> Mapping[str, int]:
        """What a run has too much on days that were removed; it stands for nothing of other days.

        Not looked for while anything is on its way: then a day may seem to have too much.
        """
        if self.lag or self.moving.get(run):
            return {}
        have, lost = self.counts.get(run, {}), self.lost.get(run, {})
        removed = {day: count for day, count in self.removed.get(run, {}).items() if day in acked}
        found = {
            day: min(have[day] - acked[day] - lost.get(day, 0), count)
            for day, count in removed.items()
        }
        return {day: events for day, events in found.items() if events > 0}

    def _is_compared(self, day: str) -> bool:
        return day not in self.forgiven and (day in self.kept or day >= self.oldest)


def _row(
    source: SourceStatus, known: _Known, arrived: dict[str, int]
) -> tuple[SourceRow, list[str]]:
    """A source's row; notes for each of its runs how many of the lost events are stored."""
    findings: list[str] = []
    verdict: Verdict = "green"
    acked_total = stored_total = ahead = 0
    for run in source.acked:
        balance = known.balance(run, known.letters.acked(run, source.acked[run]))
        arrived[run] = balance.arrived
        acked_total += balance.acked
        stored_total += balance.stored
        ahead += max(0, -balance.missing) + sum(balance.again.values())
        said, judged = _difference(source.path, run, balance, known)
        findings += said
        if balance.again:
            verdict = "red"
            findings.append(_came_again(source.path, run, balance.again))
        verdict = _worst((verdict, judged))
    sent = source.lines_acked + source.lines_empty + source.lines_dead + source.lines_pending
    accounted = sent + source.lines_dropped
    if accounted != source.lines_read:
        verdict = "red"
        findings.append(
            f"{source.path}: {source.lines_read} lines were read, and {accounted} are accounted for"
        )
    sent_later = min(source.lines_dead, known.letters.replayed_lines.get(source.source, 0))
    dead = source.lines_dead - sent_later
    given_up = min(dead, known.letters.given_up_lines.get(source.source, 0))
    row = SourceRow(
        source.source, source.path, source.lines_read, source.lines_acked + sent_later,
        source.lines_empty, dead - given_up, source.lines_pending, acked_total,
        stored_total, verdict, source.lines_dropped, dict(source.dropped),
        ahead, given_up,
    )  # fmt: skip
    return row, findings


def _loss(loss: LossStatus, stored: int, lag: int) -> tuple[LossRow, list[str]]:
    events = sum(loss.days.values())
    gone = events - stored
    verdict: Verdict = "green" if gone <= 0 else "catching up" if gone <= lag else "red"
    if loss.unread:
        verdict = "red"
    row = LossRow(
        loss.source, loss.path, loss.run, loss.lines, loss.bytes, events, stored, loss.reason,
        loss.at_ns, verdict,
    )  # fmt: skip
    if loss.unread and gone <= 0:
        return row, [f"{loss.path}: {loss.unread} bytes are lost; {loss.reason}"]
    what = f"{loss.path}: {loss.lines} lines ({loss.bytes} bytes) were being sent; {loss.reason}"
    if verdict == "red":
        return row, [f"{what}: {gone} of their {events} events are lost"]
    if verdict == "catching up":
        return row, [f"{what}: {gone} of their {events} events are lost or on their way"]
    return row, []


def _damaged(file: DamagedFile) -> LossRow:
    return LossRow("", file.path, "", 0, file.bytes, 0, 0, file.reason, file.at_ns, "red")


def _difference(path: str, run: str, balance: _Balance, known: _Known) -> tuple[list[str], Verdict]:
    """What is to be said of a run; notes what is missing of it since its day is gone."""
    missing, lag = balance.missing, known.lag
    if missing == 0:
        return [], "green"
    if missing < 0:
        return [f"{path} ({run}): {-missing} events more in the store than were acknowledged"], (
            "catching up" if lag else "red"
        )
    if missing <= lag:
        return [f"{path} ({run}): {missing} events are on their way to the store"], "catching up"
    for day, events in balance.gone.items():
        known.gone.setdefault(day, []).append(events)
    others = missing - sum(balance.gone.values())
    if others <= 0:
        return [], "red"
    return [f"{path} ({run}): {others} events are missing in the store"], "red"


def _came_again(path: str, run: str, again: Mapping[str, int]) -> str:
    days = sorted(again)
    return (
        f"{path} ({run}): {sum(again.values())} events of {', '.join(days)} were dropped or archived with"
        " their day, and read from the broker and stored again since; drop these days once more, and say"
        f" so: logboom days drop {days[0]} --gone"
    )


def _gone_days(gone: Mapping[str, Sequence[int]]) -> list[str]:
    """A sentence for each day that is gone, with the events that each run had in it."""
    return [
        f"the day {day} is gone from the store, though logboom was not told to remove it: {sum(events)}"
        f" events of {len(events)} {'source' if len(events) == 1 else 'sources'} were acknowledged;"
        " bring it back from an archive or a backup, or, if it was deleted on purpose, say so:"
        f" logboom days drop {day} --gone"
        for day, events in sorted(gone.items())
    ]


def _worst(verdicts: Iterable[Verdict]) -> Verdict:
    found = set(verdicts)
    if "red" in found:
        return "red"
    return "catching up" if "catching up" in found else "green"
