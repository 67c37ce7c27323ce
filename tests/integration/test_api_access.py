"""The API as a process that other machines could reach: keys, TLS, revocation, what its logs tell."""

from __future__ import annotations

import os
import shutil
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.polling import eventually
from tests.services.errors import ServiceMissing
from tests.services.process import free_port
from tests.services.sources import missing


class Place:
    """A folder with a configuration, and the commands that work with it."""

    def __init__(self, folder: Path, **api: Any) -> None:
        self.folder = folder
        self.port = free_port()
        self.config = folder / "logboom.yaml"
        content = {"data": str(folder / "data"), "api": {"listen": f"0.0.0.0:{self.port}", **api}}
        self.config.write_text(yaml.safe_dump(content))

    def run(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "logboom", *words], capture_output=True, text=True, timeout=120,
            env={**os.environ, **environment}, check=False,
        )  # fmt: skip

    def key(self, name: str, *words: str) -> str:
        made = self.run("keys", "create", name, *words, "-c", str(self.config))
        assert made.returncode == 0, made.stderr
        return made.stdout.strip()

    @contextmanager
    def api(self) -> Iterator[None]:
        with (self.folder / "api.out").open("ab") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "logboom", "api", "-c", str(self.config)],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out,
            )  # fmt: skip
        try:
            yield
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0
        finally:
            process.kill()
            process.wait()


def _certificate(folder: Path, name: str) -> None:
    if shutil.which("openssl") is None:
        missing(ServiceMissing("openssl is not installed"))
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "2", "-keyout", str(folder / "new-key.pem"), "-out",
         str(folder / "new-certificate.pem"), "-subj", f"/CN={name}", "-addext",
         "subjectAltName=DNS:localhost,IP:127.0.0.1"],
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    for part in ("key.pem", "certificate.pem"):
        (folder / f"new-{part}").replace(folder / part)


def _certificate_of(port: int) -> str:
    return ssl.get_server_certificate(("127.0.0.1", port), timeout=30)


@pytest.mark.parametrize("command", ["api", "up"])
def test_without_a_key_it_does_not_start_where_others_could_come(
    tmp_path: Path, command: str
) -> None:
    place = Place(tmp_path)
    refused = place.run(command, "-c", str(place.config))
    assert refused.returncode != 0
    assert "needs API keys, and there is none yet" in refused.stderr
    assert "logboom keys create admin --scope admin" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_it_serves_those_with_a_key_over_tls(tmp_path: Path) -> None:
    _certificate(tmp_path, "first")
    files = {"cert_file": "certificate.pem", "key_file": "key.pem"}
    tls = {name: str(tmp_path / file) for name, file in files.items()}
    place = Place(tmp_path, tls={**tls, "min_version": "1.3"})
    admin, reader = place.key("admin", "--scope", "admin"), place.key("reader")
    url = f"https://127.0.0.1:{place.port}"
    with ExitStack() as stack:
        stack.enter_context(place.api())
        trust = ssl.create_default_context(cafile=tmp_path / "certificate.pem")
        client = stack.enter_context(httpx.Client(verify=trust, base_url=url, timeout=60))

        def answers() -> bool:
            try:
                return client.get("/healthz").status_code == 200
            except httpx.TransportError:
                return False

        eventually(answers, timeout_s=120, what="the API answers")
        assert client.get("/api/v1/count").status_code == 401
        known = {"Authorization": f"Bearer {reader}"}
        assert client.get("/api/v1/count", headers=known).json()["count"] == 0
        in_url = client.get("/api/v1/count", params={"key": reader})
        assert in_url.status_code == 401
        old = ssl.create_default_context(cafile=tmp_path / "certificate.pem")
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{url}/healthz", verify=old, timeout=60)

        secret_file = tmp_path / "key"
        secret_file.write_text(reader)
        trusted = {"SSL_CERT_FILE": str(tmp_path / "certificate.pem")}
        told = place.run(
            "search", "x", "--url", url, LOGBOOM_API_KEY_FILE=str(secret_file), **trusted
        )
        assert (told.returncode, told.stderr) == (0, "0 of 0 events\n")
        unknown = place.run("search", "x", "--url", url, **trusted)
        assert unknown.returncode == 1
        assert "LOGBOOM_API_KEY_FILE" in unknown.stderr

        before = _certificate_of(place.port)
        _certificate(tmp_path, "second")
        assert _certificate_of(place.port) != before
        trust.load_verify_locations(tmp_path / "certificate.pem")

        revoked = place.run("keys", "revoke", "reader", "-c", str(place.config))
        assert revoked.returncode == 0
        eventually(
            lambda: client.get("/api/v1/count", headers=known).status_code == 401,
            timeout_s=60, what="the revoked key is worth nothing",
        )  # fmt: skip
    written = (tmp_path / "api.out").read_text() + (tmp_path / "data/audit/api.log").read_text()
    assert '"user.name": "key reader"' in written
    assert "Traceback" not in written
    for secret in (admin, reader):
        assert secret not in written
