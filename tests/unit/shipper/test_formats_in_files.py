"""Formats in whole files: headers, restarts in the middle, entries of several lines, wrapped JSON."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from logboom.config import FileInput
from logboom.errors import ConfigError
from logboom.event import IndexDays
from shipper.events.assembly import Assembler
from shipper.events.preceding import Preceding
from shipper.files.followed import FollowedFile
from shipper.parsers.making import make_parser
from shipper.reading.sources import Source
from shipper.registry.registry import SourceRecord

READ_NS = 1_791_640_600_000_000_000


def assembler(preceding: Callable[[], Preceding] = Preceding, **settings: Any) -> Assembler:
    return Assembler(
        FileInput(path=["x"], **settings), source="s", run="r", epoch=0, path="/x/shop.log",
        max_event_bytes=100_000, days=IndexDays(timedelta(days=90)), preceding=preceding,
    )  # fmt: skip


def events(made: Assembler, text: str, *, offset: int = 0) -> list[dict[str, Any]]:
    assembled = made.assemble(text.encode(), offset=offset, read_ns=READ_NS, ended=True)
    return [orjson.loads(message.value) for message in assembled.messages]


CSV = "time,level,message,id\n"
ROW = '2026-10-10T13:55:36Z,ERROR,"cannot load, sorry",7\n'


@pytest.mark.parametrize("rows", [1, 5000])
def test_a_source_that_is_read_on_asks_its_file_for_the_header(tmp_path: Path, rows: int) -> None:
    path = tmp_path / "shop.csv"
    path.write_text(CSV + ROW * (rows + 1))
    offset = len(CSV + ROW * rows)
    record = SourceRecord(
        id="s",
        path=str(path),
        family=str(path),
        device=0,
        inode=0,
        epoch=0,
        offset=offset,
        prefix=b"",
        guard=b"",
        changed_ns=READ_NS,
    )
    source = Source(
        record, FileInput(path=["x"], format="csv"),
        lambda source, _epoch: assembler(source.preceding, format="csv"),
    )  # fmt: skip
    source.file = FollowedFile(str(path), offset)
    assembled = source.take(ROW.encode(), read_ns=READ_NS)
    source.close()
    (message,) = assembled.messages
    assert orjson.loads(message.value)["attributes"] == {"id": "7"}


FIELDS = "#Fields: date time c-ip cs-method sc-status\n"
LINE = "2026-10-10 13:55:36 203.0.113.7 GET 200\n"


@pytest.mark.parametrize("format_name", ["csv", "auto"])
def test_a_header_is_a_tagged_event_and_names_the_columns(format_name: str) -> None:
    header, row = events(assembler(format=format_name), CSV + ROW)
    assert (header["message"], header["tags"]) == (CSV.strip(), ["header"])
    assert row["message"] == "cannot load, sorry"
    assert row["@timestamp"] == "2026-10-10T13:55:36.000Z"
    assert row["log"]["level"] == "error"
    assert row["attributes"] == {"id": "7"}


@pytest.mark.parametrize("format_name", ["csv", "auto"])
def test_a_header_is_known_again_in_the_middle_of_the_file(format_name: str) -> None:
    (row,) = events(
        assembler(lambda: Preceding(CSV.encode()), format=format_name), ROW, offset=len(CSV)
    )
    assert row["message"] == "cannot load, sorry"
    assert "tags" not in row


def test_columns_and_delimiter_can_be_set() -> None:
    made = assembler(format="csv", delimiter=";", columns=["time", "message"])
    (row,) = events(made, "2026-10-10T13:55:36Z;loaded\n")
    assert row["message"] == "loaded"


def test_a_row_of_another_width_is_told() -> None:
    _, short = events(assembler(format="csv"), CSV + "a,b\n")
    assert short["tags"] == ["parse_failed"]
    assert short["message"] == "a,b"


@pytest.mark.parametrize("format_name", ["iis", "auto"])
def test_fields_may_change_within_a_file(format_name: str) -> None:
    other = "#Fields: date time sc-status\n2026-10-10 13:55:37 500\n"
    found = events(assembler(format=format_name), FIELDS + LINE + "#Software: x\n" + other)
    statuses = [event.get("http", {}).get("response", {}).get("status_code") for event in found]
    assert statuses == [None, 200, None, None, 500]


@pytest.mark.parametrize("format_name", ["iis", "auto"])
def test_fields_are_known_again_in_the_middle_of_the_file(format_name: str) -> None:
    made = assembler(lambda: Preceding((FIELDS + LINE).encode()), format=format_name)
    (event,) = events(made, LINE, offset=len(FIELDS + LINE))
    assert event["client"]["ip"] == "203.0.113.7"
    assert event["http"]["response"]["status_code"] == 200


@pytest.mark.parametrize("format_name", ["iis", "auto"])
@pytest.mark.parametrize("columns", ["date time c-ip", "time c-ip date", "c-ip date time"])
def test_columns_between_tabs_have_an_event_a_line(format_name: str, columns: str) -> None:
    values = {"date": "2026-10-10", "time": "13:55:36", "c-ip": "203.0.113.7"}
    row = "\t".join(values[name] for name in columns.split())
    text = f"#Version: 1.0\n#Fields: {columns} sc-status\n{row}\t200\n"
    found = events(assembler(format=format_name), text)
    assert [event["message"] for event in found] == text.splitlines()
    assert found[2]["http"]["response"]["status_code"] == 200
    assert found[2]["@timestamp"] == "2026-10-10T13:55:36.000Z"


@pytest.mark.parametrize("format_name", ["iis", "auto"])
def test_rows_of_cloudfront_are_events(format_name: str) -> None:
    rows = "2026-10-10\t13:55:36\t203.0.113.7\t200\n2026-10-10\t13:55:37\t203.0.113.8\t500\n"
    text = f"#Version: 1.0\n#Fields: date time c-ip sc-status\n{rows}"
    found = events(assembler(format=format_name), text)
    assert [event["message"] for event in found] == text.splitlines()
    assert found[3]["http"]["response"]["status_code"] == 500


BLOCKS = (
    "__CURSOR=s=1;i=1\n__REALTIME_TIMESTAMP=1791640536123456\nPRIORITY=3\nMESSAGE=one\n\n"
    "__CURSOR=s=1;i=2\n__REALTIME_TIMESTAMP=1791640537123456\n_HOSTNAME=web-1\nMESSAGE=two\n\n"
)


@pytest.mark.parametrize("format_name", ["journal", "journal_export", "auto"])
def test_blocks_of_the_journal_are_events(format_name: str) -> None:
    one, two = events(assembler(format=format_name), BLOCKS)
    assert (one["message"], one["log"]["level"]) == ("one", "error")
    assert (two["message"], two["host"]["name"]) == ("two", "web-1")
    assert two["@timestamp"] == "2026-10-10T13:55:37.123456Z"


@pytest.mark.parametrize("format_name", ["journal", "journal_export", "auto"])
@pytest.mark.parametrize(
    "size", [9, 10, 13, 30, 52, 127, 128, 195, 255, 256, 300, 2573, 43459, 65536]
)
@pytest.mark.parametrize("after", ["", "_PID=7\n"])
def test_a_value_of_several_lines_in_the_journal_is_whole(
    format_name: str, size: int, after: str
) -> None:
    message = (
        ("one\n\nERROR\nÄ A=b\n{\n" + "x" * size).encode()[: size - 1].decode("utf-8", "ignore")
    )
    message += "!" * (size - len(message.encode()))
    block = b"%b\nMESSAGE\n%b%b\n%b\n" % (
        BLOCKS.split("\nPRIORITY", maxsplit=1)[0].encode(), size.to_bytes(8, "little"), message.encode(),
        after.encode(),
    )  # fmt: skip
    made = assembler(format=format_name).assemble(
        block + block, offset=0, read_ns=READ_NS, ended=True
    )
    found = [orjson.loads(event.value) for event in made.messages]
    assert [event["message"] for event in found] == [message, message]
    assert all(("pid" in event.get("process", {})) == bool(after) for event in found)


@pytest.mark.parametrize("format_name", ["journal_export", "auto"])
def test_a_block_of_the_journal_with_a_length_that_does_not_fit_loses_no_text(
    format_name: str,
) -> None:
    block = (
        "__CURSOR=s=1\n__REALTIME_TIMESTAMP=1791640536123456\nMESSAGE\n\x1e\0\0\0\0\0\0\0one\ntwo"
    )
    (event,) = events(assembler(format=format_name), block + "\n_PID=7\nrest of it\n")
    assert event["message"] == "one\ntwo"
    assert "rest of it" in orjson.dumps(event).decode()


@pytest.mark.parametrize("format_name", ["jul", "auto"])
def test_two_lines_of_java_util_logging_are_one_event(format_name: str) -> None:
    text = "Oct 10, 2026 1:55:36 PM com.acme.Cart load\nSEVERE: cannot load\n"
    first, second = events(assembler(format=format_name), text * 2)
    assert first["message"] == second["message"] == "cannot load"
    assert first["log"]["logger"] == "com.acme.Cart"


@pytest.mark.parametrize("format_name", ["mysql_slow", "auto"])
def test_a_slow_query_is_one_event(format_name: str) -> None:
    text = (
        "# Time: 2026-10-10T13:55:36.123456Z\n# User@Host: ada[ada] @ localhost []  Id:     5\n"
        "# Query_time: 1.5  Lock_time: 0.0 Rows_sent: 1  Rows_examined: 5\nSELECT 1;\n"
    )
    first, second = events(assembler(format=format_name), text * 2)
    assert first["event"]["duration"] == second["event"]["duration"] == 1_500_000_000
    assert first["message"] == "SELECT 1;"


@pytest.mark.parametrize("format_name", ["syslog", "syslog_5424", "auto"])
def test_a_line_of_syslog_without_a_time_is_an_event(format_name: str) -> None:
    text = (
        "<14>1 2026-10-10T13:55:36Z h a - - - one\n<14>1 - - - - - - two\n<14>1 - h - - - - three\n"
    )
    found = events(assembler(format=format_name), text * 2)
    assert [event["message"] for event in found] == ["one", "two", "three"] * 2
    assert found[1]["log"]["level"] == "info"


@pytest.mark.parametrize("format_name", ["mysql_slow", "auto"])
@pytest.mark.parametrize(
    "sql", ["SELECT 1;", "INSERT INTO a VALUES\n('x\nERROR: b\n{\"c\":1}\n# d');"]
)
def test_a_slow_query_of_the_same_second_is_an_event(format_name: str, sql: str) -> None:
    query = (
        "# User@Host: ada[ada] @ localhost []  Id:     5\n"
        f"# Query_time: 1.5  Lock_time: 0.0 Rows_sent: 1  Rows_examined: 5\n"
        f"SET timestamp=1791640536;\n{sql}\n"
    )
    time = "# Time: 261010  3:55:36\n"
    found = events(assembler(format=format_name), time + query + query + time + query)
    assert [event["message"] for event in found] == [sql] * 3
    assert [event["@timestamp"][:19] for event in found] == [
        "2026-10-10T03:55:36", "2026-10-10T13:55:36", "2026-10-10T03:55:36",
    ]  # fmt: skip


def test_an_object_in_a_message_is_found_when_there_are_many() -> None:
    line = '{"log":"{\\"level\\":\\"warn\\",\\"msg\\":\\"slow\\"}\\n","stream2":"x"}\n'
    for event in events(assembler(), line * 50):
        assert event["message"] == "slow"
        assert event["log"]["level"] == "warn"
        assert event["attributes"] == {"stream2": "x"}


def test_an_object_behind_a_text_is_found() -> None:
    made = assembler()
    (event,) = events(made, '2026-10-10 13:55:36 INFO {"message":"slow","took_ms":3,"id":7}\n')
    assert event["message"] == "slow"
    assert event["event"]["duration"] == 3_000_000
    assert event["log"]["level"] == "info"
    assert event["@timestamp"] == "2026-10-10T13:55:36.000Z"


@pytest.mark.parametrize(
    ("form", "time"),
    [
        ("dd.MM.yyyy HH:mm", "10.11.2026 13:55"),
        ("%d.%m.%Y %H:%M", "10.11.2026 13:55"),
        ("MM-dd-yy hh:mm a", "11-10-26 01:55 PM"),
        ("EEE, d MMM yyyy HH:mm:ss[.SSS] z", "Tue, 10 Nov 2026 13:55:00.000 UTC"),
        ("yyyy'W'DDD'T'HHmmss", "2026W314T135500"),
        ("%s", "1794318900"),
        ("dd/MM HH:mm:ss", "10/11 13:55:00"),
    ],
)
def test_times_in_a_form_of_ones_own(form: str, time: str) -> None:
    text = orjson.dumps({"time": time, "message": "x"}).decode() + "\n"
    for event in events(assembler(timestamp_format=["HH|mm", form]), text * 20):
        assert event["@timestamp"] == "2026-11-10T13:55:00.000Z"


def test_a_time_of_another_form_is_read_as_always() -> None:
    (event,) = events(
        assembler(format="json", timestamp_format="dd.MM.yyyy HH:mm"),
        '{"time":"2026-10-10T13:55:36Z","msg":"x"}\n',
    )
    assert event["@timestamp"] == "2026-10-10T13:55:36.000Z"


@pytest.mark.parametrize("form", ["bbb", "%Q", "words", "HH HH", "%%", "[HH"])
def test_a_form_that_means_nothing_is_refused(form: str) -> None:
    with pytest.raises(ConfigError, match="is not a form of times"):
        make_parser(FileInput(path=["x"], timestamp_format=[form]))


@pytest.mark.parametrize(
    ("head", "rows", "names"),
    [
        ('"Date, Time",Level,"Message, whole"', '"a, b",ERROR,c', {"Date, Time": "a, b", "Message, whole": "c"}),
        ('\ufeff"id no.","level","x"', '7,ERROR,"a"', {"id no.": "7", "x": "a"}),
        ('"level", "b, c", d', 'ERROR, "2, 3", 4', {"b, c": "2, 3", "d": "4"}),
    ],
)  # fmt: skip
def test_names_of_columns_in_quotes_may_have_any_signs(
    head: str, rows: str, names: dict[str, str]
) -> None:
    header, row = events(assembler(), f"{head}\n{rows}\n")
    assert header["tags"] == ["header"]
    assert (row["attributes"], row["log"]["level"]) == (names, "error")


def test_a_clock_without_a_date_is_of_the_day_of_the_directive() -> None:
    *_, row = events(assembler(), "#Date: 2026-10-10 00:00:00\n#Fields: time c-ip\n13:55:36 ::1\n")
    assert row["@timestamp"] == "2026-10-10T13:55:36.000Z"


def test_rows_between_commas_are_those_of_exchange() -> None:
    fields = "#Log-type: Message Tracking Log\n#Fields: date-time,event-id,message-subject\n"
    *_, row = events(assembler(), f'{fields}2026-10-10T13:55:36.123Z,SEND,"a, b"\n')
    assert row["@timestamp"] == "2026-10-10T13:55:36.123Z"
    assert row["attributes"] == {"event_id": "SEND", "message_subject": "a, b"}


def test_haproxys_traffic_is_found_behind_its_other_messages() -> None:
    head = "Oct 10 13:55:36 lb-1 haproxy[7]: "
    line = "203.0.113.7:1 [10/Oct/2026:13:55:36.123] db pg/pg-1 0/1/5007 212 -- 1/1/1/1/0 0/0"
    text = f"{head}Proxy db started.\n" * 5 + f"{head}{line}\n" * 3
    assert [event["attributes"].get("server") for event in events(assembler(), text)[5:]] == [
        "pg-1"
    ] * 3


def test_a_level_behind_a_time_is_no_program() -> None:
    (event,) = events(assembler(), "2026-10-10T13:55:36.123Z error: failed\n")
    assert (event["log"]["level"], event["message"]) == ("error", "failed")
