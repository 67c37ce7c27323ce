"""Which few patterns do many messages come down to?

Messages are masked first, and only distinct masks are compared. A word is a variable when several masks
differ in nothing but that word: that finds names and states without merging messages that merely look
alike, such as `cannot load cart` and `cannot save cart`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from logboom.patterns.masking import masked

MOST_MESSAGES = 10_000
"""So many messages are looked at."""

ANY = "<*>"
"""What a variable word is in a pattern."""

_ENOUGH = 5
"""So many words in one place make a variable of it."""

_MOST_ROUNDS = 3
_MOST_WORDS = 60


@dataclass(frozen=True, slots=True)
class Pattern:
    """Messages that say the same.

    Attributes:
        text: What they have in common.
        count: How many they are.
        example: The number of one of them, the first.
    """

    text: str
    count: int
    example: int


@dataclass(slots=True)
class _Cluster:
    count: int
    example: int


_Words = tuple[str, ...]


def patterns_of(messages: Sequence[str]) -> list[Pattern]:
    """The patterns of messages, the most frequent first.

    Args:
        messages: At most 10,000; of each only the first line is looked at.

    Raises:
        ValueError: There are more: a bug of whoever calls.
    """
    if len(messages) > MOST_MESSAGES:
        raise ValueError(f"{len(messages)} messages at once are too many")
    clusters = _distinct(messages)
    for _ in range(_MOST_ROUNDS):
        fewer = _merged(clusters)
        if len(fewer) == len(clusters):
            break
        clusters = fewer
    found = [Pattern(" ".join(words), one.count, one.example) for words, one in clusters.items()]
    return sorted(found, key=lambda pattern: (-pattern.count, pattern.example))


def _distinct(messages: Sequence[str]) -> dict[_Words, _Cluster]:
    clusters: dict[_Words, _Cluster] = {}
    known: dict[str, _Words] = {}
    for number, message in enumerate(messages):
        line = message.partition("\n")[0]
        words = known.get(line)
        if words is None:
            words = known[line] = _words(masked(line))
        _count(clusters, words, _Cluster(1, number))
    return clusters


def _words(text: str) -> _Words:
    words = text.split(" ")
    return tuple(words) if len(words) <= _MOST_WORDS else (*words[:_MOST_WORDS], "…")


def _merged(clusters: dict[_Words, _Cluster]) -> dict[_Words, _Cluster]:
    """One round: every cluster is merged in the place where most others differ from it alone."""
    alike: dict[_Words, int] = {}
    for words in clusters:
        for place in range(len(words)):
            key = _without(words, place)
            alike[key] = alike.get(key, 0) + 1
    fewer: dict[_Words, _Cluster] = {}
    for words, cluster in clusters.items():
        keys = [_without(words, place) for place in range(len(words)) if words[place] != ANY]
        best = max(keys, key=lambda key: alike[key], default=words)
        _count(fewer, best if alike.get(best, 0) >= _ENOUGH and len(words) > 1 else words, cluster)
    return fewer


def _without(words: _Words, place: int) -> _Words:
    return (*words[:place], ANY, *words[place + 1 :])


def _count(clusters: dict[_Words, _Cluster], words: _Words, cluster: _Cluster) -> None:
    known = clusters.get(words)
    if known is None:
        clusters[words] = _Cluster(cluster.count, cluster.example)
    else:
        known.count += cluster.count
        known.example = min(known.example, cluster.example)
