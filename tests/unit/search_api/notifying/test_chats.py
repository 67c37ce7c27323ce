"""What channels and chats are sent: Slack, Discord, Teams, Telegram."""

from __future__ import annotations

import base64
from dataclasses import replace

from aiohttp import web

from tests.unit.search_api.notifying.hearing import Heard, Server
from tests.unit.search_api.notifying.telling import PNG, ended, message, one_alert, tell


async def test_slack(server: Server) -> None:
    await tell(
        message(one_alert(), ended(replace(one_alert(), episode="ep2"))),
        slack=f"{server.url}/services/T",
    )
    sent = server.heard[0].json
    header, fires, buttons, resolved, _ = sent["blocks"]
    assert header["text"]["text"] == "[FIRING:1] ep in checkout (critical)"
    assert "a &lt;b&gt; &amp; c" in fires["text"]["text"]
    assert "error_rate &gt; 0.05" in fires["text"]["text"]
    assert [one["text"]["text"] for one in buttons["elements"]] == [
        "search",
        "error group",
        "acknowledge",
        "silence",
    ]
    assert "RESOLVED" in resolved["text"]["text"]


async def test_discord_mentions_nobody_and_shows_the_picture(server: Server) -> None:
    hostile = replace(one_alert(), samples=({"message": "@everyone ```hi"},))
    await tell(message(hostile), discord=server.url)
    sent = server.heard[0].json
    assert sent["allowed_mentions"] == {"parse": []}
    assert sent["embeds"][0]["description"].count("```") == 2
    await tell(message(hostile, chart=PNG), discord=server.url)
    assert server.heard[1].headers["content-type"].startswith("multipart/form-data")
    assert PNG in server.heard[1].body


async def test_discord_gets_no_more_than_it_takes(server: Server) -> None:
    long = replace(one_alert(**{f"label{n}": "x" * 200 for n in range(10)}), query="q" * 300)
    await tell(message(*(replace(long, episode=f"ep{n}") for n in range(5))), discord=server.url)
    sent = server.heard[0].json
    texts = [one["title"] + one["description"] for one in sent["embeds"]]
    texts += [field["name"] + field["value"] for one in sent["embeds"] for field in one["fields"]]
    assert sum(map(len, texts)) < 6000
    shown = len(sent["embeds"])
    assert 1 < shown < 5
    assert f"… and {5 - shown} more alerts" in sent["content"]


async def test_what_a_log_says_is_no_layout_for_teams(server: Server) -> None:
    hostile = replace(one_alert(host="*a*"), samples=({"message": "[log in](https://x.example)"},))
    await tell(message(hostile), teams=server.url)
    (attachment,) = server.heard[0].json["attachments"]
    _, facts, lines = attachment["content"]["body"][1]["items"]
    assert lines["text"] == r"\[log in\]\(https://x.example\)"
    assert {"title": "host", "value": r"\*a\*"} in facts["facts"]


async def test_teams(server: Server) -> None:
    await tell(message(one_alert()), teams=server.url)
    (attachment,) = server.heard[0].json["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert len(attachment["content"]["actions"]) == 4


async def test_telegram_and_its_way_to_ask_for_patience(server: Server) -> None:
    section = {"token": "1:abc", "chat": "@shop", "url": server.url}
    await tell(message(one_alert(), chart=PNG), telegram=section)
    assert [one.path for one in server.heard] == ["/bot1:abc/sendMessage", "/bot1:abc/sendPhoto"]
    assert server.heard[0].json["chat_id"] == "@shop"
    assert "a <b> & c" in server.heard[0].json["text"]
    patience = {"ok": False, "parameters": {"retry_after": 30}}
    server.answering = lambda _: web.json_response(patience, status=429)
    outcome = await tell(message(one_alert()), telegram=section)
    assert (outcome.retryable, outcome.retry_after_s) == (True, 30)


async def test_a_picture_that_fails_is_no_reason_to_tell_telegram_again(server: Server) -> None:
    def answering(heard: Heard) -> web.Response:
        response = web.json_response({})
        if heard.path.endswith("sendPhoto"):
            response.force_close()
            response.headers["Content-Length"] = "-1"
        return response

    server.answering = answering
    section = {"token": "1:abc", "chat": "@shop", "url": server.url}
    assert (await tell(message(one_alert(), chart=PNG), telegram=section)).delivered
    assert [one.path for one in server.heard] == ["/bot1:abc/sendMessage", "/bot1:abc/sendPhoto"]


async def test_teams_gets_no_more_than_it_takes(server: Server) -> None:
    line = {"message": "ü[" * 400, "log.level": "error"}
    long = replace(one_alert(), samples=(line,) * 5)
    many = [replace(long, episode=f"ep{n}") for n in range(5)]
    await tell(message(*many, chart=PNG), teams=server.url)
    assert len(server.heard[0].body) < 28_000
    (attachment,) = server.heard[0].json["attachments"]
    title, picture, *containers, more = attachment["content"]["body"]
    assert title["type"] == "TextBlock"
    assert picture["url"] == "data:image/png;base64," + base64.b64encode(PNG).decode()
    assert 1 < len(containers) < 5
    assert more["text"] == f"… and {5 - len(containers)} more alerts"
