"""Rows whose cells have line breaks in quotes are events each."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logboom.config import FileInput
from logboom.event import IndexDays
from shipper.events.assembly import Assembler
from shipper.events.preceding import Preceding
from shipper.framing import make_framing

READ_NS = 1_795_346_000_000_000_000
HEADER = "id,time,level,message"
ROWS = [
    '1,2026-10-10T13:55:36Z,ERROR,"first\nsecond ""x""\n\nfourth, fifth"',
    "2,2026-10-10T13:55:37Z,INFO,fine",
    '"a\n3","2026-10-10T13:55:38Z",INFO,"2026-10-10 13:55:36 x\nERROR: ""y"""',
    '4,2026-10-10T13:55:39Z,INFO,5" and 6"',
    "5,2026-10-10T13:55:40Z,INFO,last",
]
POSTGRESQL = """\
2026-11-22 11:01:23.798 UTC,"ada","shop",24093,"127.0.0.1:39556",6b02cb83.5e1d,2,"authentication",2026-11-22 11:01:23 UTC,3/1,0,LOG,00000,"connection authorized: user=ada database=shop application_name=psql",,,,,,,,,"","client backend",,0
2026-11-22 11:01:23.854 UTC,"ada","shop",24093,"127.0.0.1:39556",6b02cb83.5e1d,3,"SELECT",2026-11-22 11:01:23 UTC,3/2,0,ERROR,42P01,"relation ""cart"" does not exist",,,,,,"SELECT *
FROM cart
WHERE a = '2026-10-10 13:55:36 x
ERROR: y, ""z""';",15,,"psql","client backend",,0
2026-11-22 11:01:23.859 UTC,"ada","shop",24093,"127.0.0.1:39556",6b02cb83.5e1d,4,"SELECT",2026-11-22 11:01:23 UTC,3/3,0,ERROR,22012,"division by zero",,,,,,"SELECT 1/0;",,,"psql","client backend",,0
2026-11-22 11:01:23.879 UTC,,,24067,,6b02cb83.5e03,5,,2026-11-22 11:01:23 UTC,,0,LOG,00000,"received fast shutdown request",,,,,,,,,"","postmaster",,0
"""
"""As PostgreSQL 15 wrote it."""


def assembler(preceding: Callable[[], Preceding] = Preceding, **settings: Any) -> Assembler:
    return Assembler(
        FileInput(path=["x"], **settings), source="s", run="r", epoch=0, path="/x/shop.log",
        max_event_bytes=100_000, days=IndexDays(timedelta(days=90)), preceding=preceding,
    )  # fmt: skip


def texts(data: str, *, ended: bool = True, **settings: object) -> list[str]:
    section = FileInput.model_validate({"path": "x", **settings})
    return make_framing(section, max_event_bytes=100_000).cut(data.encode(), ended=ended).texts


@pytest.mark.parametrize("name", ["csv", "auto"])
def test_a_row_ends_with_the_line_break_that_is_in_no_quotes(name: str) -> None:
    assert texts("\n".join([HEADER, *ROWS]), format=name) == [HEADER, *ROWS]
    quoted = HEADER.replace(",", '","').join('""')
    assert texts("\n".join([quoted, *ROWS]), format=name) == [quoted, *ROWS]


def test_another_delimiter_is_heeded() -> None:
    rows = [row.replace(",", ";") for row in ROWS]
    assert texts("\n".join(rows), format="csv", delimiter=";") == rows
    rows = [row.replace(",", "\t") for row in [HEADER, *ROWS]]
    assert texts("\n".join(rows), format="tsv") == rows
    assert texts("\n".join(rows)) == rows


def test_a_row_that_is_whole_is_not_waited_for() -> None:
    assert texts(f"{HEADER}\n{ROWS[0]}\n", ended=False, format="csv") == [HEADER, ROWS[0]]
    assert texts('a,"b\nc\n', ended=False, format="csv") == []


def test_a_quote_that_nobody_closes_takes_a_thousand_lines_at_most() -> None:
    found = texts('1,"broken\n' + "2,fine\n" * 3000, format="csv")
    assert [text.count("\n") for text in found[:3]] == [999, 0, 0]
    assert len(found) == 1 + 3000 - 999


def test_rows_are_known_again_in_the_middle_of_the_file() -> None:
    made = assembler(lambda: Preceding(f"{HEADER}\n".encode()))
    data = "\n".join(ROWS).encode()
    assembled = made.assemble(data, offset=len(HEADER) + 1, read_ns=READ_NS, ended=True)
    events = [orjson.loads(message.value) for message in assembled.messages]
    assert events[0]["message"] == 'first\nsecond "x"\n\nfourth, fifth'
    assert len(events) == len(ROWS)


CELLS = st.lists(st.text('a"\n ,;', max_size=6), min_size=2, max_size=4)


@given(st.lists(CELLS, max_size=6))
def test_whatever_is_written_as_csv_is_cut_into_its_rows(rows: list[list[str]]) -> None:
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows([["first", "row"], *rows])
    assert [next(csv.reader([text])) for text in texts(file.getvalue(), format="csv")[1:]] == rows


@given(st.text('a"\n ,', max_size=40), st.text('a"\n ,', max_size=40))
def test_rows_that_come_bit_by_bit_are_the_same(first: str, rest: str) -> None:
    whole = (first + rest).encode()
    framing = make_framing(FileInput(path=["x"], format="csv"), max_event_bytes=100_000)
    cut = framing.cut(first.encode(), ended=False)
    after = framing.cut(whole[cut.consumed :], ended=True)
    assert [*cut.texts, *after.texts] == texts(whole.decode(), format="csv")


@pytest.mark.parametrize("name", ["postgresql_csv", "auto"])
def test_the_log_of_postgresql_as_csv(name: str) -> None:
    made = assembler(format=name)
    assembled = made.assemble(POSTGRESQL.encode(), offset=0, read_ns=READ_NS, ended=True)
    events = [orjson.loads(message.value) for message in assembled.messages]
    assert [event["log"]["level"] for event in events] == ["info", "error", "error", "info"]
    assert events[1]["message"] == 'relation "cart" does not exist'
    assert events[1]["attributes"]["statement"].startswith("SELECT *\nFROM cart\n")
    assert events[1]["attributes"]["statement_position"] == 15
    assert events[1]["@timestamp"] == "2026-11-22T11:01:23.854Z"
    assert events[1]["client"] == {"address": "127.0.0.1"}
    assert "multiline" in events[1]["tags"]
