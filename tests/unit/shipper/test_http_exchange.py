"""A request and its answer: keys, bounds, the broker's acknowledgement, clients that go away."""

from __future__ import annotations

import asyncio
import base64
import gzip
import hashlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import httpx
import orjson
import pytest
from pydantic import ValidationError

from logboom.clock import SystemClock
from logboom.config import Config, FileInput, HttpInput
from shipper.framing.spooled import SUFFIX
from shipper.inputs.http.bulk import BulkSpeaker
from shipper.inputs.http.delivery import Delivery
from shipper.inputs.http.exchange import Exchange, Limits, Way
from shipper.inputs.http.keys import Keys
from shipper.inputs.http.loki import LokiSpeaker
from shipper.inputs.http.otlp import OtlpSpeaker
from shipper.inputs.spool import Spool
from shipper.reading.sources import Source
from tests.polling import soon

KEY = "a-key-that-is-long-enough"
BULK = b'{"create":{}}\n{"message":"x"}\n'
NDJSON = {"Content-Type": "application/x-ndjson"}
OTLP = {"resourceLogs": [{"scopeLogs": [{"logRecords": [{"body": {"stringValue": "x"}}]}]}]}
LOKI = {"streams": [{"stream": {"app": "a"}, "values": [["1795258800000000000", "x"]]}]}


@dataclass
class _Acked:
    """As much of a source as a spool asks for."""

    path: str
    acked_offset: int


class Receiver:
    """An exchange whose spools are real, and whose broker acknowledges when it is told to."""

    def __init__(
        self, folder: Path, *, keys: tuple[str, ...] = (), requests: int = 8,
        patience_s: float = 5.0, body_bytes: int = 100_000,
    ) -> None:  # fmt: skip
        self.acknowledges = True
        self._folders = {name: folder / name for name in ("bulk", "otlp", "loki")}
        speakers = (
            BulkSpeaker(max_bytes=1_000_000),
            OtlpSpeaker(max_bytes=1_000_000),
            LokiSpeaker(max_bytes=1_000_000, max_body_bytes=body_bytes),
        )
        self._spools: dict[str, Spool] = {}
        ways: dict[str, Way] = {}
        for speaker in speakers:
            at = self._folders[speaker.name]
            spool = Spool(at, FileInput(path=["-"]), SystemClock(), max_bytes=1_000_000)
            spool.open({})
            spool.on_append = self._appended
            delivery = Delivery(spool, at, SystemClock(), patience_s=patience_s)
            delivery.open()
            self._spools[speaker.name] = spool
            ways[speaker.name] = Way(speaker, delivery)
        self.application = Exchange(
            bulk=ways["bulk"], otlp=ways["otlp"], loki=ways["loki"], keys=Keys(keys),
            limits=Limits(body_bytes, requests, patience_s), clock=SystemClock(),
        )  # fmt: skip

    def client(self) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app=self.application)
        return httpx.AsyncClient(transport=transport, base_url="http://receiver", timeout=10)

    def texts(self, name: str) -> list[str]:
        return [
            line.decode() if name == "bulk" else orjson.loads(line)["text"]
            for path in sorted(self._folders[name].glob(f"*{SUFFIX}"))
            for line in path.read_bytes().splitlines()
        ]

    def acknowledge(self) -> None:
        for name, spool in self._spools.items():
            for path in self._folders[name].glob(f"*{SUFFIX}"):
                acked = _Acked(str(path), path.stat().st_size)
                spool.settled(cast("Source", acked))

    def _appended(self, _path: str) -> None:
        if self.acknowledges:
            asyncio.get_running_loop().call_soon(self.acknowledge)

    def close(self) -> None:
        for spool in self._spools.values():
            spool.end()


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    made = Receiver(tmp_path)
    yield made
    made.close()


@pytest.fixture
async def client(receiver: Receiver) -> AsyncIterator[httpx.AsyncClient]:
    async with receiver.client() as made:
        yield made


async def test_what_was_taken_of_a_push_is_kept_before_a_400_says_what_was_not(
    receiver: Receiver, client: httpx.AsyncClient
) -> None:
    pushed = {
        "streams": [{"stream": {}, "values": [["soon", "bad"], ["1795258800000000000", "x"]]}]
    }
    answer = await client.post("/loki/api/v1/push", json=pushed)
    assert (answer.status_code, receiver.texts("loki")) == (400, ["x"])
    assert answer.text.startswith("1 of 2 entries cannot be used, the others are taken:\n")
    assert receiver.application.counts["http_events"] == 1
    assert receiver.application.counts["http_requests_refused"] == 1


async def test_each_protocol_has_its_route_and_its_answer(
    receiver: Receiver, client: httpx.AsyncClient
) -> None:
    for path in ("/_bulk", "/app/_bulk", "/app/_doc/_bulk"):
        answer = await client.put(path, content=BULK, headers=NDJSON)
        assert answer.status_code == 200
        assert answer.json()["errors"] is False
        assert answer.headers["x-elastic-product"] == "Elasticsearch"
    answer = await client.post("/v1/logs", json=OTLP)
    assert (answer.status_code, answer.json()) == (200, {})
    for path in ("/loki/api/v1/push", "/api/prom/push"):
        answer = await client.post(path, json=LOKI)
        assert (answer.status_code, answer.content) == (204, b"")
    indexed = '{"message":"x","elasticsearch.index":"app"}'
    assert receiver.texts("bulk") == ['{"message":"x"}', indexed, indexed]
    assert receiver.texts("otlp") == ["x"]
    assert receiver.texts("loki") == ["x", "x"]
    assert receiver.application.counts == {"http_requests": 6, "http_events": 6}


async def test_gzip(receiver: Receiver, client: httpx.AsyncClient) -> None:
    headers = {**NDJSON, "Content-Encoding": "gzip"}
    answer = await client.post("/_bulk", content=gzip.compress(BULK), headers=headers)
    assert answer.status_code == 200
    assert receiver.texts("bulk") == ['{"message":"x"}']
    answer = await client.post("/_bulk", content=b"not gzip", headers=headers)
    assert answer.status_code == 400


async def test_what_is_not_served_is_said_in_elasticsearch_s_form(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.get("/logs/_search")
    assert answer.status_code == 404
    assert answer.json()["status"] == 404
    answer = await client.get("/_bulk")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert (await client.head("/")).content == b""


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": f"ApiKey {KEY}"},
        {"Authorization": "apikey " + base64.b64encode(f"id:{KEY}".encode()).decode()},
        {"Authorization": f"Bearer {KEY}"},
        {"Authorization": "Basic " + base64.b64encode(f"anybody:{KEY}".encode()).decode()},
        {"X-API-Key": KEY},
    ],
)
async def test_a_key_is_taken_in_every_usual_form(tmp_path: Path, headers: dict[str, str]) -> None:
    receiver = Receiver(tmp_path, keys=("another-key-of-somebody", KEY))
    async with receiver.client() as client:
        answer = await client.post("/_bulk", content=BULK, headers=NDJSON | headers)
        assert answer.status_code == 200
    receiver.close()


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "ApiKey wrong"},
        {"Authorization": "Basic !!"},
        {"Authorization": "Basic " + base64.b64encode(b"\xff:\xff").decode()},
        {"Authorization": f"Digest {KEY}"},
        {"Authorization": KEY},
        {"X-API-Key": ""},
    ],
)
async def test_without_a_known_key_nothing_is_told(tmp_path: Path, headers: dict[str, str]) -> None:
    receiver = Receiver(tmp_path, keys=(KEY,))
    async with receiver.client() as client:
        for path in ("/_bulk", "/v1/logs", "/loki/api/v1/push", "/", "/elsewhere"):
            answer = await client.post(path, content=BULK, headers=NDJSON | headers)
            assert answer.status_code == 401
            assert "ApiKey" in answer.headers["www-authenticate"]
            assert KEY not in answer.text
    assert receiver.texts("bulk") == []
    receiver.close()


async def test_bodies_are_bounded_as_sent_and_once_decompressed(
    receiver: Receiver, client: httpx.AsyncClient
) -> None:
    large = BULK * 10_000
    for content, encoding in ((large, "identity"), (gzip.compress(large), "gzip")):
        headers = {**NDJSON, "Content-Encoding": encoding}
        answer = await client.post("/_bulk", content=content, headers=headers)
        assert answer.status_code == 413
        assert answer.json()["error"]["type"] == "content_too_long_exception"
    assert receiver.texts("bulk") == []


async def test_without_an_acknowledgement_there_is_no_success(tmp_path: Path) -> None:
    receiver = Receiver(tmp_path, patience_s=0.05)
    receiver.acknowledges = False
    async with receiver.client() as client:
        for path, status in (("/v1/logs", OTLP), ("/loki/api/v1/push", LOKI)):
            answer = await client.post(path, json=status)
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        for _ in range(3):
            answer = await client.post("/_bulk", content=BULK, headers=NDJSON)
            assert answer.status_code == 503
            assert answer.json()["error"]["root_cause"]
        receiver.acknowledge()
        assert (await client.post("/_bulk", content=BULK, headers=NDJSON)).status_code == 200
    assert receiver.texts("bulk") == ['{"message":"x"}']
    receiver.close()


async def test_more_requests_than_allowed_wait_and_are_told_to_come_again(tmp_path: Path) -> None:
    receiver = Receiver(tmp_path, requests=1, patience_s=0.2)
    receiver.acknowledges = False
    async with receiver.client() as client:
        bodies = [BULK + b'{"create":{}}\n{"n":%d}\n' % number for number in range(4)]
        answers = await asyncio.gather(
            *(client.post("/_bulk", content=body, headers=NDJSON) for body in bodies)
        )
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses[0] == 429
    assert set(statuses) == {429, 503}
    receiver.close()


async def test_a_hundred_requests_at_once_are_all_answered(
    receiver: Receiver, client: httpx.AsyncClient
) -> None:
    def body(number: int) -> bytes:
        return b'{"create":{}}\n{"n":%d}\n' % number

    answers = await asyncio.gather(
        *(client.post("/_bulk", content=body(n), headers=NDJSON) for n in range(100))
    )
    assert {answer.status_code for answer in answers} == {200}
    assert sorted(orjson.loads(t)["n"] for t in receiver.texts("bulk")) == list(range(100))


async def _request(
    receiver: Receiver, messages: list[dict[str, Any]], gone: asyncio.Event
) -> list[dict[str, Any]]:
    """One request as the server hands it over; after its messages the client goes away."""
    sent: list[dict[str, Any]] = []
    waiting = iter(messages)

    async def receive() -> dict[str, Any]:
        message = next(waiting, None)
        if message is None:
            await gone.wait()
            return {"type": "http.disconnect"}
        return message

    async def send(message: Any) -> None:
        sent.append(dict(message))

    scope = {
        "type": "http", "method": "POST", "path": "/_bulk", "query_string": b"",
        "headers": [(b"content-type", b"application/x-ndjson")], "server": ("r", 80),
    }  # fmt: skip
    await receiver.application(scope, receive, send)
    return sent


async def test_a_client_that_goes_away_is_not_doubled_when_it_comes_again(
    receiver: Receiver, client: httpx.AsyncClient
) -> None:
    receiver.acknowledges = False
    gone = asyncio.Event()
    body = {"type": "http.request", "body": BULK, "more_body": False}
    waiting = asyncio.ensure_future(_request(receiver, [body], gone))

    async def is_appended() -> bool:
        return bool(receiver.texts("bulk"))

    await soon(is_appended, timeout_s=10, what="it is in the spool")
    gone.set()
    assert await waiting == []
    assert receiver.application.counts["http_requests_abandoned"] == 1
    receiver.acknowledge()
    answer = await client.post("/_bulk", content=BULK, headers=NDJSON)
    assert answer.status_code == 200
    assert receiver.texts("bulk") == ['{"message":"x"}']


async def test_a_body_that_breaks_off_is_not_taken(receiver: Receiver) -> None:
    gone = asyncio.Event()
    gone.set()
    half = {"type": "http.request", "body": BULK, "more_body": True}
    assert await _request(receiver, [half], gone) == []
    assert receiver.texts("bulk") == []


async def test_a_body_that_does_not_end_is_not_waited_for(tmp_path: Path) -> None:
    receiver = Receiver(tmp_path, patience_s=0.05)
    half = {"type": "http.request", "body": BULK, "more_body": True}
    start, _ = await _request(receiver, [half], asyncio.Event())
    assert start["status"] == 408
    receiver.close()


def test_who_listens_to_others_asks_for_keys() -> None:
    with pytest.raises(ValidationError, match="can be reached from other machines"):
        HttpInput(http="0.0.0.0:7701")
    with pytest.raises(ValidationError, match="less than 16 characters"):
        HttpInput(http="0.0.0.0:7701", api_keys=["short"])
    section = HttpInput(http="0.0.0.0:7701", api_keys=[KEY])
    assert KEY not in repr(section)
    for address in ("127.0.0.1:1", "[::1]:1", "localhost:1", "127.9.9.9:1"):
        assert HttpInput(http=address).api_keys == []


def test_two_inputs_cannot_share_an_address() -> None:
    section = {"kind": "http", "http": "127.0.0.1:7701"}
    with pytest.raises(ValidationError, match="listened on twice"):
        Config.model_validate({"inputs": [section, section]})
    other = {"kind": "http", "http": "127.0.0.1:7702"}
    assert len(Config.model_validate({"inputs": [section, other]}).inputs) == 2


def test_a_key_may_be_configured_as_its_digest() -> None:
    digest = hashlib.sha256(KEY.encode()).hexdigest()
    section = HttpInput(http="0.0.0.0:7701", api_keys=[f"sha256:{digest}"])
    keys = Keys([key.get_secret_value() for key in section.api_keys])
    assert keys.admit({"x-api-key": KEY})
    assert not keys.admit({"x-api-key": digest})
    assert not keys.admit({"x-api-key": f"sha256:{digest}"})
    for wrong in (digest[:-1], digest.upper(), "a short one that is none"):
        with pytest.raises(ValidationError, match="64 hexadecimal digits"):
            HttpInput(http="0.0.0.0:7701", api_keys=[f"sha256:{wrong}"])
