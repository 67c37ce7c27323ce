"""How does a processor look after days, with the writer that it has?"""

from __future__ import annotations

from logboom.archive.keeping import Keeper
from logboom.archive.orders import LEASE
from logboom.archive.work import DayWork
from logboom.clock import Clock
from logboom.config import Config
from logboom.errors import StoreUnavailable
from logboom.reporting import Reporter
from logboom.state import State
from logboom.state.lease import EMBEDDED, Lease
from logboom.store import Store, StoreWriter
from processor.consuming import Consumer


def open_keeper(
    config: Config, store: Store, state: State, consumer: Consumer, reporter: Reporter,
    clock: Clock, *, instance: str,
) -> Keeper:  # fmt: skip
    """What carries out retention and orders once the consumer has opened the store for writing.

    Args:
        config: Its sections `retention` and `processor`.
        store: Has the days.
        state: Has the orders.
        consumer: Has the writer.
        reporter: Is told of what fails.
        clock: For ages.
        instance: Unique name of this process.
    """

    def writer() -> StoreWriter:
        if consumer.writer is None:
            raise StoreUnavailable("is not open for writing", where=store.address)
        return consumer.writer

    work = DayWork(store, writer, state, config.retention, config.data, clock)
    holder = EMBEDDED if store.kind == "local" else instance
    lease = Lease(state, LEASE, holder, clock, for_s=config.processor.lease.total_seconds())
    return Keeper(
        work, store, state, config.retention, clock,
        lease=lease, is_ready=lambda: consumer.writer is not None, warn=reporter.trouble, over=reporter.settled,
    )  # fmt: skip
