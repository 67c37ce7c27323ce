"""Tokens of an OpenID Connect provider that signs with its own keys, on loopback."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from logboom.clock import ManualClock
from logboom.config import OidcSection
from logboom.errors import ProviderUnavailable
from logboom.keys import Scope
from search_api.access.provider import FRESH_S, RETRY_S, STALE_S, Provider
from search_api.access.tokens import Tokens
from tests.polling import soon
from tests.unit.search_api.access.conftest import NOW, opened

NOW_S = int(NOW.timestamp())
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC = ec.generate_private_key(ec.SECP256R1())
ED = ed25519.Ed25519PrivateKey.generate()
ROLES: dict[str, Any] = {
    "sre": {"scopes": ["read", "alerts"]},
    "cart": {"scopes": ["read"], "services": ["shop-cart"]},
    "bank": {"scopes": ["read", "alerts"], "services": ["bank"]},
    "root": {"scopes": ["admin"]},
}


@dataclass
class Issuer:
    """A provider of identities."""

    url: str = ""
    keys: dict[str, Any] = field(default_factory=lambda: {"first": RSA, "ec": EC, "ed": ED})
    asked: list[str] = field(default_factory=list)
    broken: bool = False
    called: str | None = None
    answers: threading.Event = field(default_factory=threading.Event)

    def token(self, name: str = "first", *, signed: Any = None, alg: str = "", **more: Any) -> str:
        claims = {
            "iss": self.url, "aud": "logboom", "sub": "u1", "exp": NOW_S + 300, "iat": NOW_S,
            "roles": ["sre"], **more,
        }  # fmt: skip
        key = signed if signed is not None else self.keys[name]
        kinds = {"first": "RS256", "ec": "ES256", "ed": "EdDSA"}
        left = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(
            left, key, algorithm=alg or kinds.get(name, "RS256"), headers={"kid": name}
        )

    def page(self, path: str) -> Any:
        if path == "/.well-known/openid-configuration":
            return {"issuer": self.called or self.url, "jwks_uri": f"{self.url}/keys"}
        if path == "/keys":
            return {"keys": [self._jwk(name, key) for name, key in self.keys.items()]}
        return None

    def _jwk(self, name: str, key: Any) -> dict[str, Any]:
        if isinstance(key, rsa.RSAPrivateKey):
            public = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
            return {**public, "kid": name, "use": "sig", "alg": "RS256"}
        if isinstance(key, ec.EllipticCurvePrivateKey):
            return {
                **jwt.algorithms.ECAlgorithm.to_jwk(key.public_key(), as_dict=True),
                "kid": name,
            }
        if isinstance(key, ed25519.Ed25519PrivateKey):
            public = jwt.algorithms.OKPAlgorithm.to_jwk(key.public_key(), as_dict=True)
            return {**public, "kid": name}
        return {"kid": name, **key}


@contextmanager
def issuing() -> Iterator[Issuer]:
    issuer = Issuer()
    issuer.answers.set()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.asked.append(self.path)
            issuer.answers.wait(30)
            content = None if issuer.broken else issuer.page(self.path)
            body = json.dumps(content).encode()
            self.send_response(500 if content is None else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    issuer.url = f"http://127.0.0.1:{server.server_port}"
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    serving.start()
    yield issuer
    server.shutdown()
    serving.join()
    server.server_close()


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with issuing() as one:
        yield one


def section(issuer: Issuer, **more: Any) -> OidcSection:
    return OidcSection.model_validate(
        {"issuer": issuer.url, "audience": "logboom", "roles": ROLES, **more}
    )


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime.fromtimestamp(NOW_S, UTC))


async def test_a_token_opens_what_its_roles_allow(tmp_path: Path, issuer: Issuer) -> None:
    async with opened(tmp_path, oidc=section(issuer).model_dump()) as api:
        for roles, count in ((["sre"], 60), (["cart"], 20), (["cart", "bank"], 40)):
            answer = await api.get("count", issuer.token(roles=roles))
            assert answer.json() == {"count": count, "relation": "eq", "warnings": []}, roles
        for none in ([], ["unknown"], None, "", 7):
            answer = await api.get("count", issuer.token(roles=none))
            assert answer.status_code == 403, none
        assert (await api.get("keys", issuer.token(roles="root sre"))).status_code == 200
        assert (await api.get("keys", issuer.token(roles=["sre"]))).status_code == 403
        assert (await api.get("count", issuer.token("ec"))).status_code == 200
        assert (await api.get("count", issuer.token("ed"))).status_code == 200
        assert (await api.get("count", await api.key("read"))).status_code == 200
        assert (await api.get("count")).status_code == 401
        assert api.audited()[0]["user.name"] == "token u1"
        answer = await api.client.post("/api/v1/session", json={"key": issuer.token()})
        assert answer.json()["scopes"] == ["alerts", "read"]
        assert (await api.get("count")).json()["count"] == 60
        api.clock.advance(400)
        assert (await api.get("count")).status_code == 401


async def test_what_is_no_token_of_ours_is_worth_nothing(
    issuer: Issuer, clock: ManualClock
) -> None:
    provider = Provider(section(issuer), clock)
    tokens = Tokens(section(issuer), provider, clock)
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = jwt.algorithms.RSAAlgorithm.to_jwk(RSA.public_key())
    good = issuer.token()
    head, body, signature = good.split(".")
    wrong = {
        "another key": issuer.token(signed=other),
        "another audience": issuer.token(aud="grafana"),
        "another issuer": issuer.token(iss="http://127.0.0.1:1"),
        "no expiry": issuer.token(exp=None),
        "no subject": issuer.token(sub=None),
        "expired": issuer.token(exp=NOW_S - 31),
        "not yet": issuer.token(nbf=NOW_S + 31),
        "a symmetric signature": issuer.token(signed=public[:60], alg="HS256"),
        "no signature": jwt.encode({"sub": "u1"}, "", algorithm="none"),
        "an empty signature": f"{head}.{body}.",
        "a changed body": f"{head}.{body[:-4]}AAAA.{signature}",
        "an unknown key": issuer.token("first").replace(head, _head("none")),
        "another algorithm": issuer.token(signed=RSA, alg="PS256"),
        "no head": f".{body}.{signature}",
        "nothing": "eyJ..",
    }
    assert await tokens.access(good) is not None
    for why, token in wrong.items():
        assert await tokens.access(token) is None, why
    await provider.close()


def _head(kid: str) -> str:
    return jwt.encode({}, RSA, algorithm="RS256", headers={"kid": kid}).partition(".")[0]


async def test_roles_lie_where_the_provider_has_them(issuer: Issuer, clock: ManualClock) -> None:
    for claim, claims in (
        ("realm_access.roles", {"realm_access": {"roles": ["root"]}}),
        ("https://logs.example/roles", {"https://logs.example/roles": ["root"]}),
        ("scope", {"scope": "openid root email"}),
    ):
        chosen = section(issuer, roles_claim=claim, name_claim="email")
        provider = Provider(chosen, clock)
        tokens = Tokens(chosen, provider, clock)
        access = await tokens.access(issuer.token(roles=None, email="a@b.example", **claims))
        assert access is not None
        assert access.name == "token a@b.example"
        assert Scope.ADMIN in access.grants
        await provider.close()


async def test_keys_are_asked_for_seldom_and_a_new_one_is_found(
    issuer: Issuer, clock: ManualClock
) -> None:
    provider = Provider(section(issuer), clock)
    tokens = Tokens(section(issuer), provider, clock)
    for _ in range(3):
        assert await tokens.access(issuer.token()) is not None
        assert await tokens.access(issuer.token("unknown", signed=RSA)) is None
    assert issuer.asked == ["/.well-known/openid-configuration", "/keys"]
    new = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    issuer.keys = {"second": new}
    assert await tokens.access(issuer.token("second")) is None
    clock.advance(RETRY_S)
    assert await tokens.access(issuer.token("second")) is not None
    assert await tokens.access(issuer.token("first", signed=RSA)) is None
    clock.advance(200)
    issuer.keys["odd"] = {"kty": "unheard-of"}
    clock.advance(FRESH_S)
    assert await tokens.access(issuer.token("second", exp=NOW_S + 2000)) is not None
    assert len(issuer.asked) == 6
    await provider.close()


async def test_keys_of_before_serve_while_the_provider_is_away(
    issuer: Issuer, clock: ManualClock
) -> None:
    provider = Provider(section(issuer), clock)
    tokens = Tokens(section(issuer), provider, clock)
    forever = issuer.token(exp=NOW_S + 10**6)
    issuer.broken = True
    with pytest.raises(ProviderUnavailable):
        await tokens.access(forever)
    issuer.broken = False
    clock.advance(RETRY_S)
    assert await tokens.access(forever) is not None
    issuer.broken = True
    clock.advance(FRESH_S)
    assert await tokens.access(forever) is not None
    clock.advance(STALE_S)
    with pytest.raises(ProviderUnavailable):
        await tokens.access(forever)
    issuer.broken, issuer.called = False, "https://somebody.else"
    clock.advance(RETRY_S)
    with pytest.raises(ProviderUnavailable):
        await tokens.access(forever)
    await provider.close()


async def test_no_token_waits_while_a_slow_provider_is_asked_for_an_unknown_key(
    issuer: Issuer, clock: ManualClock
) -> None:
    provider = Provider(section(issuer), clock)
    tokens = Tokens(section(issuer), provider, clock)
    good, unknown = issuer.token(exp=NOW_S + 10**4), issuer.token("unknown", signed=RSA)
    assert await tokens.access(good) is not None
    for _ in range(2):  # also when its keys are to be read anew
        clock.advance(FRESH_S / 1.5)
        asked = len(issuer.asked)
        issuer.answers.clear()
        waiting = asyncio.create_task(tokens.access(unknown), name="unknown")

        async def is_asked(asked: int = asked) -> bool:
            return len(issuer.asked) > asked

        await soon(is_asked, timeout_s=20, what="the provider is asked")
        assert await tokens.access(good) is not None
        assert not waiting.done()
        issuer.answers.set()
        assert await waiting is None
    await provider.close()


async def test_a_token_need_not_name_the_only_key(issuer: Issuer, clock: ManualClock) -> None:
    claims = jwt.decode(issuer.token(), options={"verify_signature": False})
    nameless = jwt.encode(claims, RSA, algorithm="RS256")
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = jwt.algorithms.RSAAlgorithm.to_jwk(other.public_key(), as_dict=True)
    sealing = {**public, "use": "enc", "alg": "RSA-OAEP"}
    cases: list[tuple[dict[str, Any], bool]] = [
        ({"first": RSA}, True),
        ({"first": RSA, "sealing": sealing}, True),
        ({"first": RSA, "second": other}, False),
        ({"first": RSA, "ec": EC}, False),
        ({"first": RSA, "odd": {"kty": "unheard-of"}}, False),
        ({"second": other}, False),
    ]
    for keys, is_taken in cases:
        issuer.keys = keys
        provider = Provider(section(issuer), clock)
        tokens = Tokens(section(issuer), provider, clock)
        assert (await tokens.access(nameless) is not None) is is_taken, keys.keys()
        for name in ("ec2", ""):
            wrong = jwt.encode(claims, RSA, algorithm="RS256", headers={"kid": name})
            assert await tokens.access(wrong) is None
        await provider.close()


async def test_the_only_key_need_not_have_a_name(issuer: Issuer, clock: ManualClock) -> None:
    claims = jwt.decode(issuer.token(), options={"verify_signature": False})
    public = jwt.algorithms.RSAAlgorithm.to_jwk(RSA.public_key(), as_dict=True)
    issuer.keys = {"first": {**public, "kid": None}}
    provider = Provider(section(issuer), clock)
    tokens = Tokens(section(issuer), provider, clock)
    assert await tokens.access(jwt.encode(claims, RSA, algorithm="RS256")) is not None
    assert await tokens.access(jwt.encode(claims, EC, algorithm="ES256")) is None
    assert await tokens.access(issuer.token("first", signed=RSA)) is None
    await provider.close()
