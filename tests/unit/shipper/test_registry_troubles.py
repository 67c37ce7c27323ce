"""Checkpoints survive what the world does to the registry; only proven damage sets it aside."""

from __future__ import annotations

import errno
import resource
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import repeat
from pathlib import Path

import pytest

from logboom.errors import (
    ConfigError,
    DiskFull,
    RegistryError,
    RegistryFull,
    RegistryRefused,
    RegistryUnavailable,
)
from shipper.registry import file
from shipper.registry.registry import Registry, SourceRecord
from tests.unit.small_disk import mounted

KNOWN = SourceRecord(
    id="a", path="/var/log/a.log", family="/var/log/a.log", device=1, inode=2, epoch=0,
    offset=4711, prefix=b"p", guard=b"g", changed_ns=1,
)  # fmt: skip


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file, "_BUSY_S", 0.0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return remembering(tmp_path / "shipper" / "registry.db")


def remembering(path: Path) -> Path:
    """A registry that knows one checkpoint."""
    with closing(Registry(path)) as registry:
        registry.put([KNOWN], started=True)
    return path


def assert_nothing_is_lost(path: Path) -> None:
    assert list(path.parent.glob("*.damaged-*")) == []
    with closing(Registry(path)) as registry:
        assert registry.set_aside is None
        assert registry.sources() == [KNOWN]


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Another process has the file for itself."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode=EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        yield


@contextmanager
def writes_that_fail() -> Iterator[None]:
    """Whatever is written fails as on a broken disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextmanager
def filled(folder: Path) -> Iterator[None]:
    """A disk without any room."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space left"):
        file.writelines(repeat(b"\0" * 4096))
    yield
    filler.unlink()


def test_a_registry_that_others_hold_is_not_set_aside(path: Path) -> None:
    with held(path), pytest.raises(RegistryUnavailable, match="held by another process") as told:
        Registry(path)
    assert told.value.retryable
    assert_nothing_is_lost(path)


def test_a_disk_that_fails_is_not_the_registrys_damage(path: Path) -> None:
    with writes_that_fail(), pytest.raises(RegistryUnavailable, match="its disk fails") as told:
        Registry(path)
    assert told.value.retryable
    assert_nothing_is_lost(path)


def test_a_full_disk_is_told_and_checkpoints_stay(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", 1) as disk:
        path = remembering(disk / "registry.db")
        with filled(disk), pytest.raises(RegistryFull, match="no room") as told:
            Registry(path)
        assert isinstance(told.value, DiskFull)
        assert told.value.where == str(path)
        assert "free some space" in str(told.value)
        assert_nothing_is_lost(path)


def test_a_disk_that_was_full_before_the_first_start_is_told(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", 1) as disk:
        path = disk / "registry.db"
        with filled(disk), pytest.raises(RegistryFull, match=r"no room|No space left") as told:
            Registry(path)
        assert told.value.where is not None
        assert told.value.where.startswith(str(disk))
        assert "free some space" in str(told.value)
        remembering(path)
        assert_nothing_is_lost(path)


def test_a_disk_that_is_only_to_be_read_is_refused(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", 1) as disk:
        path = remembering(disk / "registry.db")
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        with pytest.raises(RegistryRefused, match="check its rights") as told:
            Registry(path)
        assert not told.value.retryable
        subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
        assert_nothing_is_lost(path)


def test_a_folder_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "shipper").write_text("a file")
    with pytest.raises(RegistryRefused):
        Registry(tmp_path / "shipper" / "registry.db")
    (tmp_path / "registry.db").mkdir()
    with pytest.raises(RegistryRefused, match="cannot be opened for writing"):
        Registry(tmp_path / "registry.db")


def test_a_newer_format_is_refused(path: Path) -> None:
    version = run(path, "PRAGMA user_version")
    run(path, "PRAGMA user_version=99")
    with pytest.raises(ConfigError, match="newer logboom"):
        Registry(path)
    run(path, f"PRAGMA user_version={version}")
    assert_nothing_is_lost(path)


def test_the_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    run(path, "CREATE TABLE meta (theirs TEXT)")
    with pytest.raises(RegistryRefused, match="another program"):
        Registry(path)
    assert run(path, "SELECT count(*) FROM meta") == 0
    assert list(tmp_path.glob("*.damaged-*")) == []


def test_a_bug_of_ours_is_not_the_registrys_damage(path: Path) -> None:
    version = run(path, "PRAGMA user_version")
    run(path, "PRAGMA user_version=1")
    with pytest.raises(sqlite3.OperationalError, match="duplicate column"):
        Registry(path)
    run(path, f"PRAGMA user_version={version}")
    assert_nothing_is_lost(path)


def test_what_is_no_database_is_set_aside_as_it_is(path: Path) -> None:
    spoilt = b"\xa5" * path.stat().st_size
    path.write_bytes(spoilt)
    with closing(Registry(path)) as registry:
        assert registry.set_aside == path.with_name("registry.db.damaged-1")
        assert registry.set_aside.read_bytes() == spoilt
        assert registry.sources() == []
        assert registry.first_start


def test_what_fails_the_check_is_set_aside_and_never_over_another(path: Path) -> None:
    path.with_name("registry.db.damaged-1").write_bytes(b"an earlier one")
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xa5" * (len(content) - 4096))
    with closing(Registry(path)) as registry:
        assert registry.set_aside == path.with_name("registry.db.damaged-2")
    assert path.with_name("registry.db.damaged-1").read_bytes() == b"an earlier one"


def test_a_damaged_one_that_cannot_be_set_aside_is_told(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Path) -> Path:
        raise PermissionError(errno.EACCES, "Permission denied")

    path.write_bytes(b"\xa5" * path.stat().st_size)
    monkeypatch.setattr(file, "move_aside", refuse)
    with pytest.raises(RegistryRefused, match="Permission denied"):
        Registry(path)


def test_at_work_others_are_not_waited_for_where_everything_else_would_wait(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file, "_BUSY_S", 5.0)
    database, _ = file.open_registry(path)
    with closing(database):
        assert database.execute("PRAGMA busy_timeout").fetchone()[0] <= 200


def test_troubles_at_work_are_told_and_nothing_is_changed(path: Path) -> None:
    with closing(Registry(path)) as registry:
        with held_turn(path), pytest.raises(RegistryUnavailable, match="held by another"):
            registry.set_paths({"a": "/elsewhere"}, changed_ns=2)
        with writes_that_fail(), pytest.raises(RegistryUnavailable, match="its disk fails"):
            registry.set_paths({"a": "/elsewhere"}, changed_ns=2)
        assert registry.sources() == [KNOWN]
        registry.set_paths({"a": "/elsewhere"}, changed_ns=2)
        assert registry.sources()[0].path == "/elsewhere"


def test_damage_at_work_is_told_and_looked_into_at_the_next_start(path: Path) -> None:
    content = path.read_bytes()
    with closing(Registry(path)) as registry:
        # What is in memory counts no more.
        run(path, "UPDATE meta SET value=value+1 WHERE key='sequence'")
        path.write_bytes(content[:4096] + b"\xa5" * (len(content) - 4096))
        with pytest.raises(RegistryError, match="damaged") as told:
            registry.sources()
        assert not told.value.retryable
    with closing(Registry(path)) as registry:
        assert registry.set_aside is not None


@contextmanager
def held_turn(path: Path) -> Iterator[None]:
    """Another process writes and does not end."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


def run(path: Path, statement: str) -> int:
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        row = database.execute(statement).fetchone()
    return 0 if row is None else int(row[0])
