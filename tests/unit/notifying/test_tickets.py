"""Tickets: created once for each episode, commented, and closed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from tests.unit.notifying.hearing import Heard, Server
from tests.unit.notifying.telling import PNG, ended, message, one_alert, tell


class Jira:
    """Remembers tickets as Jira's search, create, comment and transition do."""

    def __init__(self) -> None:
        self.tickets: dict[str, dict[str, Any]] = {}

    def answer(self, heard: Heard) -> web.Response:
        if heard.path == "/rest/api/2/search/jql":
            return web.Response(status=404)
        if heard.path == "/rest/api/2/search":
            label = heard.query["jql"].split('"')[1]
            found = [
                {"key": k} for k, one in self.tickets.items() if label in one["fields"]["labels"]
            ]
            return web.json_response({"issues": found})
        if heard.path == "/rest/api/2/issue":
            if "\n" in heard.json["fields"]["summary"]:
                return web.Response(status=400)
            key = f"OPS-{len(self.tickets) + 1}"
            self.tickets[key] = {**heard.json, "comments": [], "files": 0, "state": "open"}
            return web.json_response({"key": key}, status=201)
        ticket = self.tickets[heard.path.split("/")[5]]
        return self._below(heard, ticket, heard.path.split("/")[6])

    def _below(self, heard: Heard, ticket: dict[str, Any], what: str) -> web.Response:
        if what == "comment":
            ticket["comments"].append(heard.json["body"])
        elif what == "attachments":
            assert heard.headers["x-atlassian-token"] == "no-check"
            ticket["files"] += heard.body.count(b"filename=")
        elif heard.method == "GET":
            return web.json_response(
                {"transitions": [{"id": "7", "name": "Start"}, {"id": "31", "name": "Done"}]}
            )
        else:
            assert heard.json == {"transition": {"id": "31"}}
            ticket["state"] = "done"
        return web.json_response({}, status=201)


async def test_jira_creates_once_comments_and_closes(server: Server) -> None:
    jira = Jira()
    server.answering = jira.answer
    section = {"url": server.url, "project": "OPS", "token": "t", "username": "bot"}
    for kind in ("firing", "firing", "repeat"):
        assert (await tell(message(one_alert(), kind=kind, chart=PNG), jira=section)).delivered
    (ticket,) = jira.tickets.values()
    assert ticket["fields"]["project"] == {"key": "OPS"}
    assert (len(ticket["comments"]), ticket["files"], ticket["state"]) == (1, 2, "open")
    assert "a <b> & c" in ticket["fields"]["description"]
    await tell(message(ended(one_alert()), kind="resolved"), jira=section)
    assert ticket["state"] == "done"
    assert "Resolved" in ticket["comments"][1]
    assert len(jira.tickets) == 1


async def test_servicenow_creates_once_and_resolves(server: Server) -> None:
    rows: dict[str, dict[str, Any]] = {}
    files: list[str] = []

    def answer(heard: Heard) -> web.Response:
        if heard.path == "/api/now/attachment/file":
            files.append(heard.query["file_name"])
        elif heard.method == "GET":
            mark = heard.query["sysparm_query"].removeprefix("correlation_id=")
            return web.json_response(
                {
                    "result": [
                        {"sys_id": "1"} for one in rows.values() if one["correlation_id"] == mark
                    ]
                }
            )
        elif heard.method == "POST":
            rows["1"] = heard.json
            return web.json_response({"result": {"sys_id": "1"}}, status=201)
        else:
            rows["1"] |= heard.json
        return web.json_response({"result": {}})

    server.answering = answer
    section = {"url": server.url, "username": "bot", "password": "p"}
    for kind in ("firing", "firing", "escalation"):
        assert (await tell(message(one_alert(), kind=kind, level=1), servicenow=section)).delivered
    assert rows["1"]["urgency"] == "1"
    assert "ESCALATION 1" in rows["1"]["work_notes"]
    assert files == ["lines.txt"]
    await tell(message(ended(one_alert()), kind="resolved"), servicenow=section)
    assert rows["1"]["state"] == "6"


async def test_a_ticket_that_may_be_there_is_looked_for_once_it_can_be_found(
    server: Server,
) -> None:
    section = {"url": server.url, "project": "OPS", "token": "t", "username": "bot"}
    jira = Jira()

    def answer(heard: Heard) -> web.Response:
        response = jira.answer(heard)
        return web.Response(status=502) if heard.path == "/rest/api/2/issue" else response

    server.answering = answer
    outcome = await tell(message(one_alert()), jira=section)
    assert (outcome.delivered, outcome.retryable, outcome.retry_after_s) == (False, True, 30)
    assert (await tell(message(one_alert()), jira=section)).delivered
    assert len(jira.tickets) == 1


@pytest.mark.parametrize("summary", ["two\nlines", " \n"])
async def test_a_summary_of_several_lines_is_no_reason_to_refuse_a_ticket(
    server: Server, summary: str
) -> None:
    section = {"url": server.url, "project": "OPS", "token": "t", "username": "bot"}
    server.answering = Jira().answer
    told = replace(one_alert(host="a\nb"), annotations={"summary": summary})
    assert (await tell(message(told), jira=section)).delivered
