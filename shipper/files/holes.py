"""Where does the text of a piece end because a hole begins: a run of NUL bytes, which is no text?"""

from __future__ import annotations

RUN_BYTES = 4096
"""So many NUL bytes are no text: a hole, what a crash left, or room that was set apart."""

_RUN = bytes(RUN_BYTES)


def text_end(data: bytes, begin: int, *, unit: int, is_first: bool, may_go_on: bool) -> int:
    """Where the text in a piece of a file ends.

    Args:
        data: The piece, with some NUL in it.
        begin: Where what is new in it begins; there is something behind.
        unit: Bytes of the text's code units; what is given is a whole number of them.
        is_first: The file begins here: then a single NUL is a hole, if code units are bytes.
        may_go_on: The piece is not all that there is: NULs at its end may be part of a run.

    Returns:
        `begin` when a hole begins there, or when nothing but NULs is there. Where code units are bytes,
        NULs at the end are left for later, however few they are: a size may be seen before the bytes
        (room that was set apart, network file systems), and what follows tells what they are.
    """
    if is_first and unit == 1 and data[begin] == 0:
        return begin
    run = data.find(_RUN, begin)
    if run >= begin:
        return run + (run - begin) % unit
    text = len(data.rstrip(b"\0"))
    if unit == 1:
        return max(text, begin)
    if may_go_on and text > begin + unit:
        return text + (text - begin) % unit
    return len(data)
