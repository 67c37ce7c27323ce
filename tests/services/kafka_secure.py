"""A Kafka that asks for SASL over TLS, with rights, and makes no topics by itself."""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.services.errors import ServiceFailed
from tests.services.java import find_java
from tests.services.kafka import format_storage, made, server_properties
from tests.services.process import JvmService, free_port

ALICE = ("alice", "alice-has-all-rights")
BOB = ("bob", "bob-has-no-rights")
_STORE_PASSWORD = "changeit"
_MODULE = "org.apache.kafka.common.security"


@dataclass(frozen=True)
class SecureKafka:
    """A broker with a secure listener.

    Attributes:
        service: The process.
        address: HOST:PORT of the secure listener.
        ca_file: The certificate to trust.
    """

    service: JvmService
    address: str
    ca_file: Path


def start_secure_kafka() -> SecureKafka:
    """Starts one; `ALICE` may do everything, `BOB` nothing.

    Raises:
        ServiceMissing: When it cannot be had on this machine.
        ServiceFailed: When it does not start.
    """
    folder = Path(tempfile.mkdtemp(prefix="logboom-kafka-secure-"))
    port, secure, controller = free_port(), free_port(), free_port()
    settings = _settings(folder, port, secure, controller)
    text = server_properties(port, controller, folder / "data", settings)
    service = made(folder, port, text, heap="384m")
    try:
        _make_certificate(folder)
        users = [
            option
            for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512")
            for name, password in (ALICE, BOB)
            for option in ("--add-scram", f"{mechanism}=[name={name},password={password}]")
        ]
        format_storage(folder, *users)
        service.start()
    except BaseException:
        service.remove()
        raise
    return SecureKafka(service, f"127.0.0.1:{secure}", folder / "ca.pem")


def _settings(folder: Path, port: int, secure: int, controller: int) -> dict[str, str]:
    users = " ".join(f'user_{name}="{password}"' for name, password in (ALICE, BOB))
    listeners = f"PLAINTEXT://127.0.0.1:{port},SASL_SSL://127.0.0.1:{secure}"
    return {
        "listeners": f"{listeners},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": listeners,
        "listener.security.protocol.map": (
            "PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT"
        ),
        "inter.broker.listener.name": "PLAINTEXT",
        "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
        "listener.name.sasl_ssl.plain.sasl.jaas.config": (
            f"{_MODULE}.plain.PlainLoginModule required {users};"
        ),
        "listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config": (
            f"{_MODULE}.scram.ScramLoginModule required;"
        ),
        "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config": (
            f"{_MODULE}.scram.ScramLoginModule required;"
        ),
        "ssl.keystore.type": "PKCS12",
        "ssl.keystore.location": str(folder / "kafka.p12"),
        "ssl.keystore.password": _STORE_PASSWORD,
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": f"User:ANONYMOUS;User:{ALICE[0]}",
        "auto.create.topics.enable": "false",
    }


def _make_certificate(folder: Path) -> None:
    """A key and its own certificate for 127.0.0.1, by the JDK's keytool."""
    tool = str(find_java(17) / "bin" / "keytool")
    store = (
        "-keystore",
        str(folder / "kafka.p12"),
        "-storepass",
        _STORE_PASSWORD,
        "-alias",
        "kafka",
    )
    for action in (
        ("-genkeypair", "-keyalg", "EC", "-dname", "CN=127.0.0.1", "-ext", "SAN=ip:127.0.0.1",
         "-ext", "bc:critical=ca:true", "-ext", "ku=digitalSignature,keyCertSign", "-validity", "2",
         "-storetype", "PKCS12"),
        ("-exportcert", "-rfc", "-file", str(folder / "ca.pem")),
    ):  # fmt: skip
        done = subprocess.run([tool, *action, *store], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise ServiceFailed(f"keytool: {done.stdout}{done.stderr}")
