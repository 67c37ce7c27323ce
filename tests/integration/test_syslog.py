"""Syslog from its real senders, over UDP, TCP and TLS, through the whole pipeline."""

from __future__ import annotations

import contextlib
import logging
import shutil
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from logging.handlers import SysLogHandler
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from logboom.certificates import Certificates
from logboom.config import ServerTlsSection
from tests.flow import Pipeline, verify
from tests.polling import eventually
from tests.services.errors import ServiceMissing
from tests.services.process import accepts, free_port
from tests.services.sources import missing

_RSYSLOG = """
global(workDirectory="{folder}")
module(load="imfile")
input(type="imfile" file="{folder}/app.log" tag="app:")
action(type="omfwd" target="127.0.0.1" port="{port}" protocol="tcp" TCP_Framing="octet-counted"
       template="RSYSLOG_SyslogProtocol23Format" action.resumeRetryCount="-1")
"""


def make_certificates(folder: Path) -> None:
    """An authority, and what it says of a server and of a client: PEM files in the folder."""

    def run(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    run("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=authority",
        "-days", "2")  # fmt: skip
    for name in ("server", "client"):
        run("req", "-new", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr",
            "-subj", f"/CN={name}.example")  # fmt: skip
        (folder / f"{name}.ext").write_text("subjectAltName=IP:127.0.0.1\n")
        run("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
            "-out", f"{name}.pem", "-days", "2", "-extfile", f"{name}.ext")  # fmt: skip


@pytest.fixture(scope="module")
def listening(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Pipeline, int, int]]:
    """A pipeline, its port for UDP and TCP, and its port for TLS."""
    folder = tmp_path_factory.mktemp("syslog")
    if shutil.which("openssl") is None:
        missing(ServiceMissing("openssl is not installed"))
    make_certificates(folder)
    plain, secured = free_port(), free_port()
    tls = {"cert_file": "server.pem", "key_file": "server.key", "client_ca_file": "ca.pem"}
    settings = {
        "inputs": [
            {"syslog": f"127.0.0.1:{plain}"},
            {
                "syslog": f"0.0.0.0:{secured}",
                "tls": {name: str(folder / file) for name, file in tls.items()},
            },
        ]
    }
    pipeline = Pipeline(folder, settings)
    pipeline.start()
    try:
        for port in (plain, secured):
            address = f"127.0.0.1:{port}"
            eventually(partial(accepts, address), timeout_s=120, what=address)
        yield pipeline, plain, secured
    finally:
        pipeline.stop()


def found(pipeline: Pipeline, text: str) -> dict[str, Any]:
    """The one event with this word."""
    pipeline.await_count(text, 1)
    (event,) = pipeline.ask("search", q=text)["events"]
    return dict(event)


@pytest.mark.parametrize("transport", [["-d"], ["-T"], ["-T", "--octet-count"]])
@pytest.mark.parametrize("form", ["--rfc3164", "--rfc5424"])
def test_logger(listening: tuple[Pipeline, int, int], transport: list[str], form: str) -> None:
    if shutil.which("logger") is None:
        missing(ServiceMissing("logger of util-linux is not installed"))
    pipeline, port, _ = listening
    word = f"word{form}{''.join(transport)}".replace("-", "")
    command = ["logger", "-n", "127.0.0.1", "-P", str(port), *transport, form, "-t", "shop",
               "--id=4711", "-p", "local3.warning", f"{word} of a logger"]  # fmt: skip
    subprocess.run(command, check=True)
    event = found(pipeline, word)
    assert event["message"] == f"{word} of a logger"
    assert event["process"] == {"name": "shop", "pid": 4711}
    assert event["service"]["name"] == "shop"
    assert event["log"]["level"] == "warn"
    assert event["log"]["syslog"] == {"priority": 156, "facility": {"name": "local3"}}
    assert event["host"]["name"] == socket.gethostname().split(".")[0]
    assert "file" not in event["log"]
    assert "parse_failed" not in event.get("tags", ())


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
def test_python(listening: tuple[Pipeline, int, int], kind: socket.SocketKind) -> None:
    pipeline, port, _ = listening
    handler = SysLogHandler(("127.0.0.1", port), facility=SysLogHandler.LOG_LOCAL0, socktype=kind)
    logger = logging.Logger("shop")  # noqa: LOG001 - one that nobody else has
    logger.addHandler(handler)
    word = f"python{int(kind)}"
    logger.error("%s first\n  second", word)
    logger.info("%sb next", word)
    handler.close()
    event = found(pipeline, word)
    assert event["message"] == f"{word} first\n  second"
    assert event["log"]["level"] == "error"
    assert found(pipeline, f"{word}b")["log"]["level"] == "info"


def test_tls_for_those_who_show_a_certificate(listening: tuple[Pipeline, int, int]) -> None:
    pipeline, _, port = listening
    folder = pipeline.folder
    message = '<13>1 - far.example app - - [a@1 b="c"] whispered Grüße'
    data = message.encode()
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-CAfile", "ca.pem",
               "-verify_return_error", "-quiet", "-no_ign_eof",
               "-cert", "client.pem", "-key", "client.key"]  # fmt: skip
    with subprocess.Popen(
        command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as client:  # fmt: skip
        assert client.stdin is not None
        client.stdin.write(b"%d %s" % (len(data), data))
        client.stdin.flush()
        event = found(pipeline, "whispered")
    assert event["message"] == "whispered Grüße"
    assert event["host"]["name"] == "far.example"
    assert event["attributes"]["peer_name"] == "client.example"
    assert event["attributes"]["structured_data"] == {"a@1": {"b": "c"}}


def intrude(port: int, context: ssl.SSLContext) -> None:
    """Writes without a certificate; whether that fails at once depends on the version of TLS."""
    with (
        contextlib.suppress(ssl.SSLError, ConnectionError),
        socket.create_connection(("127.0.0.1", port), 10) as connection,
        context.wrap_socket(connection, server_hostname="127.0.0.1") as stranger,
    ):
        stranger.sendall(b"12 <13>intruder")
        while stranger.recv(100):
            pass


def test_tls_keeps_strangers_out_and_says_so(listening: tuple[Pipeline, int, int]) -> None:
    pipeline, _, port = listening
    context = ssl.create_default_context(cafile=pipeline.folder / "ca.pem")
    intrude(port, context)
    with socket.create_connection(("127.0.0.1", port), 10) as plain:
        plain.sendall(b"<13>intruder\n")
        while plain.recv(100):
            pass
    log = pipeline.folder / "data" / "logs" / "shipper.log"
    eventually(
        lambda: log.read_text().count("no TLS with 127.0.0.1") >= 2,
        timeout_s=120,
        what="both are told",
    )
    assert "stack_trace" not in log.read_text()
    assert pipeline.count("intruder") == 0


def test_rsyslog_forwards_over_tcp(listening: tuple[Pipeline, int, int], tmp_path: Path) -> None:
    program = shutil.which("rsyslogd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if program is None:
        missing(ServiceMissing("rsyslogd is not installed"))
    pipeline, port, _ = listening
    (tmp_path / "app.log").write_text(
        "".join(f'{{"seq": {n}, "message": "forwarded"}}\n' for n in range(2000))
    )
    (tmp_path / "rsyslog.conf").write_text(_RSYSLOG.format(folder=tmp_path, port=port))
    with (tmp_path / "said").open("wb") as said:
        rsyslog = psutil.Popen(
            [program, "-n", "-f", str(tmp_path / "rsyslog.conf"), "-i", str(tmp_path / "pid")],
            stdin=subprocess.DEVNULL, stdout=said, stderr=said,
        )  # fmt: skip
    try:
        pipeline.await_count("forwarded", 2000, timeout_s=240)
    finally:
        rsyslog.terminate()
        rsyslog.wait(30)
    verdict = verify(pipeline.sequence_ids("forwarded"), 2000)
    assert verdict.green, verdict
    assert pipeline.count("forwarded AND process.name:app") == 2000


def test_nothing_is_unaccounted_for(listening: tuple[Pipeline, int, int]) -> None:
    pipeline, _, _ = listening
    assert pipeline.doctor(wait_s=30) == 0


def test_a_shipper_that_is_killed_loses_and_doubles_nothing_that_it_had_kept(
    tmp_path: Path,
) -> None:
    """A sender over TCP cannot know what arrived: what did must be a gapless beginning."""
    port = free_port()
    pipeline = Pipeline(tmp_path, {"inputs": [{"syslog": f"127.0.0.1:{port}", "transport": "tcp"}]})
    pipeline.start()
    address, kept_at_kills = f"127.0.0.1:{port}", []
    try:
        for life in range(3):
            eventually(partial(accepts, address), timeout_s=240, what=address)
            with socket.create_connection(("127.0.0.1", port), 30) as connection:
                for number in range(20_000):
                    line = b'<13>1 - h app - - - {"seq": %d, "message": "life%d"}\n' % (
                        number,
                        life,
                    )
                    try:
                        connection.sendall(line)
                    except ConnectionError:
                        break
                    if number == 5000:
                        pipeline.await_count(f"life{life}", 1)
                        kept_at_kills.append(pipeline.count(f"life{life}"))
                        pipeline.kill("ship")
            assert len(kept_at_kills) == life + 1, pipeline.said()
        eventually(partial(accepts, address), timeout_s=240, what=address)
        assert pipeline.doctor(wait_s=60) == 0
        for life, kept in enumerate(kept_at_kills):
            ids = pipeline.sequence_ids(f"life{life}")
            verdict = verify(ids, len(ids))
            assert verdict.green, (life, verdict, pipeline.said())
            assert kept <= len(ids) <= 20_000
    finally:
        pipeline.stop()


def tell(tmp_path: Path, section: dict[str, Any]) -> str:
    """What `logboom ship` says when it cannot listen."""
    config = tmp_path / "logboom.yaml"
    config.write_text(yaml.safe_dump({"inputs": [section], "data": str(tmp_path / "data")}))
    done = subprocess.run(
        [sys.executable, "-m", "logboom", "ship", "-c", str(config)],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode in {1, 2}
    lines = [line for line in done.stderr.splitlines() if line.startswith("logboom")]
    assert "Traceback" not in done.stderr
    assert len(lines) == 1, done.stderr
    return lines[0]


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
def test_a_port_in_use_is_told_in_one_line(tmp_path: Path, kind: socket.SocketKind) -> None:
    with socket.socket(socket.AF_INET, kind) as other:
        other.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{other.getsockname()[1]}"
        name = "UDP" if kind is socket.SOCK_DGRAM else "TCP"
        assert f"syslog {address}: the {name} port is in use" in tell(tmp_path, {"syslog": address})


def test_certificates_that_cannot_be_used_are_told_in_one_line(tmp_path: Path) -> None:
    make_certificates(tmp_path)
    paths = {name: str(tmp_path / name) for name in ("server.pem", "server.key", "client.key")}
    (tmp_path / "empty.pem").touch()

    def said(**files: str) -> str:
        tls = {"cert_file": paths["server.pem"], "key_file": paths["server.key"]} | files
        return tell(tmp_path, {"syslog": f"127.0.0.1:{free_port()}", "tls": tls})

    assert "nowhere.pem cannot be read: No such file or directory" in said(cert_file="nowhere.pem")
    assert "are no certificate and its key" in said(key_file=paths["client.key"])
    assert "has no certificates" in said(client_ca_file=str(tmp_path / "empty.pem"))
    subprocess.run(
        ["openssl", "ec", "-in", "server.key", "-aes128", "-passout", "pass:x", "-out", "locked.key"],
        cwd=tmp_path, check=True, capture_output=True,
    )  # fmt: skip
    assert "the key without a password" in said(key_file=str(tmp_path / "locked.key"))


def test_certificates_are_read_again_when_they_were_renewed(tmp_path: Path) -> None:
    make_certificates(tmp_path)
    section = ServerTlsSection(
        cert_file=tmp_path / "server.pem", key_file=tmp_path / "server.key",
        client_ca_file=tmp_path / "ca.pem",
    )  # fmt: skip
    certificates = Certificates(section, where="test")
    first = certificates.context()
    assert certificates.context() is first
    section.key_file.write_text("half of it")
    assert certificates.context() is first
    make_certificates(tmp_path)
    assert certificates.context() is not first


def test_a_check_finds_what_a_shipper_would(tmp_path: Path) -> None:
    tls = {"cert_file": "nowhere.pem", "key_file": "nowhere.key"}
    for section, reason in (
        ({"syslog": "127.0.0.1:5514", "format": "jsn"}, "did you mean json"),
        ({"syslog": "127.0.0.1:5514", "tls": tls}, "nowhere.pem cannot be read"),
    ):
        config = tmp_path / "logboom.yaml"
        config.write_text(yaml.safe_dump({"inputs": [section], "data": str(tmp_path / "data")}))
        done = subprocess.run(
            [sys.executable, "-m", "logboom", "check", "-c", str(config)],
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode == 2
        assert reason in done.stderr


def test_an_address_for_everybody_has_to_be_asked_for(tmp_path: Path) -> None:
    said = tell(tmp_path, {"syslog": "0.0.0.0:5514"})
    assert "0.0.0.0:5514 can be reached from other machines" in said
    assert "allow_remote" in said
