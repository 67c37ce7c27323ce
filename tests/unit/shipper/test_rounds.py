"""Up to when everything is known that was written, as the shipper tells it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from shipper.reading.rounds import Rounds
from shipper.reading.sources import Source
from tests.traps.shipping import Shipping, append, lines

NS = 1_000_000_000


class Looking:
    """A shipper over two logs, of which each look and each scan can be left out."""

    def __init__(self, folder: Path) -> None:
        (folder / "logs").mkdir()
        self.a, self.b = folder / "logs" / "a.log", folder / "logs" / "b.log"
        for log in (self.a, self.b):
            log.write_text(lines(0, 5))
        self.shipping = Shipping(folder)
        self.rounds = Rounds(self.shipping.clock)
        self.rounds.scan_each_s = 1.0

    def scan(self) -> None:
        began_ns = self.shipping.clock.now_ns()
        self.shipping.watcher.hurry()
        added = self.shipping.watcher.scan()
        for source in added:
            self.shipping.sources[source.id] = source
        self.rounds.scanned(began_ns, added)

    def look(self) -> None:
        asyncio.run(self._look())

    async def _look(self) -> None:
        while await self.shipping.reader.turn():
            pass

    def passes(self, seconds: float) -> None:
        """The clock goes on, nothing else does."""
        self.shipping.clock.advance(seconds)

    def works(self, seconds: int) -> None:
        """All is looked at in time."""
        for _ in range(4 * seconds):
            self.passes(0.25)
            self.scan()
            self.look()

    @property
    def ago_s(self) -> float:
        """So long ago everything was known."""
        sources = self.shipping.watcher.sources.values()
        return (self.shipping.clock.now_ns() - self.rounds.looked_ns(sources)) / NS


def named(looking: Looking, name: str) -> Source:
    (found,) = (s for s in looking.shipping.sources.values() if s.path.endswith(name))
    return found


def test_nothing_is_known_before_every_file_was_looked_at_once(tmp_path: Path) -> None:
    looking = Looking(tmp_path)
    sources = looking.shipping.watcher.sources.values()
    assert looking.rounds.looked_ns(sources) == 0
    looking.scan()
    assert looking.rounds.looked_ns(sources) == 0
    looking.look()
    assert looking.ago_s == 0


def test_files_that_rest_are_looked_at_in_time(tmp_path: Path) -> None:
    looking = Looking(tmp_path)
    looking.works(30)
    for _ in range(20):
        looking.works(1)
        assert looking.ago_s == 0


def test_after_a_pause_nothing_is_known_of_it_before_all_was_looked_at_again(
    tmp_path: Path,
) -> None:
    looking = Looking(tmp_path)
    looking.works(5)
    looking.passes(45)
    append(looking.b, 5, 9)
    assert 45 <= looking.ago_s <= 46.5
    looking.scan()
    assert 45 <= looking.ago_s <= 46.5  # the files were not read yet
    looking.look()
    assert looking.ago_s == 0
    assert named(looking, "b.log").read_offset == looking.b.stat().st_size
    assert named(looking, "b.log").changed  # its size is told in the same breath


def test_what_is_found_after_a_pause_may_be_as_old_as_the_pause(tmp_path: Path) -> None:
    looking = Looking(tmp_path)
    looking.works(5)
    looking.passes(45)
    looking.look()
    assert 45 <= looking.ago_s <= 46.5  # there may be files that are not known yet
    looking.a.with_name("c.log").write_text(lines(0, 5))
    looking.scan()
    assert 45 <= looking.ago_s <= 46.5
    looking.passes(0.1)
    looking.look()
    assert looking.ago_s == 0


def test_a_file_that_nobody_has_time_for_is_told_of(tmp_path: Path) -> None:
    looking = Looking(tmp_path)
    looking.works(5)
    named(looking, "a.log").hold()
    looking.works(20)
    assert 20 <= looking.ago_s <= 21.5


def test_what_cannot_be_read_is_not_waited_for(tmp_path: Path) -> None:
    looking = Looking(tmp_path)
    looking.works(5)
    named(looking, "a.log").set_state("unreadable", "permission denied")
    looking.passes(45)
    named(looking, "b.log").looked_ns = looking.shipping.clock.now_ns()
    looking.scan()
    assert looking.ago_s == 0
