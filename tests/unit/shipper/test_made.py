"""Do events of the compiled part and others come together in their order?"""

from __future__ import annotations

from array import array
from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from logboom.native.library import MADE, SUSPECT, Events
from shipper.events.made import Made

STAMP = "2026-11-21T06:24:28.566Z"
OTHER = "2026-11-21T06:24:28.567Z"
ODD = "2026-11-21T06:24:28.566123Z"
CASES = st.tuples(st.sampled_from(["made", "suspect", "refused", "left", "odd"]), st.binary())


@given(st.lists(CASES))
def test_they_come_together_in_their_order(cases: list[tuple[str, bytes]]) -> None:
    native = [value if kind in ("made", "suspect", "refused") else b"" for kind, value in cases]
    states = {"made": MADE, "suspect": SUSPECT, "refused": SUSPECT}
    made = Made(
        Events(
            b"".join(native),
            array("I", accumulate(map(len, native))),
            bytearray(states.get(kind, 0) for kind, _ in cases),
            bytearray(f"{STAMP}\n".encode() * len(cases)),
        )
    )
    assert made.suspects == {
        n for n, (kind, _) in enumerate(cases) if kind in states and kind != "made"
    }
    for number, (kind, _) in enumerate(cases):
        if kind == "refused":
            made.refuse(number)
    left = [n for n, (kind, _) in enumerate(cases) if kind in ("refused", "left", "odd")]
    assert made.left() == left
    for number in left:
        made.put(number, b"other" + cases[number][1], ODD if cases[number][0] == "odd" else OTHER)
    assert made.left() == []
    run, stamps = made.run(b"key"), made.stamps()
    expected = [b"other" + value if n in left else value for n, (_, value) in enumerate(cases)]
    assert (run.key, run.values()) == (b"key", expected)
    kinds = {"made": STAMP, "suspect": STAMP, "odd": ODD}
    assert stamps == [kinds.get(kind, OTHER) for kind, _ in cases]
