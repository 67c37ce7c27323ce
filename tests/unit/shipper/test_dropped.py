"""What rules have dropped of a source is kept with it, and no longer than it."""

from __future__ import annotations

import sqlite3
from array import array
from contextlib import closing
from pathlib import Path

from shipper.batches import Batch, Segment
from shipper.registry.registry import Registry, SourceRecord


def record(name: str) -> SourceRecord:
    return SourceRecord(
        id=name, path=f"/var/log/{name}.log", family=f"/var/log/{name}.log", device=1, inode=2,
        epoch=0, offset=0, prefix=b"", guard=b"", changed_ns=1,
    )  # fmt: skip


def segment(name: str) -> Segment:
    """Of three lines, which a rule has dropped."""
    return Segment(
        name, f"{name}:0", 0, 0, 30, 1, array("q"), array("q"), (), 0, 0, {}, b"g", {},
        dropped={"noise": 3},
    )  # fmt: skip


def test_the_counts_of_a_source_are_forgotten_with_it(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    with closing(Registry(path)) as registry:
        registry.put([record("gone"), record("kept")])
        batch = Batch(1, [segment("gone"), segment("kept")], (), 0)
        registry.advance(planned=[batch], acked=[batch])
        registry.forget(["gone"])
        assert {r.id: r.dropped for r in registry.sources()} == {"kept": {"noise": 3}}
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT DISTINCT source FROM dropped").fetchall() == [("kept",)]
