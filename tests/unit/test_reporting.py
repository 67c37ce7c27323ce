"""What does a service tell of its restarts?"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from logboom.broker.local import LocalBroker
from logboom.clock import ManualClock
from logboom.config import LocalBrokerSection
from logboom.reporting import Reporter


def test_what_begins_anew_within_a_process_counts_as_a_restart(tmp_path: Path) -> None:
    clock = ManualClock(datetime(2026, 11, 21, 12, tzinfo=UTC))
    broker = LocalBroker(tmp_path, LocalBrokerSection())
    reporter = Reporter(broker, "shipper", "here", clock, restarts=1)
    clock.advance(200.0)
    reporter.began_anew("a worker is lost")
    assert reporter.status({}).restarts == 2
    assert reporter.status({}).started_ns == clock.now_ns()
    clock.advance(200.0)
    reporter.began_anew("a worker is lost")
    assert reporter.status({}).restarts == 2  # the first one is long ago


async def test_a_status_that_does_not_arrive_is_known(tmp_path: Path) -> None:
    clock = ManualClock(datetime(2026, 11, 21, 12, tzinfo=UTC))
    broker = LocalBroker(tmp_path, LocalBrokerSection())
    reporter = Reporter(broker, "shipper", "here", clock)
    assert await reporter.post({}, {})
    await broker.close()
    assert not await reporter.post({}, {})


def test_a_trouble_that_is_over_is_not_told(tmp_path: Path) -> None:
    clock = ManualClock(datetime(2026, 11, 21, 12, tzinfo=UTC))
    broker = LocalBroker(tmp_path, LocalBrokerSection())
    reporter = Reporter(broker, "processor", "here", clock)
    for sentence in ("one", "two", "one"):
        reporter.trouble(sentence)
    assert reporter.status({}).errors == ("two", "one")
    reporter.settled("one")
    reporter.settled("one")
    assert reporter.status({}).errors == ("two",)
