"""The listener on real sockets of loopback: what it keeps, what it holds back, and what it tells."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import orjson
import pytest

from logboom.clock import SystemClock
from logboom.config import SyslogInput
from logboom.errors import AlreadyRunning, ConfigError
from shipper.files.discovery import find_files
from shipper.inputs.syslog.datagrams import count_dropped, enlarge_buffer
from shipper.inputs.syslog.listener import SyslogListener
from shipper.reading.sources import Source
from tests.polling import soon
from tests.services.process import free_port

_MEBIBYTE = 2**20


@dataclass
class _Acked:
    """As much of a source as a spool asks for."""

    path: str
    acked_offset: int


def read(path: str) -> bytes:
    return Path(path).read_bytes()


class Listening:
    """A listener at work, and what it has kept."""

    def __init__(self, folder: Path, host: str = "127.0.0.1", **settings: Any) -> None:
        self.port = free_port()
        section = SyslogInput(syslog=f"{host}:{self.port}", **settings)
        self.listener = SyslogListener(section, folder, SystemClock(), max_event_bytes=900_000)
        (self.spool,) = self.listener.spools
        self.stop = asyncio.Event()

    def texts(self) -> list[str]:
        files = sorted(path for path, _ in find_files(self.spool.files))
        lines = [line for path in files for line in Path(path).read_bytes().splitlines()]
        return [orjson.loads(line)["text"] for line in lines]

    def acknowledge(self) -> None:
        """As if the broker had everything."""
        for path, status in find_files(self.spool.files):
            self.spool.settled(cast("Source", _Acked(path, status.st_size)))

    async def is_bound(self) -> bool:
        listener = self.listener
        return listener._datagrams is not None or listener._connections is not None

    async def kept(self, count: int) -> list[str]:
        async def enough() -> bool:
            return len(self.texts()) >= count

        await soon(enough, timeout_s=20, what=f"{count} messages are kept")
        return self.texts()


@contextlib.asynccontextmanager
async def listening(folder: Path, **settings: Any) -> AsyncIterator[Listening]:
    made = Listening(folder, **settings)
    made.spool.open({})
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(made.listener.run(made.stop))
        await soon(made.is_bound, timeout_s=10, what="it listens")
        try:
            yield made
        finally:
            made.stop.set()
            await running
    made.spool.end()


async def test_an_unfinished_message_is_kept_when_its_connection_ends(tmp_path: Path) -> None:
    async with listening(tmp_path) as made:
        _, writer = await asyncio.open_connection("127.0.0.1", made.port)
        writer.write(b"<13>whole\n<13>half")
        await made.kept(1)
        writer.close()
        assert await made.kept(2) == ["whole", "half"]


async def test_what_open_connections_have_sent_is_kept_at_the_end(tmp_path: Path) -> None:
    async with listening(tmp_path) as made:
        _, writer = await asyncio.open_connection("127.0.0.1", made.port)
        writer.write(b"<13>whole\n<13>half")
        await made.kept(1)
        made.stop.set()
        assert await made.kept(2) == ["whole", "half"]
        writer.close()


async def test_a_full_spool_holds_tcp_senders_back_and_loses_nothing(tmp_path: Path) -> None:
    count, text = 5000, "x" * 1000
    async with listening(tmp_path, transport="tcp", max_spool_bytes=_MEBIBYTE) as made:
        _, writer = await asyncio.open_connection("127.0.0.1", made.port)

        async def send() -> None:
            for number in range(count):
                writer.write(b"<13>%d %s\n" % (number, text.encode()))
                await writer.drain()
            writer.close()

        async def is_full() -> bool:
            return made.spool.trouble is not None

        sending = asyncio.ensure_future(send())
        await soon(is_full, timeout_s=20, what="the spool is full")
        assert made.spool.waiting_bytes <= _MEBIBYTE
        assert "may wait for the broker" in (made.spool.trouble or "")

        async def all_kept() -> bool:
            made.acknowledge()
            return len(made.texts()) == count

        await soon(all_kept, timeout_s=40, what="all are kept")
        await sending
        assert made.texts() == [f"{number} {text}" for number in range(count)]
        assert made.spool.trouble is None


async def test_the_end_of_a_connection_waits_for_room_too(tmp_path: Path) -> None:
    async with listening(tmp_path, transport="tcp", max_spool_bytes=_MEBIBYTE) as made:
        filling = made.spool.append([b"x" * (_MEBIBYTE - 60) + b"\n"])
        _, writer = await asyncio.open_connection("127.0.0.1", made.port)
        writer.write(b"<13>half")
        writer.close()

        async def is_full() -> bool:
            return made.spool.trouble is not None

        await soon(is_full, timeout_s=20, what="the spool is full")
        made.spool.settled(cast("Source", _Acked(filling.path, filling.end)))

        async def is_kept() -> bool:
            return made.spool.waiting_bytes > 0

        await soon(is_kept, timeout_s=20, what="the rest is kept")
        assert b'"text":"half"' in read(filling.path)


async def test_a_full_spool_leaves_datagrams_to_the_kernel_and_its_losses_are_counted(
    tmp_path: Path,
) -> None:
    async with listening(
        tmp_path, transport=["udp"], max_spool_bytes=_MEBIBYTE, receive_buffer=65536
    ) as made:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sent = 0

            async def dropped() -> float:
                nonlocal sent
                for _ in range(200):
                    sender.sendto(b"<13>" + b"x" * 8000, ("127.0.0.1", made.port))
                    sent += 1
                return made.listener.status().counters["syslog_dropped"]

            await soon(dropped, timeout_s=20, what="the kernel drops some")
        troubles = made.listener.status().troubles
        assert any("has dropped datagrams" in trouble for trouble in troubles)

        async def accounted_for() -> bool:
            made.acknowledge()
            counters = made.listener.status().counters
            return len(made.texts()) + counters["syslog_dropped"] == sent

        await soon(accounted_for, timeout_s=20, what="each is kept or counted")


@pytest.mark.skipif(not Path("/proc/net/if_inet6").exists(), reason="there is no IPv6 here")
async def test_it_listens_over_ipv6(tmp_path: Path) -> None:
    async with listening(tmp_path, host="[::1]") as made:
        _, writer = await asyncio.open_connection("::1", made.port)
        writer.write(b"<13>over tcp\n")
        await made.kept(1)
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"<13>over udp", ("::1", made.port))
            assert await made.kept(2) == ["over tcp", "over udp"]
        writer.close()
        assert made.listener.status().counters["syslog_dropped"] == 0


async def test_connections_beyond_the_bound_are_refused_and_counted(tmp_path: Path) -> None:
    async with listening(tmp_path, transport="tcp", connections=2) as made:
        kept = [await asyncio.open_connection("127.0.0.1", made.port) for _ in range(2)]
        for _, writer in kept:
            writer.write(b"<13>first\n")
        await made.kept(2)
        reader, refused = await asyncio.open_connection("127.0.0.1", made.port)
        with contextlib.suppress(ConnectionError):
            assert await reader.read() == b""
        refused.close()
        status = made.listener.status()
        assert status.counters["syslog_refused"] >= 1
        assert any("connections were refused" in trouble for trouble in status.troubles)
        for _, writer in kept:
            writer.write(b"<13>second\n")
            writer.close()
        assert sorted(await made.kept(4)) == ["first", "first", "second", "second"]


async def test_each_datagram_is_a_message_whatever_is_in_it(tmp_path: Path) -> None:
    async with listening(tmp_path, transport="udp", max_message_bytes=500) as made:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for data in (b"<13>a\nb", b"", b"\0", b"\xff", b"<13>" + b"y" * 700):
                sender.sendto(data, ("127.0.0.1", made.port))
            texts = await made.kept(4)
        assert texts == ["a\nb", "\\xff", "y" * 496, "y" * 204]


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
async def test_a_port_in_use_is_told(tmp_path: Path, kind: socket.SocketKind) -> None:
    made = Listening(tmp_path)
    with socket.socket(socket.AF_INET, kind) as other:
        other.bind(("127.0.0.1", made.port))
        with pytest.raises(AlreadyRunning, match="port is in use"):
            await made.listener.run(made.stop)


async def test_an_address_that_is_not_ours_is_told(tmp_path: Path) -> None:
    section = SyslogInput(syslog="192.0.2.1:5514", allow_remote=True)
    listener = SyslogListener(section, tmp_path, SystemClock(), max_event_bytes=900_000)
    with pytest.raises(ConfigError, match="cannot listen over UDP"):
        await listener.run(asyncio.Event())


def test_the_kernel_says_how_large_its_buffer_is() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        assert enlarge_buffer(listener, 100_000) == 100_000
        assert count_dropped(listener) == 0
