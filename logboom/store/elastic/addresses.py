"""Where is Elasticsearch, and what does it take to be let in?"""

from __future__ import annotations

import re
import ssl
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

from logboom.config import ElasticsearchSection, TlsSection
from logboom.errors import ConfigError

_PORTS = {"http": 80, "https": 443}
_NO_NAME = re.compile(r"[^\w.:-]")
_HEADERS = "user-agent: logboom\r\naccept: application/json\r\n"


@dataclass(frozen=True, slots=True)
class Address:
    """A node's.

    Attributes:
        shown: For people; without secrets.
        host: A name, or an IP address without brackets.
        port: Of TCP.
        prefix: Before every path: empty, or `/…`.
        context: Whom we trust; None: plain HTTP.
        headers: What is sent with each request, secrets included: lines of the request's head.
    """

    shown: str
    host: str
    port: int
    prefix: str
    context: ssl.SSLContext | None
    headers: str


def addresses_of(section: ElasticsearchSection) -> Sequence[Address]:
    """The nodes that a configuration names, each once.

    Raises:
        ConfigError: An address or a certificate cannot be used.
    """
    is_secure = any(url.lower().startswith("https:") for url in section.urls)
    context = _tls_context(section.tls) if is_secure else None
    found = [_address(url, section, context) for url in section.urls]
    return list({one.shown: one for one in found}.values())


def _address(url: str, section: ElasticsearchSection, context: ssl.SSLContext | None) -> Address:
    scheme, _, rest = url.partition("://")
    login, _, where = rest.rpartition("@")  # a password may have any signs
    try:
        parts = urlsplit(f"{scheme}://{where}")
        scheme, host, port = parts.scheme, parts.hostname or "", parts.port or _PORTS[parts.scheme]
        host.encode("idna")
        name = host.partition("%")[0] if ":" in host else host  # behind it: an interface of ours
        is_good = bool(name) and _NO_NAME.search(name) is None
    except (KeyError, ValueError):  # UnicodeError is one
        is_good = False
    if not is_good:
        raise ConfigError(
            f"{where!r} is no address",
            where="store.elasticsearch.urls",
            mend="write for example https://host:9200",
        )
    prefix = "/" + parts.path.strip("/") if parts.path.strip("/") else ""
    name = f"[{host}]" if ":" in host else host.encode("idna").decode()
    headers = f"host: {name}:{port}\r\n{_HEADERS}{_authorization(section, login)}"
    shown = f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}{prefix}"
    return Address(
        shown, host, port, quote(prefix, safe="/%"), context if scheme == "https" else None, headers
    )


def _authorization(section: ElasticsearchSection, login: str) -> str:
    """The line that lets us in; empty when nothing is known that would."""
    if section.api_key is not None:
        return f"authorization: ApiKey {section.api_key.get_secret_value()}\r\n"
    if section.username is not None and section.password is not None:
        pair = f"{section.username}:{section.password.get_secret_value()}"
    elif login:
        name, _, password = login.partition(":")
        pair = f"{unquote(name)}:{unquote(password)}"
    else:
        return ""
    return f"authorization: Basic {b64encode(pair.encode()).decode()}\r\n"


def _tls_context(tls: TlsSection) -> ssl.SSLContext:
    where = "store.elasticsearch.tls"
    try:
        context = ssl.create_default_context(cafile=tls.ca_file)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            f"the certificates in {tls.ca_file} cannot be used: {error}", where=f"{where}.ca_file"
        ) from error
    if not tls.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if tls.cert_file is not None:
        try:
            context.load_cert_chain(tls.cert_file, tls.key_file)
        except (OSError, ssl.SSLError) as error:
            raise ConfigError(
                f"our certificate {tls.cert_file} cannot be used: {error}",
                where=f"{where}.cert_file",
            ) from error
    return context
