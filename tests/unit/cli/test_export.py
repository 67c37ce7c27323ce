"""`logboom export`: everything, once, whatever breaks off meanwhile."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner, Result

from logboom.cli.app import make_app
from logboom.cli.export_parts import Form, Part, Progress, Rows
from logboom.clock import SystemClock
from logboom.errors import ServiceUnreachable, StoreDamaged, UsageError
from tests.serving import Served, serve

COUNT = 1_500


@asynccontextmanager
async def cut_off(served: Served, sizes: list[int]) -> AsyncIterator[str]:
    """A way to an API on which the first connections end after so many bytes of an answer each."""
    host, port = served.address.rsplit(":", 1)

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        left = sizes.pop(0) if sizes else None
        there, back = await asyncio.open_connection(host, int(port))
        try:
            back.write(await reader.readuntil(b"\r\n\r\n"))
            while piece := await there.read(4096 if left is None else min(4096, left)):
                writer.write(piece)
                await writer.drain()
                left = None if left is None else left - len(piece)
                if left == 0:
                    break
        except ConnectionError:
            pass  # the client has gone
        finally:
            back.close()
            writer.close()

    server = await asyncio.start_server(carry, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def run(*words: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, make_app(), ["export", *words])


@pytest.fixture
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    async with serve(tmp_path_factory.mktemp("store")) as one:
        await one.write(*range(COUNT))
        await one.store.refresh()
        yield one


@pytest.mark.parametrize("sort", ["asc", "desc"])
async def test_what_may_not_be_meant_so_is_told_once(
    served: Served, tmp_path: Path, sort: str
) -> None:
    file = tmp_path / "all.ndjson"
    asked = "levle:error OR sevrice:shop OR line"
    async with cut_off(served, [100_000]) as url:
        done = await run(asked, "--sort", sort, "-o", str(file), "--url", url)
    assert (done.exit_code, done.stdout) == (0, ""), done.output
    told = done.stderr.splitlines()
    assert len(told) == len(set(told)) == 2
    assert "levle" in told[0]
    assert len(file.read_text().splitlines()) == COUNT
    async with httpx.AsyncClient(base_url=served.url, timeout=60) as client:
        query = {"q": asked}
        answers = [(await client.get(f"/api/v1/{n}", params=query)) for n in ("search", "count")]
        notes = json.loads(
            (await client.get("/api/v1/export", params=query)).headers["Logboom-Notes"]
        )
        many = {"q": " ".join(f"한글{n}.c:{n}" for n in range(90))}
        bounded = (await client.get("/api/v1/export", params=many)).headers["Logboom-Notes"]
    assert [answer.json()["warnings"] for answer in answers] == [notes, notes]
    assert [f"logboom: {note}" for note in notes] == told
    assert len(bounded) <= 4_000
    *told_of, more = json.loads(bounded)
    assert more.startswith(f"{90 - len(told_of)} more of these have no room here")
    assert 1 < len(told_of) < 90


@pytest.fixture(params=["near", "far"])
def distance(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """By how much less of an export travels: from afar it comes compressed."""
    is_far = request.param == "far"
    if is_far:
        monkeypatch.setattr("logboom.cli.remote.is_loopback", lambda _address: False)
    return 20 if is_far else 1


@pytest.mark.parametrize("sort", ["asc", "desc"])
async def test_an_export_that_breaks_off_goes_on(
    served: Served, tmp_path: Path, sort: str, distance: int
) -> None:
    file, sizes = tmp_path / "all.ndjson", [100_000 // distance, 1_000, 200_000 // distance]
    async with cut_off(served, sizes) as url:
        done = await run("--since", "1h", "--sort", sort, "-o", str(file), "--url", url)
    assert not sizes, "each of them was used"
    assert (done.exit_code, done.stdout) == (0, ""), done.output
    numbers = [json.loads(line)["attributes"]["seq"] for line in file.read_text().splitlines()]
    assert sorted(numbers) == list(range(COUNT))
    assert sorted(os.listdir(tmp_path)) == ["all.ndjson"]  # noqa: PTH208 - nothing blocks here


async def test_the_same_command_goes_on_with_what_is_there(served: Served, tmp_path: Path) -> None:
    file, part = tmp_path / "all.csv", tmp_path / "all.csv.part"
    words = (
        "--format",
        "csv",
        "--fields",
        "seq,message",
        "--since",
        "1h",
        "-o",
        str(file),
        "--url",
    )
    async with cut_off(served, [100_000]) as url:
        before = await run(*words, url, "--until", "now+1m", "level:info")
        assert before.exit_code == 0, before.output
    whole = file.read_bytes()
    file.unlink()
    asked = {
        "q": "level:info", "from": "1h", "to": "now+1m", "format": "csv",
        "fields": "seq,message", "sort": "asc", "tz": "UTC",
    }  # fmt: skip
    interrupted = Part(file, asked)
    rows = Rows("csv", has_header=True)
    interrupted.sink.write(rows.take(whole[:50_001], interrupted.progress))
    interrupted.progress.times["from"] = "2026-01-01T00:00:00.000Z"
    interrupted.close()
    with part.open("ab") as file_of_part:
        file_of_part.write(b"torn by a cra")
    other = await run(*words, served.url, "level:error")
    assert (other.exit_code, "something else" in str(other.exception)) == (1, True)
    done = await run(*words, served.url, "--until", "now+1m", "level:info")
    assert done.exit_code == 0, done.output
    assert file.read_bytes() == whole
    again = await run(*words, served.url)
    assert isinstance(again.exception, UsageError)


def test_an_export_of_the_version_before_goes_on(tmp_path: Path) -> None:
    file = tmp_path / "all.ndjson"
    before = {"q": "", "from": "1h", "to": None, "format": "ndjson", "fields": None, "sort": "asc"}
    begun = Part(file, before)
    begun.sink.write(b'{"_id":"1"}\n')
    begun.progress.size, begun.progress.events, begun.progress.last = 12, 1, "1"
    begun.close()
    goes_on = Part(file, {**before, "tz": "UTC"})
    assert (goes_on.progress.last, goes_on.progress.asked["tz"]) == ("1", "UTC")
    goes_on.close()
    with pytest.raises(UsageError, match="something else"):
        Part(file, {**before, "tz": "Europe/Berlin"})


async def test_events_that_cannot_be_read_are_told(served: Served, tmp_path: Path) -> None:
    documents = max(
        tmp_path.parent.rglob("documents.zst"), key=lambda path: path.stat().st_mtime_ns
    )
    with documents.open("r+b") as file:
        file.seek(documents.stat().st_size // 2)
        file.write(bytes(64))
    out = tmp_path / "all.ndjson"
    done = await run("--since", "1h", "-o", str(out), "--url", served.url)
    assert isinstance(done.exception, StoreDamaged)
    numbers = [json.loads(line)["attributes"]["seq"] for line in out.read_text().splitlines()]
    assert 0 < len(set(numbers)) == len(numbers) < COUNT
    assert f"{COUNT - len(numbers):,} of {COUNT:,} events were not written" in str(done.exception)
    assert any("documents.zst" in trouble for trouble in await served.store.troubles())


@pytest.mark.parametrize("form", ["ndjson", "csv"])
async def test_signs_of_life_are_left_out(
    served: Served, tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("--format", form, "--since", "1h", "--until", "now+1m", "--url", served.url, "-o")
    assert (await run(*words, str(tmp_path / "quick"))).exit_code == 0
    monkeypatch.setattr("search_api.exports.routes.SIGN_EVERY_S", 0.0)
    assert (await run(*words, str(tmp_path / "slow"))).exit_code == 0
    assert (tmp_path / "slow").read_bytes() == (tmp_path / "quick").read_bytes()
    asked = f"/api/v1/export?format={form}&from=1h"
    async with httpx.AsyncClient(base_url=served.url, timeout=60) as client:
        kept_alive = (await client.get(f"{asked}&keep_alive=true")).content
        plain = (await client.get(asked)).content
    sign = b"\r\n" if form == "csv" else b"\n"
    assert plain.count(sign) == plain.count(b"\n") == COUNT + (form == "csv")
    assert kept_alive.count(sign) > plain.count(sign)
    assert b"".join(line for line in kept_alive.splitlines(keepends=True) if line != sign) == plain


async def test_standard_output_has_everything(served: Served) -> None:
    done = await run("seq:<20", "--url", served.url)
    assert [json.loads(line)["attributes"]["seq"] for line in done.stdout.splitlines()] == [
        *range(20)
    ]


@pytest.mark.parametrize("command", ["search", "export"])
async def test_times_are_those_of_the_zone(served: Served, command: str) -> None:
    here = datetime.fromtimestamp(SystemClock().now_ns() / 1e9, UTC)
    for hours in (-9, 9):  # at the clocks of a zone it is that much earlier or later
        zone = f"Etc/GMT{-hours:+d}"
        shown = here + timedelta(hours=hours)
        words = ("--since", f"{shown - timedelta(hours=1):%Y-%m-%d %H:%M}", "seq:<3")
        options = (
            "--zone",
            zone,
            "--url",
            served.url,
            *(["--json"] if command == "search" else []),
        )
        done = await asyncio.to_thread(CliRunner().invoke, make_app(), [command, *words, *options])
        assert done.exit_code == 0, done.output
        assert len(done.stdout.splitlines()) == 3, (zone, words)
    done = await run("--since", f"{here + timedelta(hours=8):%Y-%m-%d %H:%M}", "--url", served.url)
    assert (done.exit_code, done.stdout) == (0, "")


async def test_it_ends_when_nobody_reads_any_more(served: Served) -> None:
    sizes = [1 << 30] * 5
    async with cut_off(served, sizes) as url:
        process = await asyncio.create_subprocess_shell(
            f"{sys.executable} -m logboom export --url {url} | head -n 1",
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, told = await process.communicate()
    assert (out.count(b"\n"), told) == (1, b"")
    assert len(sizes) == 4  # asked once


async def test_an_api_that_is_not_there_is_told_at_once(tmp_path: Path) -> None:
    done = await run("--url", "http://127.0.0.1:9", "-o", str(tmp_path / "x"))
    assert isinstance(done.exception, ServiceUnreachable)


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_empty_lines_within_rows_are_kept(size: int) -> None:
    rows = [b"_id,message\r\n", b'1,"a\r\n\r\n\nb"\r\n', b'2,"\r\n"\r\n']
    sign = b"\r\n"
    arrived = sign.join([b"", *rows, b""])
    cutting, progress, taken = Rows("csv", has_header=True), Progress({}), b""
    for start in range(0, len(arrived), size):
        taken += cutting.take(arrived[start : start + size], progress)
    assert taken == b"".join(rows)
    assert (progress.events, progress.last, progress.size) == (2, "2", len(taken))


@pytest.mark.parametrize("size", [1, 7, 1000])
async def test_rows_are_cut_where_they_end(size: int) -> None:
    cells = [["_id", "message"], ["1", "a\nb"], ["2", 'say "hi"\n\n'], ["3", ""], ["4", '"\n"']]
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(cells)
    lines = "".join(json.dumps({"_id": cell[0], "m": cell[1]}) + "\n" for cell in cells[1:])
    forms: list[tuple[Form, bytes]] = [
        ("csv", text.getvalue().encode()),
        ("ndjson", lines.encode()),
    ]
    for form, content in forms:
        rows, progress, taken = Rows(form, has_header=True), Progress({}), b""
        for start in range(0, len(content), size):
            taken += rows.take(content[start : start + size], progress)
            assert content.startswith(taken)
        assert taken == content
        assert (progress.events, progress.last, progress.size) == (4, "4", len(content))
