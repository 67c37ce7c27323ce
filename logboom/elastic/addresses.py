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
_HEADERS = ("user-agent: logboom", "accept: application/json", "expect:")


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom we trust, and who we are, in TLS.

    Attributes:
        verify: False: whoever answers.
        ca_file: Certificates that are trusted; None: there is no such file.
        ca_folder: The same, a folder.
        cert_file: Our certificate, if we have one.
        key_file: Its key, when it is in a file of its own.
    """

    verify: bool
    ca_file: str | None
    ca_folder: str | None
    cert_file: str | None
    key_file: str | None


@dataclass(frozen=True, slots=True)
class Address:
    """A node's.

    Attributes:
        shown: For people; without secrets.
        url: What paths are put behind; without secrets, and in ASCII.
        trust: None: plain HTTP.
        headers: What is sent with each request, secrets included; one that ends with its colon is not sent.
    """

    shown: str
    url: str
    trust: Trust | None
    headers: Sequence[str]


def addresses_of(section: ElasticsearchSection) -> Sequence[Address]:
    """The nodes that a configuration names, each once.

    Raises:
        ConfigError: An address or a certificate cannot be used.
    """
    is_secure = any(url.lower().startswith("https:") for url in section.urls)
    trust = _trust(section.tls) if is_secure else None
    found = [_address(url, section, trust) for url in section.urls]
    return list({one.shown: one for one in found}.values())


def _address(url: str, section: ElasticsearchSection, trust: Trust | None) -> Address:
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
    in_brackets = f"[{host}]" if ":" in host else host
    name = f"[{quote(host, safe=':')}]" if ":" in host else host.encode("idna").decode()
    return Address(
        f"{scheme}://{in_brackets}:{port}{prefix}",
        f"{scheme}://{name}:{port}{quote(prefix, safe='/%')}",
        trust if scheme == "https" else None,
        (*_HEADERS, *_authorization(section, login)),
    )


def _authorization(section: ElasticsearchSection, login: str) -> Sequence[str]:
    """The header that lets us in; none when nothing is known that would."""
    if section.api_key is not None:
        return [f"authorization: ApiKey {section.api_key.get_secret_value()}"]
    if section.username is not None and section.password is not None:
        pair = f"{section.username}:{section.password.get_secret_value()}"
    elif login:
        name, _, password = login.partition(":")
        pair = f"{unquote(name)}:{unquote(password)}"
    else:
        return []
    return [f"authorization: Basic {b64encode(pair.encode()).decode()}"]


def _trust(tls: TlsSection) -> Trust:
    """What a configuration says of TLS; its files are read once, so that what is wrong with them is told now.

    Raises:
        ConfigError: A certificate or a key cannot be used.
    """
    where = "store.elasticsearch.tls"
    try:
        context = ssl.create_default_context(cafile=tls.ca_file)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            f"the certificates in {tls.ca_file} cannot be used: {error}", where=f"{where}.ca_file"
        ) from error
    if tls.cert_file is not None:
        try:
            context.load_cert_chain(tls.cert_file, tls.key_file)
        except (OSError, ssl.SSLError) as error:
            raise ConfigError(
                f"our certificate {tls.cert_file} cannot be used: {error}",
                where=f"{where}.cert_file",
            ) from error
    known = ssl.get_default_verify_paths()
    return Trust(
        tls.verify,
        known.cafile if tls.ca_file is None else str(tls.ca_file),
        known.capath if tls.ca_file is None else None,
        None if tls.cert_file is None else str(tls.cert_file),
        None if tls.key_file is None else str(tls.key_file),
    )
