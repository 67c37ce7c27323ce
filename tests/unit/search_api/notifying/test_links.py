"""The link of a message reopens the very search: the window, the query and the series of its alert."""

from __future__ import annotations

import asyncio
import html
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from logboom.matching import match_all, parse_matcher
from search_api.alerts.alert import Alert, AlertState
from search_api.alerts.backtest import backtest
from search_api.alerts.rules import US
from search_api.alerts.source import MemorySource
from search_api.notifying import wording
from search_api.notifying.group import shortened
from search_api.searching.asking import understand
from tests.unit.search_api.alerts.timeline import START_US, at, error, rule_of
from tests.unit.search_api.notifying.hearing import Server, hearing
from tests.unit.search_api.notifying.telling import LINKS, message, one_alert, tell

ODD = [
    "cart", "two words", 'a "quoted" one', "AND", "a*b?", "a/b", "[x TO y]", "back\\slash", "-minus",
    "käse", "a:b", "5", "true", "*", "(", "now", "",
]  # fmt: skip
WHERES = ["", "tags:error OR level:warn", "NOT logger:health", "status:>=500 AND NOT _exists_:url"]


def found(link: str, source: MemorySource) -> int:
    given = {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()}
    asked = asyncio.run(understand(0, given["q"], given["from"], given["to"], "UTC"))
    return len(asyncio.run(source.samples(asked.query, asked.times, 1_000)))


@pytest.mark.parametrize("where", WHERES)
def test_it_finds_just_what_was_counted(where: str) -> None:
    rule = rule_of("count > 0", by=["service", "attributes.kind"], where=where)
    events = [
        error(
            second, http={"response": {"status_code": 503}}, log={"level": "warn"},
            **({"service": {"name": name}} if name else {}),
            **({"attributes": {"kind": kind}} if kind != "" else {}),
        )
        for name in ODD
        for kind in (name, 7, 2.5, True, "")
        for second in (-1, 14.999, 15, 59.9995, 60, 74)
    ]  # fmt: skip
    source = MemorySource(events)
    tried = asyncio.run(backtest(source, rule, START_US + 60 * US, START_US + 75 * US))

    assert tried.fired > 50
    for alert in tried.alerts:
        assert found(LINKS.search(Alert.from_json(alert.to_json())), source) == alert.value
        assert found(LINKS.search(shortened(alert)), source) == alert.value


def test_of_a_share_it_finds_those_that_count() -> None:
    rule = rule_of("ratio('status:>=500', 'status:*') > 10% and count > 3", by=["service"])
    events = [
        at(s, service={"name": "a"}, http={"response": {"status_code": 500 if s % 2 else 200}})
        for s in range(10)
    ]
    source = MemorySource(events)
    (alert,) = asyncio.run(backtest(source, rule, START_US, START_US + 15 * US)).alerts
    assert found(LINKS.search(alert), source) == 5


def test_of_our_own_alerts_it_opens_what_says_more() -> None:
    for own in (replace(one_alert(), query=""), replace(one_alert(), rule="logboom/RuleFailed")):
        told = dict(wording.links(message(own), own))
        assert told["health"] == "https://logs.example/api/v1/health"
        assert "search" not in told


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with hearing() as one:
        yield one


def texts(body: bytes) -> str:
    """A body as people or programs read it."""
    try:
        content = json.loads(body)
    except ValueError:
        return html.unescape(body.decode("utf-8", "replace"))
    found: list[str] = []

    def look(value: Any) -> None:
        if isinstance(value, str):
            found.append(html.unescape(value))
        for inner in value.values() if isinstance(value, dict) else ():
            look(inner)
        for inner in value if isinstance(value, list) else ():
            look(inner)

    look(content)
    return "\n".join(found)


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
@pytest.mark.parametrize(
    "kind",
    ["webhook", "slack", "discord", "teams", "telegram", "pagerduty", "opsgenie", "alertmanager",
     "jira", "servicenow", "apprise", "action"],
)  # fmt: skip
async def test_each_kind_of_receiver_is_given_it(server: Server, kind: str) -> None:
    url = server.url
    sections: dict[str, Any] = {
        "webhook": url, "slack": url, "discord": url, "teams": url, "alertmanager": [url],
        "telegram": {"token": "1:abc", "chat": "@shop", "url": url},
        "pagerduty": {"routing_key": "K", "url": url},
        "opsgenie": {"api_key": "K", "url": url},
        "jira": {"url": url, "project": "OPS", "username": "u", "token": "t"},
        "servicenow": {"url": url, "username": "u", "password": "p"},
        "apprise": url.replace("http://", "json://"),
        "action": {"url": url, "secret": "s"},
    }  # fmt: skip
    alert = replace(one_alert(), query='service.name:"a b" AND NOT logger:health')
    await tell(message(alert), **{kind: sections[kind]})

    told = "\n".join(texts(one.body) for one in server.heard)
    assert LINKS.search(alert) in told, told
    assert alert.state is AlertState.FIRING


@pytest.mark.parametrize("value", [*ODD, 'two \\\\ and \\"', "a\nb"])
def test_it_silences_just_the_alert(value: str) -> None:
    labels = {"alertname": "One", "service.name": value}
    link = LINKS.silence(labels)
    matchers = [*map(parse_matcher, parse_qs(urlsplit(link).query)["matcher"])]
    assert match_all(matchers, labels)
    assert not match_all(matchers, {**labels, "service.name": f"{value}."})
