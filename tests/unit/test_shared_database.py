"""Several connections of several processes to one file, as SQLite wants it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from logboom.errors import BrokerRefused, BrokerUnavailable
from logboom.shared_database import SharedDatabase, Terms

TERMS = Terms(
    owner="tests", content="rows", refused=BrokerRefused, unavailable=BrokerUnavailable,
    outdated="begin anew",
)  # fmt: skip
_COMES_AND_GOES = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
assert database.execute("SELECT count(*) FROM t").fetchone() == (1,)
database.close()
"""
_READS = """
import sqlite3, sys
print(sqlite3.connect(sys.argv[1]).execute("SELECT group_concat(n) FROM t").fetchone()[0])
"""


def opened(path: Path) -> SharedDatabase:
    return SharedDatabase(
        path, synchronous="FULL", schema="CREATE TABLE t (n INTEGER)", version=1, terms=TERMS
    )


def run(program: str, path: Path) -> str:
    command = [sys.executable, "-c", program, str(path)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_another_process_that_ends_does_not_take_itself_for_the_last_one(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    one, other = opened(path), opened(path)
    with one.transaction() as rows:
        rows.execute("INSERT INTO t VALUES (1)")
    assert other.connection.execute("SELECT n FROM t").fetchall() == [(1,)]
    journal = (tmp_path / "a.db-wal").stat().st_ino
    run(_COMES_AND_GOES, path)
    assert (tmp_path / "a.db-wal").stat().st_ino == journal
    with one.transaction() as rows:
        rows.execute("INSERT INTO t VALUES (2)")
    assert run(_READS, path) == "1,2"
    one.close()
    other.close()


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    database = opened(tmp_path / "a.db")
    database.connection.execute("INSERT INTO t VALUES (1)")
    modes = {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()}
    assert modes == {0o600}
    assert not list(tmp_path.glob("*.new"))
    database.close()
