"""How does a search end that would not end by itself?

Python's `re` looks for signals every few thousand steps. A timer of the process's CPU time interrupts
a search that has used up its budget; it is set only where a pattern may take long on a text, since
setting it costs a microsecond. Signals reach the main thread alone, which is where the shipper
parses: in another thread, a search that would need the timer is given up before it begins.
"""

from __future__ import annotations

import re
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Final

Find = Callable[[str], re.Match[str] | None]


class TimedOut:
    """A search that was given up."""


TIMED_OUT: Final = TimedOut()


class _Expired(Exception):
    pass


def _expire(_number: int, _frame: FrameType | None) -> None:
    raise _Expired


def find_within(find: Find, text: str, budget_s: float) -> re.Match[str] | TimedOut | None:
    """Searches a text for no longer than a budget.

    Args:
        find: `match` of a compiled expression. (`search` begins to count steps anew at each place.)
        text: The text.
        budget_s: CPU seconds that this process may take meanwhile.

    Returns:
        What `find` does, or `TIMED_OUT`.
    """
    if threading.current_thread() is not threading.main_thread():
        return TIMED_OUT
    if signal.getsignal(signal.SIGVTALRM) is not _expire:
        signal.signal(signal.SIGVTALRM, _expire)
    try:
        signal.setitimer(signal.ITIMER_VIRTUAL, budget_s)
        try:
            return find(text)
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0.0)
    except _Expired:
        return TIMED_OUT
