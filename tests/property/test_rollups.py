"""Any order of writes, duplicates, crashes and rolls: the rows are the truth once all is rolled up."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from logboom.clock import ManualClock
from logboom.config import Config
from logboom.rollups import Tier
from logboom.rollups.gone_days import GoneDays
from logboom.state import open_state
from logboom.state.lease import EMBEDDED, Lease
from logboom.store import Document, open_store
from processor.rolling.opening import Rolling, open_rolling
from processor.rolling.roller import LEASE, Roller
from processor.rolling.touching import touched_minutes
from tests.rollups import happening, in_order, truth

NOW = datetime(2026, 3, 14, 9, 5, 30, tzinfo=UTC)
BEYOND_US = 2**52

_TIMES = st.sampled_from(
    ["2026-03-14T09:05:00.000Z", "2026-03-14T09:04:59.999Z", "2026-03-14T08:59:59.999Z",
     "2026-03-14T00:00:00.000Z", "2026-03-13T23:59:59.999Z", "2026-03-10T09:05:00.000Z",
     "1999-01-01T00:00:00.000Z"]
)  # fmt: skip


@st.composite
def documents(draw: st.DrawFn) -> list[Document]:
    """Events of few minutes and names, so that they meet."""
    made = []
    for number in range(draw(st.integers(3, 25))):
        time = draw(_TIMES)
        stray = time.startswith("1999")
        made.append(
            happening(
                number, time,
                service=draw(st.sampled_from(["a", "b", None])),
                host=draw(st.sampled_from(["h", None])),
                level=draw(st.sampled_from(["info", "error", None])),
                error=draw(st.booleans()),
                status=draw(st.sampled_from([None, 200, 503])),
                duration=draw(st.sampled_from([None, 0, 1, 999, 10**9])),
                read="2026-03-14T09:05:10.000Z" if stray else None,
                day=date(2026, 3, 14) if stray else None,
            )
        )  # fmt: skip
    return made


Step = tuple[str, tuple[int, int]]
"""What happens, and to which documents (a slice)."""

_STEPS = st.lists(
    st.tuples(
        st.sampled_from(["write", "crash unmarked", "roll", "slow roll", "second roller"]),
        st.tuples(st.integers(0, 25), st.integers(1, 12)),
    ),
    min_size=1,
    max_size=7,
)  # fmt: skip


@settings(max_examples=25)
@given(documents(), _STEPS)
def test_rows_are_the_truth_once_all_is_rolled_up(
    happened: list[Document], steps: list[Step]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_try(Path(folder), happened, steps))


async def _try(folder: Path, happened: list[Document], steps: Sequence[Step]) -> None:
    config = Config(data=folder)
    clock = ManualClock(NOW)
    store, state = await open_store(config, clock=clock), open_state(config, clock)
    writer = await store.writer()
    rolling = open_rolling(config, store, state, "one", clock)
    written: list[Document] = []
    for what, (first, number) in steps:
        some = happened[first : first + number]
        if what == "write":
            await writer.write(some)
            await rolling.mark(touched_minutes(some))
            written += some
        elif what == "crash unmarked":
            await writer.write(some)  # then the processor dies, and the batch comes again
            await rolling.roller.roll()
            await writer.write(some)
            await rolling.mark(touched_minutes(some))
            written += some
        elif what == "roll":
            await rolling.roller.roll()
        elif what == "slow roll":
            await store.refresh()
            start_us = int(NOW.replace(minute=5, second=0).timestamp()) * 1_000_000
            seen = await store.rollups.summarise(start_us, start_us + Tier.MINUTE.width_us)
            await writer.write(some)
            await rolling.mark(touched_minutes(some))
            written += some
            await rolling.roller.roll()
            await store.rollups.keep(Tier.MINUTE, seen)
        else:
            lease = Lease(state, LEASE, EMBEDDED, clock)
            gone = GoneDays(state)
            await Roller(store, rolling.marks, gone, lease, config.rollups, clock).roll()
    await _roll_all(rolling)
    for tier in Tier:
        rows = await store.rollups.rows(tier, 0, BEYOND_US)
        assert in_order(rows) == truth(written, tier)
    await writer.close()
    await state.close()
    await store.close()


async def _roll_all(rolling: Rolling) -> None:
    while await rolling.roller.roll():
        pass
