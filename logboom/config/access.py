"""Which settings say who may ask the API, and how much?"""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from logboom.config.connections import ServerTlsSection
from logboom.config.searching import SearchesSection
from logboom.config.section import Section
from logboom.config.units import Address, Size, is_loopback, split_address

ScopeName = Literal["read", "ingest", "alerts", "admin"]

_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252})\Z|[0-9a-fA-F:]+\Z")


class RoleSection(Section):
    """What those may do who have a role at the OIDC provider."""

    scopes: list[ScopeName] = Field(
        ["read"], min_length=1, description="What they may do: `read`, `ingest`, `alerts`, `admin`."
    )
    services: list[str] | None = Field(
        None,
        description="Only events of these services, one at least, `*` for any part of a name;"
        " default: all.",
    )

    @field_validator("services")
    @classmethod
    def _allows_something(cls, value: list[str] | None) -> list[str] | None:
        if value is not None and not value:
            raise ValueError("allows nothing: name services, or leave it out, then all are seen")
        return value

    @model_validator(mode="after")
    def _admins_see_all(self) -> RoleSection:
        if "admin" in self.scopes and self.services:
            raise ValueError("has the scope admin and `services`: who may do everything sees all")
        return self


class OidcSection(Section):
    """Tokens of an OpenID Connect provider are taken as well as keys."""

    issuer: str = Field(description="The provider's address, exactly as its tokens name it.")
    audience: str = Field(description="What tokens for us name as their audience.")
    roles: dict[str, RoleSection] = Field(
        min_length=1, description="What each value of `roles_claim` allows."
    )
    roles_claim: str = Field(
        "roles", description="Claim with the roles, a list or words; dots lead into objects."
    )
    name_claim: str = Field("sub", description="Claim that tells who it is, for the audit log.")
    ca_file: Path | None = Field(
        None, description="Certificates to trust when the provider is asked; default: the system's."
    )

    @field_validator("issuer")
    @classmethod
    def _is_secure(cls, value: str) -> str:
        parts = urlsplit(value)
        here = is_loopback(f"{parts.hostname}:1")
        if not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and here)):
            raise ValueError("must begin with https://: whoever can change its answers is let in")
        return value


class ApiLimitsSection(Section):
    """How much one may ask of the API."""

    requests_per_s: float = Field(
        100, gt=0, le=1e6, description="Requests per second of one key, on average."
    )
    burst: int = Field(
        500, ge=1, le=1_000_000, description="Requests that may come at once on top of that."
    )
    failures_per_s: float = Field(
        5, gt=0, le=1e6, description="Requests per second with a wrong key, of one address."
    )
    max_body_bytes: Size = Field(2**20, ge=1024, description="A larger body is refused.")
    max_url_bytes: Size = Field(
        32 * 2**10, ge=1024, le=60 * 2**10, description="A longer query string is refused."
    )


class ApiSection(Section):
    """The search API."""

    listen: Address = Field("127.0.0.1:7700", description="Where the API and the page are served.")
    public_url: str | None = Field(
        None,
        pattern=r"^https?://[^\s/]+[^\s]*$",
        examples=["https://logs.example"],
        description="Where people reach it, for links in alerts; default: `http://` and `listen`.",
    )
    auth: Literal["none", "keys"] | None = Field(
        None,
        description="`keys`: every request needs an API key or a token; default: `none` on loopback,"
        " `keys` elsewhere and with `oidc`.",
    )
    hosts: list[str] = Field(
        [], description="Names under which the API is reached besides its address."
    )
    trusted_proxies: list[str] = Field(
        [], description="Addresses or networks whose `X-Forwarded-For` is believed."
    )
    tls: ServerTlsSection | None = Field(None, description="Talk TLS.")
    oidc: OidcSection | None = Field(None, description="Take tokens of an OpenID Connect provider.")
    limits: ApiLimitsSection = Field(
        default_factory=ApiLimitsSection, description="How much one may ask."
    )
    searches: SearchesSection = Field(
        default_factory=SearchesSection,
        description="How many searches there may be, and how long they may take.",
    )
    audit: Path | Literal["off"] | None = Field(
        None,
        description="File that tells who asked what; default: `audit/api.log` in the data folder"
        " where keys are needed, else `off`.",
    )

    @property
    def needs_keys(self) -> bool:
        """Whether every request has to bring a key or a token."""
        if self.auth is not None:
            return self.auth == "keys"
        return self.oidc is not None or not is_loopback(self.listen)

    def audit_path(self, data: Path) -> Path | None:
        """Where the audit log is; None: nowhere.

        Args:
            data: The data folder.
        """
        if self.audit is None:
            return data / "audit" / "api.log" if self.needs_keys else None
        return None if isinstance(self.audit, str) else self.audit.expanduser().absolute()

    @field_validator("hosts")
    @classmethod
    def _are_names(cls, value: list[str]) -> list[str]:
        for name in value:
            if not _HOST.match(name):
                raise ValueError(f"has {name!r}, which is no name of a host: leave out the port")
        return [name.lower().rstrip(".") for name in value]

    @field_validator("trusted_proxies")
    @classmethod
    def _are_addresses(cls, value: list[str]) -> list[str]:
        for text in value:
            try:
                ipaddress.ip_network(text, strict=False)
            except ValueError as error:
                raise ValueError(
                    f"has {text!r}: write an address or a network, as 10.0.0.0/8"
                ) from error
        return value

    @model_validator(mode="after")
    def _strangers_bring_keys(self) -> ApiSection:
        if self.auth == "none" and self.oidc is not None:
            raise ValueError("has `oidc` and `auth: none`: leave one of them out")
        if self.auth == "none" and not is_loopback(self.listen):
            host, _ = split_address(self.listen)
            raise ValueError(
                f"{host} can be reached from other machines: leave out `auth: none`, so that"
                " requests need keys (make one with `logboom keys create`), or listen on 127.0.0.1"
            )
        return self
