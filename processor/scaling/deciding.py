"""How many processors should run, by what they do and by what waits?

A pure function of the figures, of what was decided before, and of the time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Limits:
    """The settings.

    Attributes:
        least: Never fewer processors.
        most: Never more.
        up_at: Part of a core that each may use, on average, before there is one more.
        down_at: Below this there may be one less.
        cooldown_s: Time between two changes, and how long it must be calm before there is one less.
        lag_per_processor: Events that may wait for each of them.
    """

    least: int
    most: int
    up_at: float
    down_at: float
    cooldown_s: float
    lag_per_processor: int


@dataclass(frozen=True, slots=True)
class Figures:
    """What was seen at one look.

    Attributes:
        lag: Events that wait in the broker; None when it did not tell.
        cpu: Part of a core that each processor used since the last look, on average; None when
            that is not known.
        partitions: Of the topic: more processors would stand idle. 0 when it is not there yet.
        held_up: What some processor waits for, in words for people; None when all of them work.
    """

    lag: int | None
    cpu: float | None
    partitions: int = 0
    held_up: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What was decided so far.

    Attributes:
        processors: As many should run.
        changed_s: When that changed last; None before the first change.
        calm_s: Since when there was little to do; None when there is much.
    """

    processors: int
    changed_s: float | None = None
    calm_s: float | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do now.

    Attributes:
        standing: For the next decision.
        reason: Why the number changes, in words for people; None when it stays.
    """

    standing: Standing
    reason: str | None = None


def decide(figures: Figures, standing: Standing, limits: Limits, now_s: float) -> Decision:
    """Decides on the number of processors.

    When a processor waits for the broker or the store, or nothing is known, nothing changes: more
    processors would only wait, too.

    Args:
        figures: Of this look.
        standing: Of the decision before.
        limits: The settings.
        now_s: Of a clock that never goes back.
    """
    most = min(limits.most, figures.partitions) if figures.partitions else limits.most
    most = max(limits.least, most)
    running = standing.processors
    if not limits.least <= running <= most:
        wanted = min(max(running, limits.least), most)
        return _changed(standing, wanted, f"between {limits.least} and {most} are to run", now_s)
    if figures.held_up is not None or figures.lag is None:
        return Decision(replace(standing, calm_s=None))
    calm_s = _calm_since(figures, standing, limits, now_s)
    standing = replace(standing, calm_s=calm_s)
    if standing.changed_s is not None and now_s - standing.changed_s < limits.cooldown_s:
        return Decision(standing)
    more = _more(figures, figures.lag, running, limits)
    if more is not None and running < most:
        wanted, reason = more
        return _changed(standing, min(wanted, most), reason, now_s)
    if calm_s is not None and running > limits.least and now_s - calm_s >= limits.cooldown_s:
        return _changed(standing, running - 1, _too_many(figures), now_s)
    return Decision(standing)


def _more(figures: Figures, lag: int, running: int, limits: Limits) -> tuple[int, str] | None:
    by_lag = -(-lag // limits.lag_per_processor)
    if by_lag > running:
        return min(by_lag, 2 * running), f"{lag:,} events wait"
    if figures.cpu is not None and figures.cpu > limits.up_at:
        return running + 1, f"each uses {figures.cpu:.0%} of a core"
    return None


def _calm_since(figures: Figures, standing: Standing, limits: Limits, now_s: float) -> float | None:
    """Calm is when one less would still be neither busy nor behind."""
    rest = standing.processors - 1
    if rest < 1 or figures.lag is None or figures.cpu is None:
        return None
    is_calm = (
        figures.cpu < limits.down_at
        and figures.cpu * standing.processors / rest < limits.up_at
        and figures.lag <= rest * limits.lag_per_processor / 2
    )
    if not is_calm:
        return None
    return now_s if standing.calm_s is None else standing.calm_s


def _too_many(figures: Figures) -> str:
    return f"each uses only {figures.cpu or 0:.0%} of a core"


def _changed(standing: Standing, wanted: int, reason: str, now_s: float) -> Decision:
    if wanted == standing.processors:
        return Decision(standing)
    return Decision(Standing(wanted, changed_s=now_s), reason)
