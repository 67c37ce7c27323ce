"""`logboom backup` and `logboom restore`, from the first copy to a drill and back."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from logboom.archive.digest import Digest
from logboom.cli.app import make_app
from logboom.clock import SystemClock
from logboom.config import Config
from logboom.errors import ArchiveDamaged, UsageError
from logboom.store import open_store
from logboom.store.local.serial import encode
from tests.unit.store_local.samples import documents


def logboom(*words: str | Path) -> Any:
    return CliRunner().invoke(make_app(), [str(word) for word in words])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with two days of fifteen events."""

    async def fill(folder: Path) -> None:
        store = await open_store(Config.model_validate({"data": folder}), clock=SystemClock())
        writer = await store.writer()
        await writer.write(documents(30, days=2))
        await writer.close()
        await store.close()

    asyncio.run(fill(tmp_path / "data"))
    return tmp_path / "data"


def hashes(data: Path) -> dict[str, str]:
    """What identifies the events of each day."""

    async def read() -> dict[str, str]:
        store = await open_store(Config.model_validate({"data": data}), clock=SystemClock())
        found = {}
        for day in await store.days():
            digest = Digest()
            async for some in store.read_day(day.day):
                digest.add([encode(one) for one in some])
            found[day.name] = digest.text()
        await store.close()
        return found

    return asyncio.run(read())


def test_a_backup_is_made_listed_and_restored_with_every_event(data: Path, tmp_path: Path) -> None:
    folder, target = tmp_path / "backups", tmp_path / "target"
    made = logboom("backup", "--to", folder, "--data", data)
    assert made.exit_code == 0, made.output
    assert " 2 days " in made.stdout
    assert " 30 events " in made.stdout
    (told,) = map(
        json.loads, logboom("backup", "list", "--to", folder, "--json").stdout.splitlines()
    )
    assert (told["days"], told["events"], told["spoilt_pieces"]) == (2, 30, 0)
    restored = logboom("restore", "--from", folder, "--data", target)
    assert restored.exit_code == 0, restored.output
    assert "30 events" in restored.stdout
    assert hashes(target) == hashes(data)
    again = logboom("restore", "--from", folder, "--data", target)
    assert isinstance(again.exception, UsageError)
    assert "is not empty" in str(again.exception)


def test_a_drill_tells_what_is_lost_and_how_long_it_takes(data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    logboom("backup", "--to", folder, "--data", data)
    verified = logboom("backup", "verify", "--to", folder, "--data", data)
    assert verified.exit_code == 0, verified.output
    assert "30 events of 2 days are there again" in verified.stdout
    drilled = logboom("backup", "drill", "--to", folder, "--data", data, "--json", "--rpo", "1h")
    assert drilled.exit_code == 0, drilled.output
    told = json.loads(drilled.stdout)
    assert told["troubles"] == []
    assert told["rpo_s"] >= 0
    assert told["rto_s"] >= 0
    failed = logboom("backup", "drill", "--to", folder, "--data", data, "--rpo", "0s")
    assert failed.exit_code == 1
    assert "of events would be lost, more than 0 s" in failed.stdout


def test_a_spoilt_piece_is_told_and_the_next_backup_mends_it(data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    logboom("backup", "--to", folder, "--data", data)
    largest = max((folder / "pieces").glob("*/*"), key=lambda path: path.stat().st_size)
    largest.write_bytes(b"nonsense")
    verified = logboom("backup", "verify", "--to", folder, "--data", data)
    assert isinstance(verified.exception, ArchiveDamaged)
    assert "make a backup" in str(verified.exception)
    assert logboom("backup", "--to", folder, "--data", data).exit_code == 0
    assert logboom("backup", "verify", "--to", folder, "--data", data).exit_code == 0


def test_there_is_nothing_to_restore_from_an_empty_folder(tmp_path: Path) -> None:
    result = logboom("restore", "--from", tmp_path, "--data", tmp_path / "target")
    assert isinstance(result.exception, UsageError)
    assert "there is no backup" in str(result.exception)
    assert logboom("backup", "list", "--to", tmp_path).stdout == "there are no backups\n"
