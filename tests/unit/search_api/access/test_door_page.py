"""A link of a message opens in a browser also where keys are needed."""

from __future__ import annotations

from html import unescape
from typing import Any

import pytest

from tests.unit.search_api.access.conftest import Api

LINK = (
    "/api/v1/search?q=service.name%3A%22shop+cart%22+OR+%C3%A4&from=2026-11-21T11%3A00%3A00Z"
    "&to=2026-11-21T12%3A00%3A00Z"
)
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


async def test_who_has_no_session_is_asked_for_a_key_and_led_on(api: Api) -> None:
    asked = await api.client.get(LINK, headers={**BROWSER, "Sec-Fetch-Site": "none"})
    assert asked.status_code == 401
    assert asked.headers["content-type"].startswith("text/html")
    assert "script" not in asked.text
    address = unescape(asked.text.split('name="next" value="')[1].split('"')[0])
    assert address == LINK

    wrong = await api.client.post(
        "/api/v1/session/form", data={"key": "nonsense", "next": address}, headers=BROWSER
    )
    assert wrong.status_code == 401
    assert unescape(wrong.text).count(LINK) == 1
    assert "set-cookie" not in wrong.headers

    begun = await api.client.post(
        "/api/v1/session/form",
        data={"key": await api.key("read"), "next": address},
        headers=BROWSER,
    )
    assert (begun.status_code, begun.headers["location"]) == (303, LINK)
    assert "HttpOnly" in begun.headers["set-cookie"]
    assert "SameSite=strict" in begun.headers["set-cookie"]
    opened = await api.client.get(begun.headers["location"], headers=BROWSER)
    assert opened.status_code == 200
    assert opened.json()["events"] == []


async def test_who_comes_from_another_site_opens_it_again_with_the_session(api: Api) -> None:
    headers = {**BROWSER, "Sec-Fetch-Site": "cross-site"}
    asked = await api.client.get(LINK, headers=headers)
    assert asked.status_code == 401
    assert '<meta http-equiv="refresh" content="0">' in asked.text
    assert LINK in unescape(asked.text)


async def test_programs_are_answered_as_before(api: Api) -> None:
    for headers in ({}, {"Accept": "application/json"}, {"Accept": "*/*"}):
        asked = await api.client.get(LINK, headers=headers)
        assert asked.status_code == 401
        assert asked.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "address",
    ["https://bad.example/", "//bad.example/", "/\\bad.example", "javascript:1", "", "/a\r\nX: 1"],
)
async def test_it_leads_nowhere_else(api: Api, address: str) -> None:
    body: dict[str, Any] = {"key": await api.key("read"), "next": address}
    begun = await api.client.post("/api/v1/session/form", data=body)
    assert (begun.status_code, begun.headers["location"]) == (303, "/api/v1/session")


async def test_words_of_a_link_are_no_html(api: Api) -> None:
    asked = await api.client.get('/api/v1/search/"><b>x?q="><i>', headers=BROWSER)
    assert asked.status_code in {401, 404}
    assert "<b>" not in asked.text
    assert "<i>" not in asked.text


async def test_keys_are_not_tried_often(api: Api) -> None:
    statuses = set()
    for _ in range(60):
        answer = await api.client.post("/api/v1/session/form", data={"key": "nonsense"})
        statuses.add(answer.status_code)
    assert statuses == {401, 429}


async def test_a_key_is_asked_for_also_where_others_try_wrong_ones(api: Api) -> None:
    for _ in range(15):
        await api.client.post("/api/v1/session/form", data={"key": "nonsense"})
    headers = {**BROWSER, "Cookie": "logboom_session=ended"}
    asked = await api.client.get(LINK, headers=headers)
    assert asked.status_code == 429
    assert "retry-after" in asked.headers
    assert 'name="key"' in asked.text
    wrong = await api.client.post("/api/v1/session/form", data={"key": "nonsense", "next": LINK})
    assert (wrong.status_code, "retry-after" in wrong.headers) == (429, True)
    assert unescape(wrong.text).count(LINK) == 1
    body = {"key": await api.key("read"), "next": LINK}
    begun = await api.client.post("/api/v1/session/form", data=body, headers=headers)
    assert (begun.status_code, begun.headers["location"]) == (303, LINK)
