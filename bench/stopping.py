"""How does a benchmark that is asked to end leave nothing behind?"""

from __future__ import annotations

import signal
import sys
from types import FrameType


def stop_in_order() -> None:
    """From now on SIGTERM and SIGINT unwind the stack, so that whatever was started is ended.

    A shell makes its background jobs ignore SIGINT; here it counts again.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _unwind)


def _unwind(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)
