"""What did a load test find, in figures?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Any, Final

from logboom.load.questions import KINDS

PERCENTILES: Final = (50, 90, 95, 99)
_MOST_TOLD = 5


@dataclass(frozen=True, slots=True)
class Asked:
    """One question that was asked.

    Attributes:
        kind: One of `KINDS`.
        took_s: From sending it until the whole answer was read.
        error: Why there is no answer; empty when there is.
        is_partial: The answer says that there may be more than it tells.
    """

    kind: str
    took_s: float
    error: str = ""
    is_partial: bool = False


@dataclass(frozen=True, slots=True)
class Figures:
    """Of some questions. Times in ms, of those with a good answer: one that is whole.

    Attributes:
        asked: How many.
        partial: Of these, with an answer that is not whole.
        errors: Of these, without an answer.
        per_s: How many a second.
        percentiles: By the percentage; empty without any good answer.
        slowest: The longest.
    """

    asked: int
    partial: int
    errors: int
    per_s: float
    percentiles: dict[int, float]
    slowest: float


@dataclass(frozen=True, slots=True)
class Report:
    """Of a whole test.

    Attributes:
        users: Who asked at the same time.
        took_s: How long they did.
        total: Of all questions.
        kinds: Of each kind that was asked.
        errors: The most frequent ones, and how often each was met.
        ingested: Events that were written meanwhile.
    """

    users: int
    took_s: float
    total: Figures
    kinds: dict[str, Figures]
    errors: dict[str, int] = field(default_factory=dict)
    ingested: int = 0

    def to_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {
            "users": self.users,
            "took_s": round(self.took_s, 3),
            "total": _shown(self.total),
            "kinds": {kind: _shown(figures) for kind, figures in self.kinds.items()},
            "errors": self.errors,
            "ingested": self.ingested,
        }


def report_of(asked: Sequence[Asked], *, users: int, took_s: float, ingested: int = 0) -> Report:
    """The figures of a test."""
    errors = Counter(one.error for one in asked if one.error)
    kinds = {
        kind: figures_of([one for one in asked if one.kind == kind], took_s)
        for kind in KINDS
        if any(one.kind == kind for one in asked)
    }
    total = figures_of(asked, took_s)
    return Report(users, took_s, total, kinds, dict(errors.most_common(_MOST_TOLD)), ingested)


def figures_of(asked: Sequence[Asked], took_s: float) -> Figures:
    """The figures of some questions."""
    good = sorted(one.took_s * 1000 for one in asked if not (one.error or one.is_partial))
    errors = sum(1 for one in asked if one.error)
    return Figures(
        asked=len(asked),
        partial=len(asked) - len(good) - errors,
        errors=errors,
        per_s=len(asked) / took_s if took_s else 0.0,
        percentiles={share: percentile(good, share) for share in PERCENTILES} if good else {},
        slowest=good[-1] if good else 0.0,
    )


def percentile(ascending: Sequence[float], share: int) -> float:
    """The smallest value that so many percent do not exceed.

    Source: the nearest-rank method.

    Args:
        ascending: At least one value.
        share: 1 to 100.
    """
    return ascending[ceil(share / 100 * len(ascending)) - 1]


def table(report: Report) -> Iterator[str]:
    """The report in lines for people."""
    yield f"{report.users} users, {report.took_s:.1f} s, {report.total.asked} questions"
    if report.ingested:
        rate = report.ingested / report.took_s
        yield f"meanwhile {report.ingested} events were written, {rate:.0f} a second"
    times_of = (*(f"p{share} ms" for share in PERCENTILES), "max ms")
    heads = ("asked", "a second", *times_of, "partial", "errors")
    yield f"{'':4}{''.join(f'{head:>10}' for head in heads)}"
    rows: Iterable[tuple[str, Figures]] = (*report.kinds.items(), ("all", report.total))
    for name, figures in rows:
        times = [figures.percentiles.get(share, 0.0) for share in PERCENTILES]
        numbers = "".join(f"{time:10.1f}" for time in (figures.per_s, *times, figures.slowest))
        others = f"{figures.partial:10}{figures.errors:10}"
        yield f"{name:4}{figures.asked:10}{numbers}{others}  {KINDS.get(name, '')}"
    for error, count in report.errors.items():
        yield f"{count} times: {error}"


def _shown(figures: Figures) -> dict[str, Any]:
    return {
        "asked": figures.asked,
        "partial": figures.partial,
        "errors": figures.errors,
        "per_s": round(figures.per_s, 3),
        **{f"p{share}_ms": round(took, 3) for share, took in figures.percentiles.items()},
        "max_ms": round(figures.slowest, 3),
    }
