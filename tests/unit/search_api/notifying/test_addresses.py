"""Which addresses are refused, and that the one that was checked is the one connected to."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from typing import Any

import pytest
from aiohttp import web

from logboom.clock import SystemClock
from logboom.errors import ReceiverError, ReceiverRefused, ReceiverUnreachable
from search_api.notifying.addresses import is_allowed
from search_api.notifying.client import Client
from tests.unit.search_api.notifying.hearing import hearing

PUBLIC = ["93.184.216.34", "8.8.8.8", "2606:2800:220:1::1"]
PRIVATE = [
    "127.0.0.1", "127.8.8.8", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1",
    "169.254.1.1", "::1", "fe80::1", "fc00::1", "fd12::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1",
    "64:ff9b::7f00:1", "2002:7f00:1::", "198.18.0.1", "240.0.0.1",
    "fec0::1", "feff::1",
]  # fmt: skip
NEVER = [
    "169.254.169.254", "::ffff:169.254.169.254", "fd00:ec2::254", "0.0.0.0", "::", "224.0.0.1", "ff02::1",
    "168.63.129.16", "::ffff:168.63.129.16", "192.0.0.192", "100.100.100.200", "169.254.170.2",
    "169.254.170.23", "fd00:ec2::23", "fd20:ce::254",
]  # fmt: skip


@pytest.mark.parametrize("text", PUBLIC)
def test_public_addresses_are_allowed(text: str) -> None:
    assert is_allowed(ipaddress.ip_address(text), allow_private=False)


@pytest.mark.parametrize("text", PRIVATE)
def test_private_ones_only_when_it_is_said(text: str) -> None:
    assert not is_allowed(ipaddress.ip_address(text), allow_private=False)


@pytest.mark.parametrize("text", NEVER)
def test_some_are_never_allowed(text: str) -> None:
    assert not is_allowed(ipaddress.ip_address(text), allow_private=True)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "[::1]", "0x7f000001", "2130706433", "127.1", "[::ffff:127.0.0.1]"],
)
async def test_loopback_is_refused_however_it_is_written(host: str) -> None:
    client = Client(SystemClock())
    with pytest.raises(ReceiverError) as caught:
        await client.send("GET", f"http://{host}:9/")
    await client.close()
    assert isinstance(caught.value, ReceiverRefused | ReceiverUnreachable)
    if isinstance(caught.value, ReceiverUnreachable):
        assert "has no address" in str(caught.value)


async def test_a_name_is_resolved_once_and_connected_to_by_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []
    loop = asyncio.get_running_loop()
    original = loop.getaddrinfo

    async def changing(host: Any, port: Any, **named: Any) -> Any:
        """A name that is public when it is checked, and loopback a moment later."""
        if host != "rebinding.example":
            return await original(host, port, **named)
        asked.append(host)
        address = "127.0.0.1" if len(asked) == 1 else "169.254.169.254"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(loop, "getaddrinfo", changing)
    async with hearing() as server:
        port = server.url.rpartition(":")[2]
        client = Client(SystemClock(), allow_private=True)
        answer = await client.send("GET", f"http://rebinding.example:{port}/")
        assert answer.status == 200
        assert server.heard[0].headers["host"] == f"rebinding.example:{port}"
        assert asked == ["rebinding.example"]
        with pytest.raises(ReceiverRefused):
            await client.connected("rebinding.example", int(port))
        await client.close()


async def test_redirects_are_not_followed() -> None:
    async with hearing() as server:
        server.answering = lambda _: web.Response(
            status=307, headers={"Location": f"{server.url}/in"}
        )
        client = Client(SystemClock(), allow_private=True)
        assert (await client.send("POST", f"{server.url}/out")).status == 307
        await client.close()
        assert [one.path for one in server.heard] == ["/out"]


async def test_a_long_answer_is_not_read_to_its_end() -> None:
    async with hearing() as server:
        server.answering = lambda _: web.Response(body=b"x" * 3_000_000)
        client = Client(SystemClock(), allow_private=True)
        assert len((await client.send("GET", server.url)).body) == 2**20
        await client.close()
