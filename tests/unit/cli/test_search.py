"""`logboom search`: in the reader's order, and without holding more than it says."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from logboom.cli import search
from logboom.cli.app import make_app
from logboom.cli.remote import pages as every
from logboom.errors import UsageError
from tests.serving import Served, serve

COUNT = 2_300


async def run(*words: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, make_app(), ["search", *words])


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    async with serve(tmp_path) as one:
        await one.write(*range(COUNT))
        await one.store.refresh()
        yield one


async def test_the_newest_is_last_over_several_pages(served: Served) -> None:
    for sort, wanted in (("desc", range(100, COUNT)), ("asc", range(COUNT - 100))):
        done = await run("--sort", sort, "--limit", "2200", "--json", "--url", served.url)
        assert (done.exit_code, done.stderr) == (0, "")
        found = [json.loads(line)["attributes"]["seq"] for line in done.stdout.splitlines()]
        assert found == list(wanted)


async def test_the_oldest_are_printed_page_by_page(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed: list[int] = []

    def pages(*arguments: Any) -> Iterator[Any]:
        for page in every(*arguments):
            printed.append(sys.stdout.tell())
            yield page

    monkeypatch.setattr(search, "pages", pages)
    done = await run("--sort", "asc", "--limit", "20000", "--url", served.url)
    assert done.exit_code == 0
    assert done.stderr == f"{COUNT} of {COUNT} events\n"
    assert printed == sorted(set(printed))
    assert len(printed) == 3


async def test_more_of_the_newest_than_are_held_is_a_mistake(served: Served) -> None:
    done = await run("--limit", str(search.MOST_HELD + 1), "--url", served.url)
    assert isinstance(done.exception, UsageError)
    assert (done.exception.where, done.stdout) == ("--limit", "")
    assert "logboom export" in str(done.exception.mend)
    done = await run("--limit", str(search.MOST_HELD), "--url", served.url)
    assert done.stderr == f"{COUNT} of {COUNT} events\n"
    assert len(done.stdout.splitlines()) == COUNT


def test_the_bound_is_told() -> None:
    page = (Path(__file__).parents[3] / "docs" / "cli.md").read_text("utf-8")
    assert f"so they are {search.MOST_HELD:,} at most" in page
