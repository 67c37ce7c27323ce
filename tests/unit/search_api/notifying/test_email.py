"""A real SMTP server gets the mail."""

from __future__ import annotations

import asyncio
import email
import email.policy
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from logboom.errors import ReceiverUnreachable
from search_api.notifying.notification import Outcome
from tests.unit.search_api.notifying.telling import PNG, ended, message, one_alert, tell


class Mailbox:
    """Keeps what it is sent, unless it refuses the recipient."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.recipients: list[list[str]] = []

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        if address.startswith("unknown"):
            return "550 no such user"
        if address.startswith("later"):
            return "450 come back later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        parsed = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(parsed, EmailMessage)
        self.mails.append(parsed)
        self.recipients.append(envelope.rcpt_tos)
        return "250 OK"


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@asynccontextmanager
async def serving(mailbox: Mailbox, **settings: Any) -> AsyncIterator[int]:
    """A mail server on a free port of loopback."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(mailbox, **settings), "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


@pytest.fixture
async def port(mailbox: Mailbox) -> AsyncIterator[int]:
    async with serving(mailbox) as number:
        yield number


def section(port: int, *to: str, **more: Any) -> dict[str, Any]:
    return {
        "host": "127.0.0.1", "port": port, "sender": "logboom@example.org", "security": "none",
        "to": list(to) or ["oncall@example.org"], **more,
    }  # fmt: skip


def certificate(folder: Path) -> Path:
    """A certificate for loopback that signs itself, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2099, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    file = folder / "mail.pem"
    file.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        + made.public_bytes(Encoding.PEM)
    )
    return file


def is_known(
    _server: Any, _session: Any, _envelope: Any, _how: str, data: LoginPassword
) -> AuthResult:
    fits = data.login == b"bot" and data.password == b"right"
    return AuthResult(success=fits, handled=fits)


@pytest.mark.parametrize(("password", "delivered"), [("right", True), ("wrong", False)])
async def test_passwords_go_over_tls(
    mailbox: Mailbox, tmp_path: Path, password: str, delivered: bool
) -> None:
    file = certificate(tmp_path)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(file)
    login = {"security": "starttls", "username": "bot", "password": password}
    settings = {
        "tls_context": tls,
        "require_starttls": True,
        "authenticator": is_known,
        "auth_required": True,
    }
    async with serving(mailbox, **settings) as number:
        outcome = await tell(
            message(one_alert()), email=section(number, **login), ca_file=str(file)
        )
        assert outcome.delivered == delivered
        assert len(mailbox.mails) == int(delivered)
        assert "wrong" not in outcome.detail
        with pytest.raises(ReceiverUnreachable):  # nobody vouches for it
            await tell(message(one_alert()), email=section(number, **login))


async def test_a_mail_has_text_html_and_the_picture(port: int, mailbox: Mailbox) -> None:
    outcome = await tell(
        message(one_alert(), chart=PNG), email=section(port, "a@example.org", "b@example.org")
    )
    assert outcome.delivered
    (mail,) = mailbox.mails
    assert mailbox.recipients == [["a@example.org", "b@example.org"]]
    assert mail["Subject"] == "[FIRING:1] ep in checkout (critical)"
    assert mail["Message-ID"] == "<0123456789abcdef@example.org>"
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert "| error a <b> & c" in plain.get_content()
    assert "a &lt;b&gt; &amp; c" in html.get_content()
    assert "cid:chart@logboom" in html.get_content()
    pictures = [part for part in mail.walk() if part.get_content_type() == "image/png"]
    assert [part.get_content() for part in pictures] == [PNG]


async def test_a_line_break_in_a_label_breaks_no_mail(port: int, mailbox: Mailbox) -> None:
    broken = replace(one_alert(), labels={**one_alert().labels, "alertname": "a\r\nBcc: b\n"})
    assert (await tell(message(broken), email=section(port))).delivered
    assert mailbox.mails[0]["Subject"] == "[FIRING:1] a Bcc: b in checkout (critical)"


async def test_mails_of_a_group_are_one_conversation(port: int, mailbox: Mailbox) -> None:
    await tell(message(one_alert()), email=section(port))
    await tell(message(ended(one_alert()), kind="resolved"), email=section(port))
    assert {mail["References"] for mail in mailbox.mails} == {"<group1@example.org>"}


@pytest.mark.parametrize(
    ("to", "outcome"),
    [
        (["unknown@x.org"], Outcome(delivered=False, detail="SMTP 550: recipients")),
        (["later@x.org"], Outcome(delivered=False, detail="SMTP 450: recipients", retryable=True)),
        (["unknown@x.org", "a@x.org"], Outcome(delivered=True, detail="1 of 2 refused")),
    ],
)
async def test_refused_recipients(port: int, to: list[str], outcome: Outcome) -> None:
    assert await tell(message(one_alert()), email=section(port, *to)) == outcome


async def test_a_server_without_tls_gets_no_password(port: int, mailbox: Mailbox) -> None:
    login = {"security": "starttls", "username": "bot", "password": "right"}
    with pytest.raises(ReceiverUnreachable):
        await tell(message(one_alert()), email=section(port, **login))
    assert mailbox.mails == []


async def test_nobody_there() -> None:
    with pytest.raises(ReceiverUnreachable):
        await tell(message(one_alert()), email=section(1))
