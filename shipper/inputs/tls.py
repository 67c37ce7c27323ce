"""What does TLS need where we are the server?"""

from __future__ import annotations

import ssl
from pathlib import Path

from logboom.config import ServerTlsSection
from logboom.errors import ConfigError


def server_context(section: ServerTlsSection, *, where: str) -> ssl.SSLContext:
    """Loads our certificate, and those of the authorities whose clients are let in.

    Args:
        where: Whose settings these are, for messages.

    Raises:
        ConfigError: When one of the files cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    for path in (section.cert_file, section.key_file, section.client_ca_file):
        if path is not None:
            _check_readable(path, where)
    try:
        context.load_cert_chain(section.cert_file, section.key_file, password=lambda: b"")
    except (ssl.SSLError, ValueError) as error:
        reason = getattr(error, "reason", None) or str(error)
        raise ConfigError(
            f"{section.cert_file} and {section.key_file} are no certificate and its key: {reason}",
            where=where, mend="both in PEM, the key without a password",
        ) from error  # fmt: skip
    if section.client_ca_file is not None:
        try:
            context.load_verify_locations(section.client_ca_file)
        except ssl.SSLError as error:
            raise ConfigError(
                f"{section.client_ca_file} has no certificates: {error.reason}", where=where,
                mend="write them in PEM",
            ) from error  # fmt: skip
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _check_readable(path: Path, where: str) -> None:
    try:
        with path.open("rb"):
            return
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}", where=where) from error
