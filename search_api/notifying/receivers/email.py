"""How is an e-mail sent?"""

from __future__ import annotations

from email.message import EmailMessage
from email.utils import format_datetime
from html import escape

import aiosmtplib

from logboom.config.receiving import EmailSection
from logboom.errors import ReceiverUnreachable
from search_api.alerts.alert import Alert
from search_api.notifying import wording
from search_api.notifying.client import Client
from search_api.notifying.notification import Notification, Outcome

_PICTURE = "chart@logboom"


async def deliver(section: EmailSection, notification: Notification, client: Client) -> Outcome:
    """Sends one mail to all addresses.

    Raises:
        ReceiverError: No answer.
    """
    sock = await client.connected(section.host, section.port)
    try:
        smtp = aiosmtplib.SMTP(
            hostname=section.host, port=None, sock=sock, timeout=client.timeout_s,
            use_tls=section.security == "tls", start_tls=section.security == "starttls",
            tls_context=client.tls if section.security != "none" else None,
        )  # fmt: skip
        async with smtp:
            if section.username is not None and section.password is not None:
                await smtp.login(section.username, section.password.get_secret_value())
            refused, _ = await smtp.send_message(
                message(section, notification), sender=section.sender, recipients=section.to
            )
    except aiosmtplib.SMTPRecipientsRefused as error:
        codes = [one.code for one in error.recipients]
        return _failed("recipients", min(codes, default=550))
    except aiosmtplib.SMTPResponseException as error:
        return _failed(type(error).__name__.removeprefix("SMTP"), error.code)
    except (aiosmtplib.SMTPException, OSError) as error:
        raise ReceiverUnreachable(f"does not answer: {type(error).__name__}") from error
    finally:
        sock.close()
    if refused:
        return Outcome(delivered=True, detail=f"{len(refused)} of {len(section.to)} refused")
    return Outcome(delivered=True, detail="taken by the mail server")


def message(section: EmailSection, notification: Notification) -> EmailMessage:
    """The mail: plain text and HTML; those of a group are one conversation."""
    domain = section.sender.rpartition("@")[2].strip("<> ") or "logboom"
    mail = EmailMessage()
    mail["Subject"] = wording.title(notification)
    mail["From"] = section.sender
    mail["To"] = ", ".join(section.to)
    mail["Date"] = format_datetime(notification.at)
    mail["Message-ID"] = f"<{notification.key}@{domain}>"
    mail["References"] = f"<{notification.group}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    if notification.severity == "critical" and notification.firing:
        mail["Importance"] = "high"
    mail.set_content(wording.plain(notification))
    mail.add_alternative(_html(notification), subtype="html")
    if notification.chart is not None:
        parts = mail.get_payload()
        if isinstance(parts, list) and isinstance(parts[1], EmailMessage):
            parts[1].add_related(notification.chart, "image", "png", cid=f"<{_PICTURE}>")
    return mail


def _html(notification: Notification) -> str:
    blocks = [_block(notification, alert) for alert in wording.shown(notification)]
    chart = f'<p><img src="cid:{_PICTURE}" alt="what was measured"></p>' * (
        notification.chart is not None
    )
    rest = escape(wording.left_out(notification))
    return (
        '<html><body style="font-family:sans-serif">'
        f"<h2>{escape(wording.title(notification))}</h2>{chart}{''.join(blocks)}<p>{rest}</p>"
        "</body></html>"
    )


def _block(notification: Notification, alert: Alert) -> str:
    colour = "#b71c1c" if alert.ends_at is None else "#2e7d32"
    lines = [wording.measured(alert), wording.lasted(alert), wording.labels_text(alert)]
    lines.append(alert.annotations.get("description", ""))
    samples = "\n".join(wording.sample_lines(alert))
    links = " · ".join(
        f'<a href="{escape(address)}">{escape(word)}</a>'
        for word, address in wording.links(notification, alert)
    )
    head = f"{wording.state_word(alert)}: {wording.headline(alert)}"
    return (
        f'<h3 style="color:{colour}">{escape(head)}</h3>'
        f"<p>{'<br>'.join(escape(line) for line in lines if line)}</p>"
        + (f'<pre style="background:#eee;padding:8px">{escape(samples)}</pre>' if samples else "")
        + f"<p>{links}</p>"
    )


def _failed(what: str, code: int) -> Outcome:
    return Outcome(delivered=False, detail=f"SMTP {code}: {what}", retryable=400 <= code < 500)
