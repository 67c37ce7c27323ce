"""Templates of messages, as Serilog writes them: the message is what its own renderer would show."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logboom.config import FileInput
from shipper.parsers.making import make_parser
from shipper.parsers.templates import render

VALUES: dict[str, Any] = {
    "A": "x", "B": 255, "C": -7, "D": 1234.565, "Obj": {"n": 1}, "List": [1, "a"], "T": True,
    "N": None, "user.name": "ada", "0": "first",
}  # fmt: skip


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{A}|{A,4}|{A,-4}|{B,1}", "x|   x|x   |255"),
        ("{B:X4} {B:x} {B:D5} {C:D3} {C:X}", "00FF ff 00255 -007 -7"),
        ("{D:F1} {D:N} {D:0.00} {D:#,##0.0} {B:000000}", "1234.6 1,234.57 1234.57 1,234.6 000255"),
        ("{D:0.###} {B:0.##} {C:000} {B:P0}", "1234.565 255 -007 25,500 %"),
        ("{B,6:X4}|{B,-6:X4}|", "  00FF|00FF  |"),
        ("{@Obj} {$Obj} {List} {T} {N}", '{"n":1} {"n":1} [1,"a"] true null'),
        ("{{A}} {{{A}}} }} {{", "{A} {x} } {"),
        ("{user.name} {0} {Missing} {Missing:X} {A B} {}", "ada first {Missing} {Missing:X} {A B} {}"),
        ("{A:l} {B:unknown} {T:X}", "x 255 true"),
    ],
)  # fmt: skip
def test_holes_are_filled(template: str, message: str) -> None:
    assert render(template, VALUES) == message


def test_renderings_stand_for_the_holes_with_a_format_in_order() -> None:
    values = {"A": 1, "B": 2}
    assert render("{A:0.00} {A} {B,6:X4} {B:X}", values, ["1.00", "0002", 7]) == "1.00 1   0002 2"
    assert render("{A:0.0} {B:X}", values, "nonsense") == "1.0 2"


@pytest.mark.parametrize("format_name", ["auto", "clef", "json"])
def test_each_way_of_reading_renders_alike(format_name: str) -> None:
    parser = make_parser(FileInput(path=["x"], format=format_name))
    event = {
        "@t": "2026-10-10T13:55:36Z",
        "@mt": "{B:X4}|{A,3}",
        "@r": ["00FF"],
        "A": "x",
        "B": 255,
    }
    fields = parser.parse(orjson.dumps(event).decode())
    assert fields is not None
    if format_name != "json":
        assert fields["message"] == "00FF|  x"
    assert render(event["@mt"], event, event["@r"]) == "00FF|  x"  # type: ignore[arg-type]


def test_a_template_cannot_blow_up_its_message() -> None:
    message = render("{A}" * 100_000, {"A": "x" * 400_000})
    assert 1_000_000 < len(message) < 3_000_000
    assert message.endswith("{A}")
    assert len(render("{A,-9999}" * 1000, {"A": "x"})) == 200_000


@given(
    st.text(st.sampled_from("{}@$AB,:-019.#XFNPD "), max_size=40),
    st.one_of(st.integers(), st.floats(), st.text(max_size=5), st.booleans()),
)
def test_any_template_gives_a_message(template: str, value: object) -> None:
    render(template, {"A": value, "B": value}, [value])
