"""`logboom days` tells what there is, what it would do, and what it cannot see."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from logboom.archive import places
from logboom.archive.forgiven import forgiven_days
from logboom.archive.work import DayWork
from logboom.cli.app import make_app
from logboom.cli.day_table import check_data
from logboom.cli.days import parse_days
from logboom.cli.layout import span_text
from logboom.clock import SystemClock
from logboom.config import Config
from logboom.errors import UsageError
from logboom.state import open_state
from logboom.store import Document, open_store
from tests.unit.store_local.samples import DAY, document, documents

TOMORROW = DAY + timedelta(days=1)


def logboom(*words: str) -> Any:
    return CliRunner().invoke(make_app(), [*words])


async def _fill(data: Path, some: Sequence[Document]) -> None:
    store = await open_store(Config.model_validate({"data": data}), clock=SystemClock())
    writer = await store.writer()
    await writer.write(some)
    await writer.close()
    await store.close()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with two days of fifteen events."""
    folder = tmp_path / "data"
    asyncio.run(_fill(folder, documents(30, days=2)))
    return folder


@pytest.mark.parametrize(("count", "text"), [(1, "   1 day   store "), (2, "   2 days  store ")])
def test_the_sum_of_days_is_told_in_words_that_fit(tmp_path: Path, count: int, text: str) -> None:
    asyncio.run(_fill(tmp_path, documents(30, days=count)))
    result = logboom("days", "list", "--data", str(tmp_path))
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[-1].startswith(text)


@pytest.mark.parametrize("text", ["2026-03-14..2026-03-15", "2026.03.14..2026.03.15"])
def test_a_dry_run_says_what_there_is_and_what_would_become_of_it(data: Path, text: str) -> None:
    result = logboom("days", "drop", text, "--dry-run", "--data", str(data))
    assert result.exit_code == 0, result.output
    first, second, summary = result.stdout.splitlines()
    assert first.startswith("2026-03-14  would drop 15 events, ")
    assert first.endswith(": logboom-logs-2026.03.14")
    assert second.startswith("2026-03-15  would drop 15 events, ")
    assert summary == (
        "2 days, 2026-03-14 to 2026-03-15, will be deleted and can be restored for 30 days:"
        " 30 events. Nothing was done."
    )
    listed = logboom("days", "list", "--json", "--data", str(data))
    assert [json.loads(line)["events"] for line in listed.stdout.splitlines()] == [15, 15]


def test_a_dry_run_of_a_range_names_the_days_that_are_there(data: Path) -> None:
    words = ["2026-03-01..2026-03-14", "--grace", "0s", "--dry-run", "--json"]
    result = logboom("days", "drop", *words, "--data", str(data))
    (told,) = (json.loads(line) for line in result.stdout.splitlines())
    assert (told["day"], told["would"], told["events"]) == ("2026-03-14", "drop", 15)


async def _forgiven(data: Path) -> list[str]:
    state = open_state(Config.model_validate({"data": data}), SystemClock())
    try:
        return [str(day) for day in await forgiven_days(state)]
    finally:
        await state.close()


def test_days_that_are_gone_are_said_to_be_meant_so(data: Path) -> None:
    words = ["days", "drop", "2026-03-11..2026-03-12", "--gone", "--data", str(data)]
    result = logboom(*words, "--dry-run")
    assert "2026-03-11  would be left out of the ledger" in result.stdout
    assert asyncio.run(_forgiven(data)) == []
    result = logboom(*words)
    assert (result.exit_code, result.stdout.splitlines()[1]) == (
        0,
        "2026-03-12  is left out of the ledger",
    )
    assert asyncio.run(_forgiven(data)) == ["2026-03-11", "2026-03-12"]


def test_a_day_that_the_store_has_is_not_gone(data: Path) -> None:
    result = logboom("days", "drop", "2026-03-11..2026-03-14", "--gone", "--data", str(data))
    assert isinstance(result.exception, UsageError)
    assert "2026-03-14 is in the store" in str(result.exception)
    assert asyncio.run(_forgiven(data)) == []


def test_a_dry_run_says_that_a_day_that_is_not_over_would_be_refused(tmp_path: Path) -> None:
    tomorrow = datetime.fromtimestamp(SystemClock().now_ns() / 1e9 + 86400, UTC).date()
    asyncio.run(_fill(tmp_path, [document(number, day=tomorrow) for number in range(3)]))
    result = logboom("days", "drop", str(tomorrow), "--dry-run", "--data", str(tmp_path))
    assert "is not over: would be refused, 3 events" in result.stdout, result.output


def test_an_archive_elsewhere_is_listed_and_restored_without_naming_it(
    data: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    made = logboom("days", "archive", str(DAY), "--to", str(elsewhere), "--data", str(data))
    assert made.exit_code == 0, made.output
    assert (
        f"15 events are archived in {elsewhere}/logboom-logs-2026.03.14.ndjson.zst" in made.stdout
    )
    listed = logboom("days", "list", "--data", str(data)).stdout
    assert str(elsewhere) in listed
    plan = logboom("days", "restore", str(DAY), "--dry-run", "--data", str(data))
    assert plan.stdout.startswith("2026-03-14  would restore 15 events, "), plan.output
    back = logboom("days", "restore", str(DAY), "--data", str(data))
    assert back.stdout == "2026-03-14  15 events are restored, 0 were there\n", back.output


def test_a_folder_of_archives_that_is_away_is_told(data: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    logboom("days", "archive", str(DAY), "--to", str(elsewhere), "--data", str(data))
    elsewhere.rename(tmp_path / "away")
    listed = logboom("days", "list", "--data", str(data))
    assert listed.exit_code == 1
    assert f"{elsewhere}: archives were moved there, and it is not there now" in listed.stderr
    assert "2026-03-15" in listed.stdout
    restored = logboom("days", "restore", str(DAY), "--data", str(data))
    assert isinstance(restored.exception, UsageError)
    assert str(elsewhere) in str(restored.exception)


def test_a_manifest_that_cannot_be_read_hides_no_other(data: Path, tmp_path: Path) -> None:
    archives = tmp_path / "archives"
    range_ = f"{DAY}..{TOMORROW}"
    logboom("days", "archive", range_, "--to", str(archives), "--data", str(data))
    (archives / "logboom-logs-2026.03.14.json").write_text("{")
    listed = logboom("days", "list", "--data", str(data))
    assert listed.exit_code == 1
    assert "is no manifest of an archive" in listed.stderr
    assert "2026-03-15  archive" in listed.stdout


def test_a_data_folder_that_is_none_is_no_empty_one(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for folder, what in (
        ("typo", "there is no such folder"),
        ("", "it has no store"),
        ("file", "is no folder"),
    ):
        result = logboom("days", "list", "--data", str(tmp_path / folder))
        assert isinstance(result.exception, UsageError)
        assert what in str(result.exception)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.skipif(os.getuid() == 0, reason="root may read everything")
def test_a_data_folder_that_may_not_be_read_is_told(data: Path) -> None:
    data.chmod(0)
    with pytest.raises(UsageError, match="Permission denied"):
        check_data(data)
    data.chmod(0o700)


def test_a_folder_of_archives_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    found = places.find(loop)
    assert found.archives == ()
    assert f"{loop}: cannot be read: " in found.troubles[0]


def test_days_that_are_none_are_told(data: Path) -> None:
    for text in ("tomorrow", "2026-13-01", "2026-03-15..2026-03-14"):
        with pytest.raises(UsageError, match=text.split("..", maxsplit=1)[0]):
            parse_days([text])
    result = logboom("days", "drop", "2020-01-01", "--data", str(data))
    assert isinstance(result.exception, UsageError)
    assert "there are no such days" in str(result.exception)


async def test_a_place_is_remembered_once(tmp_path: Path) -> None:
    config = Config.model_validate({"data": tmp_path})
    clock = SystemClock()
    store, state = await open_store(config, clock=clock), open_state(config, clock)
    work = DayWork(store, store.writer, state, config.retention, tmp_path, clock)  # type: ignore[arg-type]
    for folder in (tmp_path / "b", tmp_path / "a", tmp_path / "b"):
        await places.remember(state, folder)
    assert await places.remembered(state) == [tmp_path / "a", tmp_path / "b"]
    assert (await work.find_archives()).archives == ()
    await state.close()
    await store.close()


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(days=30), "30 days"), (timedelta(days=1), "1 day"),
        (timedelta(hours=36), "36 hours"), (timedelta(minutes=90), "90 minutes"),
        (timedelta(seconds=1.5), "1.5 seconds"),
    ],
)  # fmt: skip
def test_a_length_of_time_is_told_in_its_largest_whole_unit(span: timedelta, text: str) -> None:
    assert span_text(span) == text
