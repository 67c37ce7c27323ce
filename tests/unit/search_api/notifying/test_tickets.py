"""Tickets: created once for each episode, commented, and closed."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from tests.unit.search_api.notifying.hearing import Heard, Server
from tests.unit.search_api.notifying.telling import PNG, ended, message, one_alert, tell


class Jira:
    """Remembers tickets as Jira's search, create, comment and transition do."""

    def __init__(self) -> None:
        self.tickets: dict[str, dict[str, Any]] = {}
        self.transitions: list[dict[str, Any]] = [
            {"id": "7", "name": "Start"},
            {"id": "31", "name": "Done"},
        ]
        self.refusing: dict[str, list[int]] = {}
        """Part of a ticket → statuses of the next answers to changes of it."""

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
            self.tickets[key] = {**heard.json, "comments": [], "files": [], "state": "open"}
            return web.json_response({"key": key}, status=201)
        ticket = self.tickets[heard.path.split("/")[5]]
        parts = heard.path.split("/")
        return self._below(heard, ticket, parts[6] if len(parts) > 6 else "")

    def _below(self, heard: Heard, ticket: dict[str, Any], what: str) -> web.Response:
        if heard.method == "POST" and self.refusing.get(what):
            return web.Response(status=self.refusing[what].pop(0))
        if what == "comment":
            ticket["comments"].append(heard.json["body"])
        elif what == "attachments":
            assert heard.headers["x-atlassian-token"] == "no-check"
            ticket["files"] += re.findall(rb'filename="(.*?)"', heard.body)
        elif not what:
            category = "done" if ticket["state"] == "done" else "new"
            files = [{"filename": name.decode()} for name in ticket["files"]]
            fields = {"attachment": files, "status": {"statusCategory": {"key": category}}}
            return web.json_response(
                {"fields": {heard.query["fields"]: fields[heard.query["fields"]]}}
            )
        elif heard.method == "GET":
            return web.json_response({"transitions": self.transitions})
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
    assert (len(ticket["comments"]), ticket["state"]) == (1, "open")
    assert ticket["files"] == [b"lines.txt", b"chart.png"]
    assert "a <b> & c" in ticket["fields"]["description"]
    await tell(message(ended(one_alert()), kind="resolved"), jira=section)
    assert ticket["state"] == "done"
    assert "Resolved" in ticket["comments"][1]
    assert len(jira.tickets) == 1


async def test_servicenow_creates_once_and_resolves(server: Server) -> None:
    rows: dict[str, dict[str, Any]] = {}
    files: list[str] = []
    refusals = [500]

    def answer(heard: Heard) -> web.Response:
        if heard.path == "/api/now/attachment/file":
            if not refusals:
                files.append(heard.query["file_name"])
            return web.Response(status=refusals.pop()) if refusals else web.json_response({})
        if heard.path == "/api/now/attachment":
            assert heard.query["sysparm_query"] == "table_name=incident^table_sys_id=1"
            return web.json_response({"result": [{"file_name": name} for name in files]})
        if heard.method == "GET":
            mark = heard.query["sysparm_query"].removeprefix("correlation_id=")
            return web.json_response(
                {
                    "result": [
                        {"sys_id": "1"} for one in rows.values() if one["correlation_id"] == mark
                    ]
                }
            )
        if heard.method == "POST":
            rows["1"] = heard.json
            return web.json_response({"result": {"sys_id": "1"}}, status=201)
        rows["1"] |= heard.json
        return web.json_response({"result": {}})

    server.answering = answer
    section = {"url": server.url, "username": "bot", "password": "p"}
    assert (await tell(message(one_alert()), servicenow=section)).retryable  # the lines are missing
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
    (ticket,) = jira.tickets.values()
    assert ticket["files"] == [b"lines.txt"]


async def test_files_that_are_refused_are_tried_again_or_told(server: Server) -> None:
    section = {"url": server.url, "project": "OPS", "token": "t", "username": "bot"}
    jira = Jira()
    server.answering = jira.answer
    jira.refusing["attachments"] = [500, 403]
    first = await tell(message(one_alert(), chart=PNG), jira=section)
    assert (first.delivered, first.retryable) == (False, True)
    refused = await tell(message(one_alert(), chart=PNG), jira=section)
    assert refused.delivered
    assert refused.detail.startswith("OPS-1 is there, its files were refused: HTTP 403")
    again = await tell(message(one_alert(), chart=PNG), jira=section)
    assert again.detail == "OPS-1 is there"
    (ticket,) = jira.tickets.values()
    assert ticket["files"] == [b"lines.txt", b"chart.png"]


async def test_a_ticket_is_closed_by_what_leads_to_a_closed_status_and_commented_once(
    server: Server,
) -> None:
    section = {"url": server.url, "project": "OPS", "token": "t", "username": "bot"}
    jira = Jira()
    server.answering = jira.answer
    jira.transitions = [
        {"id": "7", "name": "Začít", "to": {"statusCategory": {"key": "indeterminate"}}},
        {"id": "31", "name": "Zavřít", "to": {"statusCategory": {"key": "done"}}},
    ]  # fmt: skip
    await tell(message(one_alert()), jira=section)
    jira.refusing["transitions"] = [500, 503]
    for _ in range(2):
        assert (await tell(message(ended(one_alert()), kind="resolved"), jira=section)).retryable
    assert (await tell(message(ended(one_alert()), kind="resolved"), jira=section)).delivered
    (ticket,) = jira.tickets.values()
    assert (ticket["state"], len(ticket["comments"])) == ("done", 1)


async def test_a_ticket_that_cannot_be_closed_says_what_to_set(server: Server) -> None:
    section = {"url": server.url, "project": "OPS", "token": "t", "username": "bot"}
    jira = Jira()
    server.answering = jira.answer
    await tell(message(one_alert()), jira=section)
    jira.transitions = [{"id": "7", "name": "Začít"}]
    outcome = await tell(message(ended(one_alert()), kind="resolved"), jira=section)
    assert outcome.delivered
    assert outcome.detail == "OPS-1 stays open: name one of its transitions in `done` (Začít)"
    (ticket,) = jira.tickets.values()
    ticket["state"] = "done"
    assert (
        "stays open"
        not in (await tell(message(ended(one_alert()), kind="resolved"), jira=section)).detail
    )


async def test_a_line_does_not_end_the_block_that_it_is_in(server: Server) -> None:
    jira = Jira()
    server.answering = jira.answer
    section = {"url": server.url, "project": "OPS", "token": "t", "username": "bot"}
    told = one_alert()
    line = {"message": 'x {noformat} *loud* {"a": 1}'}
    await tell(message(replace(told, samples=(line,))), jira=section)
    (ticket,) = jira.tickets.values()
    assert ticket["fields"]["description"].count("{noformat}") == 2


@pytest.mark.parametrize("summary", ["two\nlines", " \n"])
async def test_a_summary_of_several_lines_is_no_reason_to_refuse_a_ticket(
    server: Server, summary: str
) -> None:
    section = {"url": server.url, "project": "OPS", "token": "t", "username": "bot"}
    server.answering = Jira().answer
    told = replace(one_alert(host="a\nb"), annotations={"summary": summary})
    assert (await tell(message(told), jira=section)).delivered
