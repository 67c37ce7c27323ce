"""What if a standard stream is closed, or cannot show a character?"""

from __future__ import annotations

import codecs
import io
import json
import os
import sys

_ESCAPED = "logboom.escaped"


def open_streams() -> None:
    """Sees to it that there are standard streams, and that any text can be written to them.

    Those that are closed (`>&-`) become `/dev/null`: else the next file that is opened would have their
    number, and whatever is written to a standard stream would go there. Characters that an encoding
    does not have are escaped as in JSON, which stays JSON so.
    """
    _fill_numbers()
    if sys.stdin is None:
        sys.stdin = open(0, closefd=False)  # noqa: SIM115
    if sys.stdout is None:
        sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115
    codecs.register_error(_ESCAPED, _escaped)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors=_ESCAPED)


def _fill_numbers() -> None:
    """Opens `/dev/null` under the numbers of the standard streams that are closed."""
    while True:
        number = os.open(os.devnull, os.O_RDWR)
        if number > 2:
            os.close(number)
            return
        os.set_inheritable(number, True)


def _escaped(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return json.dumps(error.object[error.start : error.end])[1:-1], error.end
