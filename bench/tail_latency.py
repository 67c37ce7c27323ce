"""How long after a line was written does a live tail show it?

    python -m bench.tail_latency [--form embedded|distributed] [--per-second 1000] [--seconds 30]
                                 [--clients 1] [--query 'seq:*'] [--searches]

A thread appends events to a file that a running, warmed-up pipeline follows, as in `bench.latency`. The
first client is a WebSocket in a thread of its own; it compares the time at which an event has arrived
with the event's own, which was taken just before it was written. The others follow the query over Server-Sent Events in a process of their own, and only read.
Nothing may be dropped. With `--searches` another client searches ten times a second meanwhile.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from multiprocessing import Process
from pathlib import Path
from urllib.parse import quote

import orjson
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from bench.events import make_line
from bench.forms import FORMS, Form, open_form
from bench.latency import WARM_UP, Searcher, SteadyWriter, epoch_s, percentiles, present
from bench.machine import print_calibration, print_usage
from bench.stopping import stop_in_order

_QUIET_S = 5.0


class Follower:
    """A client of the tail, in a thread of its own.

    Args:
        socket: Its connection.
        query: What it follows.

    Attributes:
        took_s: How long after its own time each event has arrived.
        left_out: Events that it was not shown.
    """

    def __init__(self, socket: ClientConnection, query: str) -> None:
        self._socket = socket
        self._socket.send(orjson.dumps({"subscribe": "tail", "q": query}).decode())
        self._socket.recv()
        self.took_s: list[float] = []
        self.left_out = 0
        self.arrived = threading.Condition()
        self._thread = threading.Thread(target=self._read, name="follower")
        self._thread.start()

    def _read(self) -> None:
        try:
            for text in self._socket:
                moment, message = epoch_s(), orjson.loads(text)
                written = [datetime.fromisoformat(one["@timestamp"]) for one in message["events"]]
                with self.arrived:
                    self.took_s += [moment - one.timestamp() for one in written]
                    self.left_out += message["dropped"] + message["passed_over"]
                    self.arrived.notify_all()
        except ConnectionClosed:
            return

    def rest(self, quiet_s: float) -> None:
        """Returns when nothing has arrived for so long."""
        with self.arrived:
            while self.arrived.wait(quiet_s):
                pass

    def close(self) -> None:
        """Ends it."""
        self._socket.close()
        self._thread.join()


def _read_only(port: int, query: str, clients: int) -> None:
    """Follows with many clients, which look at nothing."""

    async def follow() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
        path = f"/api/v1/tail?q={quote(query)}"
        writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        while await reader.read(1 << 20):
            pass

    async def run() -> None:
        await asyncio.gather(*(follow() for _ in range(clients)))

    asyncio.run(run())


@contextmanager
def _others(port: int, query: str, clients: int) -> Iterator[None]:
    process = Process(target=_read_only, args=(port, query, clients))
    process.start()
    try:
        yield
    finally:
        process.kill()
        process.join()


def _search(port: int, writer: SteadyWriter) -> list[float]:
    searcher = Searcher(port)
    while writer.thread.is_alive():
        searcher.find([0])
        time.sleep(0.1)
    return searcher.took_s


def _run(form: Form, writer: SteadyWriter, options: argparse.Namespace) -> None:
    port = form.pipeline.port
    with (
        _others(port, options.query, options.clients - 1),
        connect(f"ws://127.0.0.1:{port}/api/v1/live", max_size=None) as socket,
    ):
        first = Follower(socket, options.query)
        before = form.usage()
        writer.thread.start()
        searches = _search(port, writer) if options.searches else []
        writer.thread.join()
        first.rest(_QUIET_S)
        after = form.usage()
        first.close()
    rate = writer.events / writer.took_s
    print(f"{writer.events} events at {rate:.0f} ev/s, {options.clients} clients")
    print(f"{len(first.took_s)} matched, and were seen after {percentiles(first.took_s)}")
    print(f"{first.left_out} were left out")
    if searches:
        print(f"one search takes {percentiles(searches)}")
    print_usage(before, after, writer.events)


def main() -> None:
    """Runs one form and prints its figures."""
    stop_in_order()
    parser = argparse.ArgumentParser(description="Measures when a live tail shows a line.")
    parser.add_argument("--form", choices=FORMS, default="embedded")
    parser.add_argument("--per-second", type=int, default=1000)
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--clients", type=int, default=1)
    parser.add_argument("--query", default="seq:*")
    parser.add_argument("--searches", action="store_true")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="logboom-bench-") as name,
        open_form(options.form, Path(name)) as form,
    ):
        form.pipeline.start()
        log = form.logs / "app.log"
        form.warm_up(log, WARM_UP[options.form], present())
        line = make_line(random.Random(1), 0, present())
        print_calibration(line, "before")
        _run(form, SteadyWriter(log, options.per_second, options.seconds), options)
        print_calibration(line, "after")


if __name__ == "__main__":
    main()
