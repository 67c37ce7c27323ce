"""What does TLS need where we are the server?"""

from __future__ import annotations

import logging
import ssl
from pathlib import Path

from logboom.config import ServerTlsSection
from logboom.errors import ConfigError

_VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}

log = logging.getLogger("logboom.tls")


class Certificates:
    """Our certificate, and whom we let in; read again when one of the files has changed.

    Args:
        section: Names the files.
        where: Whose settings these are, for messages.

    Raises:
        ConfigError: When one of the files cannot be used.
    """

    def __init__(self, section: ServerTlsSection, *, where: str) -> None:
        self._section = section
        self._where = where
        self._seen = self._changes()
        self._context = server_context(section, where=where)

    def context(self) -> ssl.SSLContext:
        """For the next connection; the last one that was good while new files cannot be used."""
        changes = self._changes()
        if changes != self._seen:
            self._seen = changes
            try:
                self._context = server_context(self._section, where=self._where)
            except ConfigError as error:
                log.warning("the certificates from before are kept: %s", error.sentence())
            else:
                log.info("%s: new certificates are used", self._where)
        return self._context

    def _changes(self) -> tuple[int, ...]:
        section = self._section
        paths = (section.cert_file, section.key_file, section.client_ca_file)
        return tuple(_changed_ns(path) for path in paths if path is not None)


def server_context(section: ServerTlsSection, *, where: str) -> ssl.SSLContext:
    """Loads our certificate, and those of the authorities whose clients are let in.

    Args:
        where: Whose settings these are, for messages.

    Raises:
        ConfigError: When one of the files cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = _VERSIONS[section.min_version]
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


def fresh_context(section: ServerTlsSection, *, where: str) -> ssl.SSLContext:
    """A context for a server that keeps one: each connection gets the certificates of its moment.

    Whom we let in (`client_ca_file`) stays as it was.

    Args:
        where: Whose settings these are, for messages.

    Raises:
        ConfigError: When one of the files cannot be used.
    """
    certificates = Certificates(section, where=where)
    context = server_context(section, where=where)

    def choose(connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        connection.context = certificates.context()

    context.sni_callback = choose
    return context


def _check_readable(path: Path, where: str) -> None:
    try:
        with path.open("rb"):
            return
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}", where=where) from error


def _changed_ns(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return -1  # as while it is being replaced
