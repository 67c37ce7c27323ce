"""What do people say about alerts: silences, and who takes care of what?"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from logboom.clock import Clock
from logboom.errors import QueryError, StateConflict
from logboom.matching import Matcher, match_all, parse_matcher
from logboom.state import State
from search_api.alerts.alert import moment_of
from search_api.notifying.keeping import ACKNOWLEDGEMENTS, SILENCES, all_records
from search_api.notifying.quiet import Silence, silence_of

MOST_SILENCES: Final = 1000
LONGEST: Final = timedelta(days=366)
KEPT_FOR: Final = timedelta(days=5)
"""A silence that has ended is shown for so long."""

_ACKNOWLEDGED_FOR: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """Somebody takes care of an alert.

    Attributes:
        episode: Of the alert.
        author: Who.
        comment: What they say.
        at: When they said so.
    """

    episode: str
    author: str
    comment: str
    at: datetime


class People:
    """What people have said, in the state.

    Args:
        state: Has it.
        clock: Asked for the time.
    """

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    def now(self) -> datetime:
        """The time."""
        return moment_of(self._clock.now_ns() // 1000)

    async def silences(self) -> Sequence[Silence]:
        """All that are kept and can be read, those that end last in front.

        Raises:
            StateError: They cannot be read.
        """
        records = await all_records(self._state, SILENCES)
        found = [one for one in map(silence_of, records) if one is not None]
        return sorted(found, key=lambda one: one.ends_at, reverse=True)

    async def silence(self, key: str) -> Silence | None:
        """One of them; None, too, where it cannot be read.

        Raises:
            StateError: It cannot be read.
        """
        found = await self._state.get(SILENCES, key)
        return None if found is None else silence_of(found)

    async def put(
        self, matchers: Sequence[Matcher], starts_at: datetime, ends_at: datetime, *,
        author: str, comment: str, key: str | None = None,
    ) -> Silence:  # fmt: skip
        """Adds a silence, or replaces one.

        Args:
            matchers: What alerts must fulfil, at least one.
            starts_at: From when on.
            ends_at: Until when.
            author: Who wants it.
            comment: Why.
            key: Of the one that is replaced.

        Raises:
            QueryError: It would be for too long, or for every alert, or is one too many, or could
                not be read again.
            StateError: It may or may not be written.
        """
        _check(matchers, starts_at, ends_at)
        if key is None and len(await self.silences()) >= MOST_SILENCES:
            raise QueryError(f"there are {MOST_SILENCES} silences: end some of them first")
        made = Silence(
            key or uuid.uuid4().hex, tuple(matchers), starts_at, ends_at, author, comment
        )
        await self._state.put(SILENCES, made.key, made.to_json())
        return made

    async def end(self, key: str) -> Silence | None:
        """Ends a silence now; it is shown for a while. None when there is none.

        Raises:
            StateError: It may or may not have ended.
        """
        record = await self._state.get(SILENCES, key)
        found, now = None if record is None else silence_of(record), self.now()
        if record is None or found is None:
            return None
        if found.ends_at <= now:
            return found
        ended = Silence(
            key, found.matchers, min(found.starts_at, now), now, found.author, found.comment
        )
        await self._state.put(SILENCES, key, ended.to_json(), expected=record.version)
        return ended

    async def acknowledgements(self) -> Sequence[Acknowledgement]:
        """All that are kept, the newest first.

        Raises:
            StateError: They cannot be read.
        """
        records = await all_records(self._state, ACKNOWLEDGEMENTS)
        found = [
            Acknowledgement(
                one.key, one.value["author"], one.value["comment"],
                datetime.fromisoformat(one.value["at"]),
            )
            for one in records
        ]  # fmt: skip
        return sorted(found, key=lambda one: one.at, reverse=True)

    async def acknowledge(self, episode: str, *, author: str, comment: str) -> Acknowledgement:
        """Notes that somebody takes care of an alert.

        Raises:
            StateError: It may or may not be noted.
        """
        made = Acknowledgement(episode, author, comment, self.now())
        value = {"author": author, "comment": comment, "at": made.at.isoformat()}
        await self._state.put(ACKNOWLEDGEMENTS, episode, value)
        return made

    async def withdraw(self, episode: str) -> bool:
        """Forgets that somebody takes care of an alert; False when nobody did.

        Raises:
            StateError: It may or may not be forgotten.
        """
        return await self._state.delete(ACKNOWLEDGEMENTS, episode)

    async def prune(self) -> None:
        """Forgets what has ended a while ago.

        Raises:
            StateError: Some of it is still there.
        """
        now = self.now()
        for record in await all_records(self._state, SILENCES):
            silence = silence_of(record)
            if silence is not None and now - silence.ends_at > KEPT_FOR:
                await self._forget(SILENCES, record.key, record.version)
        for record in await all_records(self._state, ACKNOWLEDGEMENTS):
            if now - datetime.fromisoformat(record.value["at"]) > _ACKNOWLEDGED_FOR:
                await self._forget(ACKNOWLEDGEMENTS, record.key, record.version)

    async def _forget(self, kind: str, key: str, version: str) -> None:
        try:
            await self._state.delete(kind, key, expected=version)
        except StateConflict:  # somebody has just said it again
            return


def _check(matchers: Sequence[Matcher], starts_at: datetime, ends_at: datetime) -> None:
    if not matchers:
        raise QueryError('a silence needs matchers: alertname="HighErrorRate", for instance')
    if match_all(matchers, {}):
        raise QueryError(
            "these matchers fit every alert", suggestion='name a label: severity=~".+" is one'
        )
    for matcher in matchers:
        _check_readable(matcher)
    if ends_at <= starts_at:
        raise QueryError("the silence would end before it begins")
    if ends_at - starts_at > LONGEST:
        raise QueryError(f"a silence holds for {LONGEST.days} days at most")


def _check_readable(matcher: Matcher) -> None:
    """A silence is kept as text: what that would mean must be what was asked for."""
    try:
        is_same = parse_matcher(str(matcher)) == matcher
    except ValueError as error:
        raise QueryError(str(error)) from error
    if not is_same:
        raise QueryError(f"{str(matcher)[:80]!r} would not mean what it says")
