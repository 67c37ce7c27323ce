"""What is sent to those that wake people: PagerDuty, Opsgenie, Alertmanager, web push, Apprise."""

from __future__ import annotations

from dataclasses import replace

import pytest
from aiohttp import web

from logboom.errors import ReceiverError, ReceiverUnreachable
from search_api.notifying.notification import Outcome
from tests.unit.search_api.notifying.hearing import Server
from tests.unit.search_api.notifying.telling import ended, message, one_alert, tell


async def test_pagerduty_triggers_and_resolves_by_episode(server: Server) -> None:
    server.answering = lambda _: web.json_response({"status": "success"}, status=202)
    section = {"routing_key": "R" * 32, "url": server.url}
    await tell(message(one_alert(), ended(replace(one_alert(), episode="ep2"))), pagerduty=section)
    first, second = (one.json for one in server.heard)
    assert (first["event_action"], first["dedup_key"], first["payload"]["severity"]) == (
        "trigger",
        "ep1",
        "critical",
    )
    assert second == {"routing_key": "R" * 32, "event_action": "resolve", "dedup_key": "ep2"}


async def test_opsgenie(server: Server) -> None:
    section = {"api_key": "K", "url": server.url}
    await tell(message(one_alert(), ended(replace(one_alert(), episode="ep2"))), opsgenie=section)
    first, second = server.heard
    assert first.headers["authorization"] == "GenieKey K"
    assert (first.json["alias"], first.json["priority"]) == ("ep1", "P1")
    assert (second.path, second.query) == ("/v2/alerts/ep2/close", {"identifierType": "alias"})


async def test_alertmanager_one_replica_is_enough(server: Server) -> None:
    urls = ["http://127.0.0.1:1", server.url]
    assert (await tell(message(one_alert(env="prod")), alertmanager=urls)).delivered
    (sent,) = server.heard[0].json
    assert sent["labels"] == {
        "alertname": "ep",
        "severity": "critical",
        "service_name": "checkout",
        "env": "prod",
    }
    assert sent["startsAt"] == "2026-11-23T10:00:00+00:00"
    told = sent["annotations"]
    assert told["measured"] == "20%, where error_rate > 0.05 over 2m is alerted"
    assert told["lines"] == "error a <b> & c"
    assert told["error_group"] == "https://logs.example/api/v1/errors/f00d"
    assert told["acknowledge"].endswith("/acknowledgements/form?episode=ep1")
    assert "/silences/form?matcher=" in told["silence"]
    with pytest.raises(ReceiverUnreachable):
        await tell(message(one_alert()), alertmanager=urls[:1])


async def test_alertmanager_hears_of_one_alert_with_the_same_labels_what_is_true_now(
    server: Server,
) -> None:
    old, now = ended(one_alert()), replace(one_alert(), episode="ep2")
    other = replace(ended(one_alert(env="prod")), episode="ep3")
    await tell(message(now, other, old), alertmanager=[server.url])
    await tell(message(old, now), alertmanager=[server.url])
    first, second = (heard.json for heard in server.heard)
    assert [one["labels"].get("env") for one in first] == [None, "prod"]
    assert [one["endsAt"] > "2026-11-24" for one in first] == [True, False]  # the first one fires
    assert [one["endsAt"] > "2026-11-24" for one in second] == [True]


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
async def test_apprise_tells_a_json_service(server: Server) -> None:
    host = server.url.removeprefix("http://")
    assert (await tell(message(one_alert()), apprise=f"json://{host}/x")).delivered
    assert "ep1 is bad" in server.heard[0].json["message"]
    with pytest.raises(ReceiverError, match="no public address"):
        await tell(message(one_alert()), apprise=f"json://{host}/x", allow_private=False)
    outcome = await tell(message(one_alert()), apprise="nonsense://x")
    assert not outcome.delivered
    assert not outcome.retryable


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
async def test_apprise_tells_nobody_twice(server: Server) -> None:
    server.answering = lambda heard: web.Response(status=500 if heard.path == "/bad" else 200)
    host = server.url.removeprefix("http://")
    outcome = await tell(message(one_alert()), apprise=[f"json://{host}/bad", f"json://{host}/x"])
    assert outcome == Outcome(delivered=True, detail="only 1 of 2 have taken it")
    assert (await tell(message(one_alert()), apprise=[f"json://{host}/bad"])).retryable


async def test_a_browser_can_read_what_it_is_sent(server: Server) -> None:
    import base64
    import json

    import http_ece
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    def text(raw: bytes) -> str:
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    browser, sender = (
        ec.generate_private_key(ec.SECP256R1()),
        ec.generate_private_key(ec.SECP256R1()),
    )
    point = browser.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
    secret = b"0123456789abcdef"
    subscription = {"endpoint": f"{server.url}/push/1", "p256dh": text(point), "auth": text(secret)}
    gone = {**subscription, "endpoint": f"{server.url}/gone"}
    server.answering = lambda heard: web.Response(status=410 if heard.path == "/gone" else 201)
    section = {
        "private_key": text(sender.private_numbers().private_value.to_bytes(32, "big")),
        "subject": "mailto:ops@example.org", "subscriptions": [gone, subscription],
    }  # fmt: skip
    outcome = await tell(message(one_alert()), webpush=section)
    assert outcome == Outcome(delivered=True, detail="1 browser is gone: take its subscription out")
    heard = server.heard[1]
    read = http_ece.decrypt(
        heard.body, private_key=browser, auth_secret=secret, version="aes128gcm"
    )
    assert json.loads(read)["title"] == "[FIRING:1] ep in checkout (critical)"
    assert heard.headers["authorization"].startswith("vapid t=")
    assert heard.headers["content-encoding"] == "aes128gcm"

    nobody = await tell(message(one_alert()), webpush={**section, "subscriptions": [gone, gone]})
    assert nobody == Outcome(
        delivered=False, detail="2 browsers are gone: take their subscriptions out"
    )

    server.heard.clear()
    bad = {**subscription, "endpoint": f"{server.url}/bad"}
    section["subscriptions"] = [subscription, bad, {**subscription, "endpoint": f"{server.url}/2"}]
    server.answering = lambda heard: web.Response(status=503 if heard.path == "/bad" else 201)
    first = await tell(message(one_alert()), webpush=section)
    assert (first.delivered, first.retryable, len(first.told)) == (False, True, 2)
    server.answering = lambda heard: web.Response(status=403 if heard.path == "/bad" else 201)
    again = await tell(replace(message(one_alert()), told=first.told), webpush=section)
    assert again == Outcome(delivered=True, detail="1 browser has refused it")
    assert [one.path for one in server.heard] == ["/push/1", "/bad", "/2", "/bad"]
