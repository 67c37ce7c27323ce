"""How long after a line was written does a live tail show it?

    python -m bench.tail_latency [--form embedded|distributed] [--per-second 1000] [--seconds 30]
                                 [--clients 1] [--query 'seq:*']

A thread appends events to a file that a running, warmed-up pipeline follows, as in `bench.latency`. The
first client is a WebSocket in a thread of its own; it takes the time when a message with a sampled event
has arrived. The others follow the same query, and only read. Nothing may be dropped.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import orjson
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from bench.events import make_line
from bench.forms import FORMS, Form, open_form
from bench.latency import WARM_UP, SteadyWriter, epoch_s, percentiles, present
from bench.machine import print_calibration, print_usage
from bench.stopping import stop_in_order

_PATIENCE_S = 60.0


class Follower:
    """A client of the tail, in a thread of its own.

    Args:
        socket: Its connection.
        query: What it follows.

    Attributes:
        seen: When each `seq` has arrived, in seconds since the epoch.
        left_out: Events that it was not shown.
    """

    def __init__(self, socket: ClientConnection, query: str) -> None:
        self._socket = socket
        self._socket.send(orjson.dumps({"subscribe": "tail", "q": query}).decode())
        self._socket.recv()
        self.seen: dict[int, float] = {}
        self.left_out = 0
        self.arrived = threading.Condition()
        self._thread = threading.Thread(target=self._read, name="follower")
        self._thread.start()

    def _read(self) -> None:
        try:
            for text in self._socket:
                moment, message = epoch_s(), orjson.loads(text)
                numbers = [event["attributes"]["seq"] for event in message["events"]]
                with self.arrived:
                    self.seen |= dict.fromkeys(numbers, moment)
                    self.left_out += message["dropped"] + message["passed_over"]
                    self.arrived.notify_all()
        except ConnectionClosed:
            return

    def close(self) -> None:
        """Ends it."""
        self._socket.close()
        self._thread.join()


@contextmanager
def _following(port: int, query: str, clients: int) -> Iterator[list[Follower]]:
    with ExitStack() as stack:
        followers: list[Follower] = []
        for _ in range(clients):
            url = f"ws://127.0.0.1:{port}/api/v1/live"
            followers.append(Follower(stack.enter_context(connect(url, max_size=None)), query))
            stack.callback(followers[-1].close)
        yield followers


def _run(form: Form, writer: SteadyWriter, options: argparse.Namespace) -> None:
    with _following(form.pipeline.port, options.query, options.clients) as followers:
        before = form.usage()
        writer.thread.start()
        writer.thread.join()
        first = followers[0]
        with first.arrived:
            complete = first.arrived.wait_for(
                lambda: first.left_out or writer.written.keys() <= first.seen.keys(), _PATIENCE_S
            )
        after = form.usage()
        took = [
            first.seen[number] - at for number, at in writer.written.items() if number in first.seen
        ]
        print(
            f"{writer.events} events at {writer.events / writer.took_s:.0f} ev/s, {options.clients} clients"
        )
        print(
            f"seen after {percentiles(took)}; {len(took)} of {writer.samples} sampled events were seen"
        )
        print(f"complete: {complete}, left out: {sum(one.left_out for one in followers)}")
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
