"""How long is it until a process that has ended is started again?"""

from __future__ import annotations

from logboom.retrying import Backoff

_FIRST_S = 0.5
_STABLE_S = 10.0


class Pauses:
    """Pauses that grow while a process keeps ending soon after its start.

    Args:
        longest_s: Upper bound of all pauses.
    """

    def __init__(self, *, longest_s: float) -> None:
        self._backoff = Backoff(first_s=_FIRST_S, most_s=longest_s)

    def after(self, lived_s: float) -> float:
        """The pause after a life; one that was long enough says that nothing is wrong for good.

        Args:
            lived_s: From its start to its end.
        """
        if lived_s >= _STABLE_S:
            self._backoff.reset()
        return self._backoff.next_wait_s()
