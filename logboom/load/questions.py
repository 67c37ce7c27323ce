"""What do the users of a load test ask?

Nine kinds of questions, as people who look for something in logs ask them. What they name (services,
words, trace ids, times) is taken from the events that are there.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

KINDS: Final[Mapping[str, str]] = {
    "q1": "newest 100 of a service and a level within an hour",
    "q2": "newest 100 with a word",
    "q3": "a trace id over all",
    "q4": "histogram by minute and level, 24 h",
    "q5": "the ten most frequent types of errors",
    "q6": "newest 100 of everything",
    "q7": "a phrase of three words",
    "q8": "a prefix within an hour",
    "q9": "one of 50 pages of 1,000, one after the other",
}
WEIGHTS: Final[Mapping[str, int]] = {
    "q1": 5, "q2": 3, "q3": 3, "q4": 1, "q5": 1, "q6": 2, "q7": 2, "q8": 2, "q9": 1,
}  # fmt: skip
"""How often each is asked among the others."""

PAGES: Final = 50
_PAGE = 1_000
_WORD = re.compile(r"[A-Za-z]{4,20}")
_MOST_TEXTS = 500
_NEWEST: Final = {"limit": "100"}
_Parameters = dict[str, str]


@dataclass(frozen=True, slots=True)
class Facts:
    """What there is to ask for.

    Attributes:
        services: Names of services.
        levels: Levels that occur.
        words: Words of messages.
        phrases: Three words that stand side by side.
        traces: Trace ids.
        begin: Time of the first event.
        end: Time just behind the last event.
    """

    services: Sequence[str]
    levels: Sequence[str]
    words: Sequence[str]
    phrases: Sequence[str]
    traces: Sequence[str]
    begin: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Question:
    """One request.

    Attributes:
        kind: One of `KINDS`.
        target: Path and query of the URL.
    """

    kind: str
    target: str


def facts_of(events: Iterable[Mapping[str, Any]], begin: datetime, end: datetime) -> Facts:
    """What some events offer to ask for.

    Args:
        events: A sample, as the API answers them.
        begin: Time of the first event of all.
        end: Time of the last event of all.
    """
    services, levels, traces = dict[str, None](), dict[str, None](), dict[str, None]()
    words, phrases = dict[str, None](), dict[str, None]()
    for event in events:
        _note(services, event, "service", "name")
        _note(levels, event, "log", "level")
        _note(traces, event, "trace", "id")
        found = _WORD.findall(str(event.get("message", "")))
        if len(words) < _MOST_TEXTS:
            words |= dict.fromkeys(found)
        text = str(event.get("message", ""))
        three = " ".join(found[:3])
        if len(found) >= 3 and three in text and len(phrases) < _MOST_TEXTS:
            phrases[three] = None
    return Facts(
        tuple(services) or ("none",), tuple(levels) or ("error",), tuple(words) or ("error",),
        tuple(phrases) or ("no such phrase",), tuple(traces) or ("0" * 32,),
        begin, end + timedelta(milliseconds=1),
    )  # fmt: skip


def _note(found: dict[str, None], event: Mapping[str, Any], outer: str, inner: str) -> None:
    part = event.get(outer)
    value = part.get(inner) if isinstance(part, dict) else None
    if isinstance(value, str) and value:
        found[value] = None


class Asker:
    """One user.

    Args:
        facts: What there is to ask for.
        seed: The same seed, the same questions.
        kinds: Which kinds are asked; default: all.
    """

    def __init__(self, facts: Facts, seed: int, kinds: Sequence[str] = ()) -> None:
        self._facts = facts
        self._dice = random.Random(seed)  # noqa: S311 - guards nothing
        self._kinds = tuple(kinds) or tuple(KINDS)
        self._weights = [WEIGHTS[kind] for kind in self._kinds]
        self._page = 0
        self._cursor: str | None = None
        self._paged_service = ""

    def next(self) -> Question:
        """What is asked next."""
        return self.ask(self._dice.choices(self._kinds, self._weights)[0])

    def ask(self, kind: str) -> Question:
        """A question of one kind."""
        route, parameters = self._parameters(kind)
        return Question(kind, f"/api/v1/{route}?{urlencode(parameters)}")

    def note(self, question: Question, answer: Mapping[str, Any]) -> None:
        """Reads an answer as far as the next question depends on it."""
        if question.kind == "q9":
            self._page += 1
            cursor = answer.get("cursor")
            self._cursor = str(cursor) if cursor and self._page < PAGES else None

    def _parameters(self, kind: str) -> tuple[str, _Parameters]:
        facts, choose = self._facts, self._dice.choice
        make: dict[str, Callable[[], tuple[str, _Parameters]]] = {
            "q1": lambda: ("search", {"q": self._service_and_level()} | _NEWEST | self._hour()),
            "q2": lambda: ("search", {"q": choose(facts.words)} | _NEWEST),
            "q3": lambda: ("search", {"q": f"trace:{_quoted(choose(facts.traces))}"} | _NEWEST),
            "q4": lambda: ("histogram", {"interval": "1m", "by": "level"} | self._day()),
            "q5": lambda: ("facets", {"field": "error.type", "size": "10"}),
            "q6": lambda: ("search", _NEWEST),
            "q7": lambda: ("search", {"q": f'"{choose(facts.phrases)}"'} | _NEWEST),
            "q8": lambda: ("search", {"q": f"{choose(facts.words)[:4]}*"} | _NEWEST | self._hour()),
            "q9": lambda: ("search", self._next_page()),
        }
        return make[kind]()

    def _service_and_level(self) -> str:
        service, level = (
            self._dice.choice(of) for of in (self._facts.services, self._facts.levels)
        )
        return f"service:{_quoted(service)} AND level:{level}"

    def _day(self) -> _Parameters:
        begin = max(self._facts.begin, self._facts.end - timedelta(hours=24))
        return {"from": _text(begin), "to": _text(self._facts.end)}

    def _next_page(self) -> _Parameters:
        if self._cursor is None:
            self._page = 0
            self._paged_service = self._dice.choice(self._facts.services)
            return {"q": f"service:{_quoted(self._paged_service)}", "limit": str(_PAGE)}
        query = f"service:{_quoted(self._paged_service)}"
        return {"q": query, "limit": str(_PAGE), "cursor": self._cursor}

    def _hour(self) -> _Parameters:
        """An hour of those that have events."""
        hours = max(1, int((self._facts.end - self._facts.begin) / timedelta(hours=1)))
        end = self._facts.end - timedelta(hours=self._dice.randrange(hours))
        return {"from": _text(end - timedelta(hours=1)), "to": _text(end)}


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
