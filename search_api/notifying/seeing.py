"""Which alerts and silences concern somebody who sees a few services only?"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import Final

from logboom.matching import Matcher
from logboom.state import State
from search_api.alerts.alert import Alert, AlertState
from search_api.alerts.keeping import details
from search_api.notifying.group import KIND, Group
from search_api.notifying.keeping import all_records

_SERVICE = "service.name"
_MOST_NEAR: Final = 3
_FIND: Final = "`logboom alerts list --json` and GET /api/v1/alerts tell the episode of each"
NEEDED = (
    'this key is limited to services: name one of them with service.name="…" among the matchers'
)


class Seeing:
    """What whoever asks may silence, acknowledge and see.

    Args:
        state: Has the alerts.
        sees: Whether the caller sees events of a service; of those without one for the empty name.
    """

    def __init__(self, state: State, sees: Callable[[str], bool]) -> None:
        self._state = state
        self._sees = sees

    @property
    def is_limited(self) -> bool:
        """Whether there is anything that the caller must not see."""
        return not self._sees("")

    def may_silence(self, matchers: Iterable[Matcher]) -> bool:
        """Whether matchers fit alerts of services only that the caller sees."""
        return not self.is_limited or any(
            one.label == _SERVICE and one.operator == "=" and self._sees(one.value)
            for one in matchers
        )

    async def episodes(self) -> frozenset[str]:
        """The episodes of alerts that the caller sees.

        Raises:
            StateError: They cannot be read.
        """
        return frozenset(
            alert.episode for alert in await details(self._state) if self._sees_alert(alert)
        )

    async def sees_episode(self, episode: str) -> bool:
        """Whether the caller sees an alert; others see any, also one that is not known any more.

        Raises:
            StateError: It cannot be known.
        """
        return not self.is_limited or episode in await self.episodes()

    async def missing(self, episode: str) -> str | None:
        """Why nobody can take care of an alert: there is none, and which one may be meant.

        Returns:
            None when the caller sees it.

        Raises:
            StateError: It cannot be known.
        """
        known = [one for one in await details(self._state) if self._sees_alert(one)]
        if any(one.episode == episode for one in known):
            return None
        records = await all_records(self._state, KIND)
        for record in records:  # those about receivers are kept nowhere else
            members = Group.from_json(record.key, record.value).members
            if episode in members and self._sees_alert(members[episode].alert):
                return None
        near = [
            f"of {one.labels.get('alertname')} {one.episode} fires" for one in _near(episode, known)
        ]
        return f"no alert has the episode {episode}: {'; '.join([*near, _FIND])}"

    def _sees_alert(self, alert: Alert) -> bool:
        return self._sees(alert.labels.get(_SERVICE, ""))


def _near(episode: str, known: Iterable[Alert]) -> list[Alert]:
    """Alerts that fire and have this name, or almost this episode."""
    firing = {one.episode: one for one in known if one.state is AlertState.FIRING}
    named = [one for one in firing.values() if one.labels.get("alertname") == episode]
    near = named or [firing[one] for one in get_close_matches(episode, firing, n=_MOST_NEAR)]
    return near[:_MOST_NEAR]
