"""What do thousands of clients cost that follow something and are told nothing?

    python -m bench.idle_tails [--form embedded|distributed] [--clients 2000] [--seconds 20]
                               [--way sse|websocket] [--questions 1]

A pipeline without events but, distributed, those of a warm-up. Memory and CPU are those of the API's
process, before and with the clients, and the CPU of the services at rest; the clients themselves are in this process.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import tempfile
from pathlib import Path
from urllib.parse import quote

import orjson
import psutil
from websockets.asyncio.client import connect

from bench.forms import FORMS, Form, open_form
from bench.latency import WARM_UP, present
from bench.machine import Usage, usage_of
from bench.stopping import stop_in_order

_AT_ONCE = 50
_SETTLE_S = 3.0


class Gate:
    """Lets some clients connect at a time, and knows when all have."""

    def __init__(self, clients: int) -> None:
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._missing = clients
        self.all_in = asyncio.Event()

    async def __aenter__(self) -> None:
        await self._room.acquire()

    async def __aexit__(self, *_: object) -> None:
        self._room.release()
        self._missing -= 1
        if not self._missing:
            self.all_in.set()


async def _sse(port: int, question: str, stop: asyncio.Event, gate: Gate) -> None:
    async with gate:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=4096)
        path = f"/api/v1/tail?q={quote(question)}"
        writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        await reader.readuntil(b"logboom tail\n\n")
    await stop.wait()
    writer.close()


async def _socket(port: int, question: str, stop: asyncio.Event, gate: Gate) -> None:
    async with gate:
        socket = await connect(f"ws://127.0.0.1:{port}/api/v1/live", ping_interval=None)
        await socket.send(orjson.dumps({"subscribe": "tail", "q": question}).decode())
        await socket.recv()
    await stop.wait()
    await socket.close()


def _cpu_s(begun: Usage, ended: Usage) -> float:
    return ended.user_s + ended.system_s - begun.user_s - begun.system_s


async def measure(api: psutil.Process, form: Form, options: argparse.Namespace) -> None:
    """Connects, rests, and prints."""
    port = form.pipeline.port
    before = usage_of([api])
    stop, gate = asyncio.Event(), Gate(options.clients)
    follow = _sse if options.way == "sse" else _socket
    clients = [
        asyncio.create_task(follow(port, f"seq:>={number % options.questions}", stop, gate))
        for number in range(options.clients)
    ]
    await gate.all_in.wait()
    await asyncio.sleep(_SETTLE_S)
    begun, services_begun = usage_of([api]), form.usage()
    await asyncio.sleep(options.seconds)
    ended, services_ended = usage_of([api]), form.usage()
    stop.set()
    await asyncio.gather(*clients)
    more_kb = (ended.rss_mb - before.rss_mb) * 1024 / options.clients
    print(f"{options.clients} clients ({options.way}), {options.questions} questions")
    print(
        f"  memory   {before.rss_mb:.0f} MB before, {ended.rss_mb:.0f} MB with them: {more_kb:.1f} kB each"
    )
    print(f"  at rest  {_cpu_s(begun, ended) / options.seconds:.1%} of a core")
    for name in form.services:
        share = _cpu_s(services_begun[name], services_ended[name]) / options.seconds
        print(f"           {share:.1%} of a core: {name}")
    print(f"  joining  {_cpu_s(before, begun) / options.clients * 1e3:.2f} ms CPU each")


def main() -> None:
    """Starts a pipeline and measures its API."""
    stop_in_order()
    parser = argparse.ArgumentParser(description="Measures clients that wait.")
    parser.add_argument("--form", choices=FORMS, default="embedded")
    parser.add_argument("--clients", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--way", choices=("sse", "websocket"), default="sse")
    parser.add_argument("--questions", type=int, default=1)
    options = parser.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with (
        tempfile.TemporaryDirectory(prefix="logboom-bench-") as name,
        open_form(options.form, Path(name)) as form,
    ):
        form.pipeline.start()
        if options.form == "distributed":
            form.warm_up(form.logs / "app.log", WARM_UP[options.form], present())
        asyncio.run(measure(form.pipeline.children()["api"], form, options))


if __name__ == "__main__":
    main()
