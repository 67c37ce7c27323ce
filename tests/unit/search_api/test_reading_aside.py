"""Words that take long to read hold up nobody who shares the event loop."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from subprocess import run
from typing import Any

import pytest

from logboom.errors import QueryError
from logboom.query import translation
from logboom.query.aside import read_aside
from search_api.searching.asking import understand
from tests.api_world import World, served

NOW_NS = 1_795_000_000_000_000_000
FOREIGN = "вчера в 15:00"
RULE = {"alert": "many", "when": "count > 1"}


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with served(tmp_path) as world:
        yield world


@pytest.fixture
def readers(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The names of the threads that look for words of other languages."""
    names: set[str] = set()
    look = translation.speaking

    def looked(text: str, languages: tuple[str, ...]) -> tuple[str, ...]:
        names.add(threading.current_thread().name)
        return look(text, languages)

    monkeypatch.setattr(translation, "speaking", looked)
    translation.in_english.cache_clear()
    return names


async def test_each_route_that_takes_times_reads_them_in_a_thread(
    world: World, readers: set[str]
) -> None:
    for path, operations in world.app.openapi()["paths"].items():
        takes = {one["name"] for one in operations.get("get", {}).get("parameters", ())}
        for name in takes & {"from", "to"}:
            readers.clear()
            parameters = {name: FOREIGN, "q": "*", "field": "level", "interval": "1h"}
            parameters = {key: value for key, value in parameters.items() if key in takes}
            answer = await world.api.get(path.replace("{fingerprint}", "a"), params=parameters)
            assert answer.status_code in {200, 404}, (path, answer.text)
            assert readers == {"words_0"}, path


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/v1/search", {"q": f'time:>="{FOREIGN}"'}),
        ("/api/v1/searches", {"name": "mine", "q": "", "from": FOREIGN}),
        ("/api/v1/silences", {"matchers": ['alertname="a"'], "starts_at": "сейчас",
                              "ends_at": "через 2 часа", "author": "a", "comment": ""}),
        ("/api/v1/rules/backtest", {"rule": RULE, "from": FOREIGN}),
        ("/es/_search", {"query": {"range": {"@timestamp": {"gte": FOREIGN}}}}),
        ("/es/_count", {"query": {"query_string": {"query": f'time:>="{FOREIGN}"'}}}),
    ],
)  # fmt: skip
async def test_so_does_each_body_with_times(
    world: World, readers: set[str], path: str, body: dict[str, Any]
) -> None:
    answer = await world.api.post(path, json=body)
    assert answer.status_code in {200, 201}, answer.text
    assert readers == {"words_0"}


async def test_others_are_answered_while_words_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, go_on = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def look(_text: str, _languages: tuple[str, ...]) -> tuple[str, ...]:
        loop.call_soon_threadsafe(reading.set)
        go_on.wait()
        return ()

    monkeypatch.setattr(translation, "speaking", look)
    slow = asyncio.create_task(understand(NOW_NS, "", FOREIGN, None, "UTC"))
    await reading.wait()
    assert (await understand(NOW_NS, "level:error", "yesterday", "now", "UTC")).times.start_us
    assert not slow.done()
    go_on.set()
    with pytest.raises(QueryError, match="is not a time"):
        await slow


async def test_what_is_read_soon_is_read_at_once() -> None:
    assert await read_aside(lambda: threading.current_thread().name) == "MainThread"


def test_nothing_is_loaded_on_the_loop() -> None:
    code = (
        "import asyncio, sys, threading\n"
        "import search_api.run\n"
        "from search_api.searching.asking import understand\n"
        "loaded = []\n"
        "def hear(event, given):\n"
        "    if event == 'import':\n"
        "        loaded.append((threading.current_thread().name, given[0]))\n"
        "async def ask():\n"
        "    sys.addaudithook(hear)\n"
        "    for begin in ('now-1h', '2024-01-31', 'yesterday 3pm', '어제 오후 3시'):\n"
        "        await understand(0, f'time:>=\"{begin}\"', begin, begin, 'Asia/Seoul')\n"
        "    assert not loaded, loaded\n"
        "    await understand(0, '', 'вчера в 15:00', None, 'Asia/Seoul')\n"
        "asyncio.run(ask())\n"
        "assert 'dateparser' in {name for _, name in loaded}\n"
        "assert {thread for thread, name in loaded if 'dateparser' in name} == {'words_0'}\n"
        "assert 'MainThread' not in {thread for thread, _ in loaded}, loaded\n"
    )
    done = run([sys.executable, "-c", code], check=False, timeout=60, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
