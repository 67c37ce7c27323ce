"""The HTTP input under real clients: unchanged, and none of their events lost or doubled."""

from __future__ import annotations

import json
import logging
import random
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import Any

import cramjam
import elasticsearch
import httpx
import pytest
from elasticsearch import Elasticsearch, helpers
from logging_loki import LokiHandler
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.resources import Resource

from shipper.inputs.http.messages import Messages
from tests.flow import Pipeline, verify
from tests.polling import eventually
from tests.services.errors import ServiceMissing
from tests.services.process import free_port
from tests.services.sources import missing

KEY = "a-key-that-is-long-enough"
RSYSLOG_MODULE = Path("/usr/lib/x86_64-linux-gnu/rsyslog/omelasticsearch.so")


class Receiving:
    """A pipeline with an HTTP input, and that input's address."""

    def __init__(
        self, folder: Path, stack: ExitStack, broker: object = "local", **settings: Any
    ) -> None:
        self.address = f"127.0.0.1:{free_port()}"
        self.url = f"http://{self.address}"
        section = {"http": self.address, **settings}
        self.pipeline = Pipeline(folder, {"inputs": [section], "broker": broker})
        stack.callback(self.pipeline.stop)
        self.pipeline.start()
        eventually(self._listens, timeout_s=60, what="the HTTP input listens")

    def _listens(self) -> bool:
        try:
            return httpx.get(self.url, headers={"X-API-Key": KEY}).status_code == 200
        except httpx.TransportError:
            return False

    def events(self, query: str, count: int) -> list[dict[str, Any]]:
        """The events of a query, once there are so many, oldest first."""
        self.pipeline.await_count(query, count)
        found: list[dict[str, Any]] = self.pipeline.ask("search", q=query, sort="asc")["events"]
        assert len(found) == count
        return found


@pytest.fixture(scope="module")
def receiving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receiving]:
    with ExitStack() as stack:
        yield Receiving(tmp_path_factory.mktemp("http"), stack, api_keys=[KEY])


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Stops at the end what a test has started."""
    with ExitStack() as made:
        yield made


def client(receiving: Receiving, **settings: Any) -> Elasticsearch:
    return Elasticsearch(receiving.url, api_key=("me", KEY), **settings)


def test_the_elasticsearch_client_s_helpers(receiving: Receiving) -> None:
    with closing(client(receiving, http_compress=True)) as es:
        assert es.info()["version"]["number"] == "8.19.0"
        assert es.ping()
        assert es.indices.exists_index_template(name="app")
        es.indices.put_index_template(name="app", index_patterns=["app-*"])
        es.ilm.put_lifecycle(name="app", policy={"phases": {}})
        es.cluster.health()
        actions = [
            {"_op_type": "create", "_index": "app-1", "_id": f"id-{n}",
             "message": f"from the helper {n}", "service": {"name": "bulk-helper"}, "seq": n,
             "log": {"level": "WARN"}, "@timestamp": f"2026-11-21T10:00:{n:02d}.5Z"}
            for n in range(50)
        ]  # fmt: skip
        assert helpers.bulk(es, actions, chunk_size=20) == (50, [])
        streamed: list[dict[str, Any]] = [
            {"_op_type": "delete", "_index": "app-1", "_id": "1"},
            {"_index": "app-1", "message": "streamed", "service": {"name": "bulk-stream"}},
        ]
        results = list(helpers.streaming_bulk(es, streamed, raise_on_error=False))
    assert [ok for ok, _ in results] == [False, True]
    assert results[0][1]["delete"]["status"] == 400
    events = receiving.events("service:bulk-helper", 50)
    assert [event["attributes"]["seq"] for event in events] == list(range(50))
    assert events[7]["@timestamp"] == "2026-11-21T10:00:07.500Z"
    assert events[7]["message"] == "from the helper 7"
    assert events[7]["log"]["level"] == "warn"
    assert events[7]["attributes"]["elasticsearch.index"] == "app-1"
    assert events[7]["attributes"]["elasticsearch.id"] == "id-7"
    assert "path" not in events[7]["log"].get("file", {})
    receiving.events("service:bulk-stream", 1)


def test_a_wrong_key_is_told_in_the_client_s_own_exception(receiving: Receiving) -> None:
    with closing(Elasticsearch(receiving.url, api_key="wrong")) as es:
        with pytest.raises(elasticsearch.AuthenticationException):
            es.bulk(operations=[{"index": {"_index": "a"}}, {"message": "never"}])
        with pytest.raises(elasticsearch.AuthenticationException):
            es.info()


@pytest.mark.parametrize("compression", [Compression.Gzip, Compression.NoCompression])
def test_the_opentelemetry_exporter(receiving: Receiving, compression: Compression) -> None:
    service = f"otel-{compression.value}"
    exporter = OTLPLogExporter(
        f"{receiving.url}/v1/logs", headers={"Authorization": f"Bearer {KEY}"},
        compression=compression,
    )  # fmt: skip
    provider = LoggerProvider(Resource({"service.name": service, "host.name": "web-9"}))
    provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
    logger = provider.get_logger("shop.cart")
    for number in range(30):
        logger.emit(
            LogRecord(
                timestamp=1_795_258_800_000_000_000 + number,
                severity_number=SeverityNumber.ERROR, severity_text="ERROR",
                body="payment failed" if number else {"code": 7, "why": "no money"},
                trace_id=0x5B8EFFF798038103D269B633813FC60C, span_id=0xEEE19B7EC3C1B174,
                attributes={"seq": number, "exception.type": "ValueError"},
            )
        )  # fmt: skip
    assert provider.force_flush()
    provider.shutdown()
    events = receiving.events(f"service:{service}", 30)
    assert sorted(event["attributes"]["seq"] for event in events) == list(range(30))
    event = next(e for e in events if e["attributes"]["seq"] == 29)
    assert event["message"] == "payment failed"
    assert event["log"]["level"] == "error"
    assert event["log"]["logger"] == "shop.cart"
    assert event["host"]["name"] == "web-9"
    assert event["error"]["type"] == "ValueError"
    assert event["trace"]["id"] == "5b8efff798038103d269b633813fc60c"
    assert event["@timestamp"] == "2026-11-21T11:00:00.000000029Z"
    structured = next(e for e in events if e["attributes"]["seq"] == 0)
    assert structured["attributes"]["why"] == "no money"


def test_the_loki_handler(receiving: Receiving) -> None:
    handler = LokiHandler(
        f"{receiving.url}/loki/api/v1/push", tags={"app": "loki-client", "pod": "p-1"},
        auth=("anybody", KEY),
    )  # fmt: skip
    logger = logging.getLogger("shop.loki")
    logger.addHandler(handler)
    logger.propagate = False
    for number in range(5):
        logger.error("level=error seq=%d loki says so", number)
    logger.removeHandler(handler)
    handler.close()
    events = receiving.events("service:loki-client", 5)
    assert events[0]["log"]["level"] == "error"
    assert events[0]["log"]["logger"] == "shop.loki"
    assert events[0]["attributes"]["pod"] == "p-1"
    assert "loki says so" in events[0]["message"]


def test_loki_s_protobuf(receiving: Receiving) -> None:
    push = Messages().push()
    stream = push.streams.add(labels='{app="loki-protobuf", filename="/var/log/a.log"}')
    for number in range(3):
        entry = stream.entries.add(line=f'{{"message": "json {number}", "level": "warn"}}')
        entry.timestamp.seconds = 1_795_258_800
        entry.metadata.add(name="trace_id", value="abc")
    answer = httpx.post(
        f"{receiving.url}/loki/api/v1/push",
        content=bytes(cramjam.snappy.compress_raw(push.SerializeToString())),
        headers={"Content-Type": "application/x-protobuf", "X-API-Key": KEY},
    )
    assert answer.status_code == 204
    events = receiving.events("service:loki-protobuf", 3)
    assert events[0]["message"] == "json 0"
    assert events[0]["log"]["level"] == "warn"
    assert events[0]["trace"]["id"] == "abc"
    assert events[0]["@timestamp"] == "2026-11-21T11:00:00.000Z"


def test_a_hundred_clients_and_bad_ones_among_them(receiving: Receiving) -> None:
    def send(number: int) -> None:
        if number % 10 == 0:
            large = number == 50
            body = b"x" * (21 * 2**20) if large else b"\xff" * 99
            refused = http.post(f"{receiving.url}/_bulk", content=body)
            assert refused.status_code == (413 if large else 400)
            return
        document = f'{{"message":"m","seq":{number},"service":{{"name":"many"}}}}'
        body = f'{{"create":{{}}}}\n{document}\n'.encode()
        assert http.post(f"{receiving.url}/_bulk", content=body).status_code == 200
        finished.append(number)

    finished: list[int] = []
    with httpx.Client(headers={"X-API-Key": KEY}, timeout=60) as http:
        _at_once([partial(send, number) for number in range(100)])
    assert len(finished) == 90
    receiving.pipeline.await_count("service:many", 90)
    found = receiving.pipeline.sequence_ids("service:many")
    assert sorted(found) == sorted(finished)
    assert set(found.values()) == {1}


def _at_once(tasks: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=task) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.skipif(
    not (RSYSLOG_MODULE.exists() and shutil.which("rsyslogd")),
    reason="rsyslog with its Elasticsearch module is not installed (Debian: rsyslog-elasticsearch)",
)
def test_rsyslog_s_elasticsearch_output(receiving: Receiving, tmp_path: Path) -> None:
    log = tmp_path / "in.log"
    log.write_text("".join(f"seq {number} from rsyslog\n" for number in range(20)))
    configuration = tmp_path / "rsyslog.conf"
    host, _, port = receiving.address.partition(":")
    configuration.write_text(f"""
        global(workDirectory="{tmp_path}")
        module(load="imfile")
        module(load="omelasticsearch")
        template(name="document" type="list" option.jsonf="on") {{
          property(outname="message" name="msg" format="jsonf")
          property(outname="service.name" name="syslogtag" format="jsonf")
        }}
        input(type="imfile" file="{log}" tag="rsyslog-client")
        action(type="omelasticsearch" server="{host}" serverport="{port}" template="document"
               bulkmode="on" searchIndex="rsyslog" uid="anybody" pwd="{KEY}" searchType="")
    """)
    command = ["rsyslogd", "-n", "-f", str(configuration), "-i", str(tmp_path / "pid")]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as rsyslog:
        try:
            events = receiving.events("service:rsyslog-client", 20)
        finally:
            rsyslog.terminate()
    assert {event["message"] for event in events} == {f"seq {n} from rsyslog" for n in range(20)}


def test_tls(tmp_path: Path, stack: ExitStack) -> None:
    if shutil.which("openssl") is None:
        missing(ServiceMissing("openssl is not installed"))
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "2", "-keyout", str(key), "-out", str(certificate),
         "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True, capture_output=True,
    )  # fmt: skip
    address = f"127.0.0.1:{free_port()}"
    tls = {"cert_file": str(certificate), "key_file": str(key)}
    pipeline = Pipeline(tmp_path, {"inputs": [{"http": address, "tls": tls}]})
    stack.callback(pipeline.stop)
    pipeline.start()
    with closing(Elasticsearch(f"https://{address}", ca_certs=str(certificate))) as es:
        eventually(es.ping, timeout_s=60, what="the HTTP input listens")
        document = {"message": "over TLS", "service": {"name": "tls"}}
        assert helpers.bulk(es, [{"_index": "a", **document}]) == (1, [])
    pipeline.await_count("service:tls", 1)


def _wordy_body(numbers: range) -> bytes:
    """Documents of about 4 kB that can hardly be compressed, and hide no secrets."""
    dice = random.Random(numbers.start)
    lines = []
    for number in numbers:
        words = " ".join(
            "".join(dice.choices("abcdefghijklmnopqrstuvwxyz", k=5)) for _ in range(700)
        )
        document = {"service": {"name": "held"}, "seq": number, "message": words}
        lines += ['{"create":{}}', json.dumps(document)]
    return "".join(f"{line}\n" for line in lines).encode()


@pytest.mark.slow
def test_while_the_broker_takes_nothing_clients_are_told_to_come_again(
    tmp_path: Path, stack: ExitStack
) -> None:
    """First for want of an acknowledgement, then of room; nothing is lost or doubled by that."""
    receiving = Receiving(
        tmp_path,
        stack,
        broker={"local": {"max_bytes": "100KB"}},
        timeout="500ms",
        max_spool_bytes="1MiB",
    )
    pipeline, size = receiving.pipeline, 50
    bodies = [_wordy_body(range(n * size, (n + 1) * size)) for n in range(12)]
    processor = eventually(
        lambda: pipeline.children().get("process"), timeout_s=60, what="it processes"
    )
    processor.suspend()
    stack.callback(processor.resume)
    with httpx.Client(timeout=30) as http:
        answers = [http.post(f"{receiving.url}/_bulk", content=body) for body in bodies]
        refused = [answer for answer in answers if answer.status_code != 200]
        assert {answer.status_code for answer in refused} == {429, 503}
        for answer in refused:
            assert answer.headers["retry-after"] == "5"
            assert answer.json()["error"]["reason"]
        processor.resume()
        for body, answer in zip(bodies, answers, strict=True):
            if answer.status_code != 200:
                _send_until_it_succeeds(http, receiving.url, body)
    pipeline.await_count("service:held", len(bodies) * size, timeout_s=60)
    verdict = verify(pipeline.sequence_ids("service:held"), len(bodies) * size)
    assert verdict.green, f"{verdict}\n{pipeline.said()}"
    assert pipeline.doctor(wait_s=20) == 0


REQUESTS, SIZE, CLIENTS = 160, 25, 4


def _bodies(first: int) -> Iterator[bytes]:
    for request in range(first, REQUESTS, CLIENTS):
        yield b"".join(
            b'{"create":{}}\n{"message":"m","seq":%d,"service":{"name":"killed"}}\n' % number
            for number in range(request * SIZE, (request + 1) * SIZE)
        )


def _send_until_it_succeeds(http: httpx.Client, url: str, body: bytes) -> None:
    while True:
        try:
            answer = http.post(f"{url}/_bulk", content=body)
        except httpx.TransportError:
            time.sleep(0.05)
            continue
        if answer.status_code == 200 and not answer.json()["errors"]:
            return


@pytest.mark.slow
def test_nothing_is_lost_or_doubled_though_the_shipper_is_killed_under_load(
    tmp_path: Path, stack: ExitStack
) -> None:
    """Clients send each request again until it succeeds, as all of them do."""
    receiving = Receiving(tmp_path, stack)
    done: list[int] = []

    def send(first: int) -> None:
        with httpx.Client(timeout=20) as http:
            for body in _bodies(first):
                _send_until_it_succeeds(http, receiving.url, body)
                done.append(first)

    def are_done(count: int) -> bool:
        return len(done) >= count

    def kill() -> None:
        dice = random.Random(11)
        for moment in sorted(dice.sample(range(10, REQUESTS - 10), 3)):
            eventually(partial(are_done, moment), timeout_s=120, what="the clients go on")
            receiving.pipeline.kill("ship")

    _at_once([kill, *(partial(send, first) for first in range(CLIENTS))])
    expected = REQUESTS * SIZE
    receiving.pipeline.await_count("service:killed", expected, timeout_s=60)
    verdict = verify(receiving.pipeline.sequence_ids("service:killed"), expected)
    assert verdict.green, f"{verdict}\n{receiving.pipeline.said()}"
    assert receiving.pipeline.doctor(wait_s=20) == 0
