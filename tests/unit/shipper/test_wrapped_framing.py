"""Lines that wrap lines of several streams: each stream is joined on its own."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logboom.config import FileInput
from logboom.event import IndexDays, source_run
from shipper.events.assembly import Assembler
from shipper.framing import Framing, make_framing
from shipper.framing.containers import container_of
from shipper.framing.wrappers import WRAPPERS
from shipper.parsers.port import Fields

READ_NS = 1_795_246_020_116_000_000


def envelope(text: str, stream: str | None, **fields: object) -> bytes:
    return orjson.dumps({"text": text, "stream": stream, "fields": fields}) + b"\n"


def assembler(name: str = "envelope", path: str = "/spool/1.log") -> Assembler:
    return Assembler(
        FileInput(path=["x"], format=name), source="s", run=source_run("s", 0), epoch=0,
        path=path, max_event_bytes=2000, days=IndexDays(timedelta(days=90)),
    )  # fmt: skip


MIXED = b"".join((
    envelope("2026-11-21 06:24:28 ERROR a - failed", "out"),
    envelope("2026-11-21 06:24:28 WARN b - slow", "err"),
    envelope("java.lang.IllegalStateException: no", "out"),
    envelope("alone\nof two lines", None),
    envelope("\tat com.acme.Pay.run(Pay.java:17)", "out"),
    envelope("    more of b", "err"),
))  # fmt: skip


def test_lines_of_one_stream_are_joined_over_those_of_others() -> None:
    framing = make_framing(FileInput(path=["x"], format="envelope"), max_event_bytes=2000)
    frames = framing.cut(MIXED, ended=True)
    assert frames.texts == [
        (
            "2026-11-21 06:24:28 ERROR a - failed\njava.lang.IllegalStateException: no\n"
            "\tat com.acme.Pay.run(Pay.java:17)"
        ),
        "2026-11-21 06:24:28 WARN b - slow\n    more of b",
        "alone\nof two lines",
    ]
    assert frames.lines == [3, 2, 1]
    assert frames.consumed == len(MIXED)
    again = framing.cut_again(MIXED, zip(frames.starts, frames.ends, strict=True))
    assert (again.texts, again.fields) == (frames.texts, frames.fields)


def test_nothing_is_consumed_that_an_open_event_encloses() -> None:
    framing = make_framing(FileInput(path=["x"], format="envelope"), max_event_bytes=2000)
    assert framing.cut(MIXED, ended=False).consumed == 0
    alone = envelope("a", None) + envelope("b", None)
    assert framing.cut(alone + MIXED, ended=False).consumed == len(alone)


def test_a_wrapper_fills_in_what_the_text_does_not_say() -> None:
    lines = envelope(
        "hello", None,
        **{"@timestamp": "2026-11-20T01:02:03Z", "log.level": "warn", "host.name": "web-1",
           "process.pid": 7, "colour": "red", "log.offset": 99, "password": "hunter22"},
    ) + envelope('{"time":"2026-11-21T06:24:28Z","level":"error","msg":"m"}', None,
                 **{"@timestamp": 1, "log.level": "info", "host.name": "web-2"})  # fmt: skip
    made = assembler().assemble(lines, offset=0, read_ns=READ_NS, ended=True)
    first, second = (orjson.loads(message.value) for message in made.messages)
    assert first["@timestamp"] == "2026-11-20T01:02:03.000Z"
    assert (first["log"]["level"], first["log"]["offset"]) == ("warn", 0)
    assert (first["host"]["name"], first["process"]["pid"]) == ("web-1", 7)
    assert first["attributes"]["colour"] == "red"
    assert "hunter22" not in str(first)
    assert second["@timestamp"] == "2026-11-21T06:24:28.000Z"
    assert (second["log"]["level"], second["host"]["name"]) == ("error", "web-2")
    assert made.segment is not None
    again = assembler().assemble_again(made.segment, lines)
    assert [message.value for message in again] == [message.value for message in made.messages]


def docker(text: str, stream: str = "stdout", second: int = 0) -> bytes:
    time = f"2026-11-21T06:24:{second:02d}.123456789Z"
    return orjson.dumps({"log": text, "stream": stream, "time": time}) + b"\n"


def cri(text: str, stream: str = "stdout", tag: str = "F", second: int = 0) -> bytes:
    return f"2026-11-21T06:24:{second:02d}.123456789+00:00 {stream} {tag} {text}\n".encode()


def events_of(data: bytes, name: str = "auto", path: str = "/logs/app.log") -> list[dict[str, Any]]:
    made = assembler(name, path).assemble(data, offset=0, read_ns=READ_NS, ended=True)
    assert made.segment is not None
    assert made.segment.lines + made.segment.empty_lines == data.count(b"\n")
    again = assembler(name, path).assemble_again(made.segment, data)
    assert [message.value for message in again] == [message.value for message in made.messages]
    return [orjson.loads(message.value) for message in made.messages]


@pytest.mark.parametrize("name", ["auto", "docker"])
def test_lines_of_docker_are_recognised(name: str) -> None:
    first, second = events_of(
        docker("java.lang.Error: no\n")
        + docker("hello\n", "stderr")
        + docker("\tat a.B.c(B.java:7)\n"),
        name,
    )
    assert first["message"] == "java.lang.Error: no\n\tat a.B.c(B.java:7)"
    assert first["@timestamp"].startswith("2026-11-21T06:24:00.123456")
    assert first["attributes"]["stream"] == "stdout"
    assert first["error"]["type"] == "java.lang.Error"
    assert (second["message"], second["attributes"]["stream"]) == ("hello", "stderr")


@pytest.mark.parametrize("name", ["auto", "cri"])
def test_lines_of_container_runtimes_are_recognised(name: str) -> None:
    first, second = events_of(
        cri("ERROR a long ", tag="P") + cri("one", "stderr") + cri("line", tag="P") + cri("!"), name
    )
    assert first["message"] == "a long line!"
    assert first["log"]["level"] == "error"
    assert second["message"] == "one"


def test_parts_of_a_line_are_put_together() -> None:
    (event,) = events_of(docker('{"message":"one') + docker(' two","level":"warn"}\n'))
    assert (event["message"], event["log"]["level"]) == ("one two", "warn")


def test_the_path_of_a_pod_names_its_parts() -> None:
    path = "/var/log/pods/shop_cart-7d9f-x2_0b5c6f5e-1111-2222-3333-444455556666/web/3.log"
    (event,) = events_of(cri("hello"), path=path)
    assert event["service"]["name"] == "web"
    assert event["attributes"]["container"] == {"name": "web"}
    assert event["attributes"]["kubernetes"] == {
        "namespace": "shop",
        "pod": {"name": "cart-7d9f-x2", "uid": "0b5c6f5e-1111-2222-3333-444455556666"},
        "container": {"name": "web"},
    }


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (f"/var/lib/docker/containers/{'ab' * 32}/{'ab' * 32}-json.log", None),
        (f"/var/log/containers/cart-7d9f-x2_shop_web-1-{'ab' * 32}.log", "web-1"),
    ],
)
def test_the_path_of_a_container_has_its_id(path: str, name: str | None) -> None:
    container = container_of(path)
    assert container is not None
    assert container.name == name
    assert container.fields["container.id"] == "ab" * 32


def test_a_path_that_is_no_containers_says_nothing() -> None:
    assert container_of("/var/log/app/containers.log") is None


def test_a_named_format_is_that_of_the_text_in_a_container() -> None:
    path = "/var/log/pods/shop_cart_1/web/0.log"
    (event,) = events_of(cri('{"message":"m","@timestamp":"2026-01-01T00:00:00Z"}'), "json", path)
    assert (event["message"], event["@timestamp"]) == ("m", "2026-01-01T00:00:00.000Z")


def test_lines_without_a_wrapper_among_others_are_events_as_in_a_plain_file() -> None:
    data = b"bare\n  more\n" + docker("a\n") + b"torn\n" + docker("b\n") + b"\n"
    assert [event["message"] for event in events_of(data)] == ["bare\n  more", "a", "torn", "b"]


def test_a_stream_that_says_nothing_for_long_holds_nothing_back() -> None:
    framing = make_framing(FileInput(path=["x"]), max_event_bytes=2000)
    early = docker("2026-01-01 00:00:00 quiet\n", "stderr")
    late = docker("2026-01-01 00:00:30 busy\n", second=30)
    assert framing.cut(early + late, ended=False).texts == ["2026-01-01 00:00:00 quiet"]
    many = docker("2026-01-01 00:00:00 busy\n") * 800
    frames = framing.cut(early + many, ended=False)
    assert frames.texts[0] == "2026-01-01 00:00:00 quiet"
    assert len(frames.texts) == 800


def test_streams_that_never_pause_at_once_are_ended_at_a_bound() -> None:
    framing = make_framing(FileInput(path=["x"]), max_event_bytes=40_000)
    begin, more = "2026-01-01 00:00:00 {}\n", "  more\n"
    data = b"".join(
        docker(begin if number % 7 == odd * 3 else more, ("stdout", "stderr")[odd])
        for number in range(2000)
        for odd in (0, 1)
    )
    frames = framing.cut(data, ended=False)
    assert frames.consumed > 0
    assert sum(frames.lines) + frames.empty_lines == data.count(b"\n", 0, frames.consumed)
    assert len(set(frames.starts)) == len(frames.starts)


INNER = st.sampled_from([
    "a\n", " b\n", "2026-01-01 x\n", "\n", '{"j":1}\n', "part ", "Traceback (most recent call last):\n",
    "E: x\n", "\tat a.B(c)\n", "x" * 50 + "\n", "\u20ac\n",
])  # fmt: skip
LINE = st.one_of(
    st.builds(docker, INNER, st.sampled_from(["stdout", "stderr"]), st.sampled_from([0, 3, 30])),
    st.builds(
        lambda text, stream, tag: cri(text.rstrip("\n"), stream, tag),
        INNER, st.sampled_from(["stdout", "stderr"]), st.sampled_from("FFP"),
    ),
    st.sampled_from([b"bare\n", b"  bare\n", b"\n", b'{"log":\n', b"\xff\r\n", b"2026-01-01 bare\n"]),
)  # fmt: skip


def in_pieces(
    framing: Framing, data: bytes, sizes: list[int]
) -> tuple[list[tuple[str, tuple[int, int], Fields | None]], int]:
    """Events in the order of their first bytes, and lines, of data that comes bit by bit."""
    events: list[tuple[str, tuple[int, int], Fields | None]] = []
    place = end = lines = 0
    ended = False
    while not ended:
        end = min(len(data), end + (sizes.pop() if sizes else len(data)))
        ended = end == len(data) and not sizes
        frames = framing.cut(data[place:end], ended=ended)
        for number, text in enumerate(frames.texts):
            span = (place + frames.starts[number], place + frames.ends[number])
            assert span[1] <= place + frames.consumed
            events.append((text, span, frames.fields.get(number)))
        lines += sum(frames.lines) + frames.empty_lines
        place += frames.consumed
    assert place == len(data)
    return events, lines


@given(
    parts=st.lists(LINE, max_size=25),
    tail=st.sampled_from([b"", b'{"log":"torn', b"bare"]),
    sizes=st.lists(st.integers(0, 300), max_size=25),
    limit=st.sampled_from([100, 250, 5000]),
)
def test_pieces_of_wrapped_lines_give_the_events_of_the_whole(
    parts: list[bytes], tail: bytes, sizes: list[int], limit: int
) -> None:
    data = b"".join(parts) + tail
    section = FileInput(path=["x"], format="auto")
    whole, lines = in_pieces(make_framing(section, max_event_bytes=limit), data, [])
    assert lines == len(data.split(b"\n")) - (data.endswith(b"\n") or not data)
    framing = make_framing(section, max_event_bytes=limit)
    assert in_pieces(framing, data, sizes) == (whole, lines)
    starts = [span[0] for _, span, _ in whole]
    assert starts == sorted(set(starts))
    again = framing.cut_again(data, [span for _, span, _ in whole])
    assert again.texts == [text for text, _, _ in whole]
    assert [again.fields.get(number) for number in range(len(whole))] == [f for *_, f in whole]


@given(st.lists(st.one_of(LINE, st.binary(max_size=30)), max_size=20), st.sampled_from([30, 5000]))
def test_any_bytes_around_wrapped_lines_are_accounted_for(parts: list[bytes], limit: int) -> None:
    data = b"".join(parts)
    framing = make_framing(FileInput(path=["x"]), max_event_bytes=limit)
    events, lines = in_pieces(framing, data, [97] * (len(data) // 97))
    assert lines == len(data.split(b"\n")) - (data.endswith(b"\n") or not data)
    again = framing.cut_again(data, [span for _, span, _ in events])
    assert again.texts == [text for text, _, _ in events]


def test_a_restart_in_the_midst_of_open_events_sends_the_same_ones() -> None:
    """The checkpoint is the first byte of the oldest open event, of whichever stream."""
    data = b"".join((
        docker("2026-11-21 06:24:28 ERROR a - failed\n"),
        docker("2026-11-21 06:24:28 WARN b - slow\n", "stderr"),
        docker("java.lang.IllegalStateException: no\n"),
        docker("  more of b\n", "stderr"),
        docker("\tat com.acme.Pay.run(Pay.java:17)\n"),
        docker("2026-11-21 06:24:29 INFO a - fine\n"),
        docker("2026-11-21 06:24:29 INFO b - fine\n", "stderr"),
    ))  # fmt: skip
    whole = assembler("auto").assemble(data, offset=0, read_ns=READ_NS, ended=True)
    values = [message.value for message in whole.messages]
    assert len(values) == 4
    for end in range(0, len(data), 50):
        first = assembler("auto").assemble(data[:end], offset=0, read_ns=READ_NS, ended=False)
        place = 0 if first.segment is None else first.segment.end
        rest = assembler("auto").assemble(data[place:], offset=place, read_ns=READ_NS, ended=True)
        assert [m.value for m in (*first.messages, *rest.messages)] == values


def test_the_page_tells_of_every_wrapper() -> None:
    page = (Path(__file__).parents[3] / "docs" / "multiline.md").read_text(encoding="utf-8")
    table = page.partition("## Wrapped lines")[2].partition("\n- ")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == list(WRAPPERS)
