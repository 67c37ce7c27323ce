"""How does an alert become a ticket in Jira?

Source: https://developer.atlassian.com/cloud/jira/platform/rest/v2/
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlencode

from logboom.config.receiving import JiraSection
from logboom.errors import ReceiverUnreachable
from search_api.alerts.alert import Alert
from search_api.notifying import wording
from search_api.notifying.client import Answer, Client, basic
from search_api.notifying.group import digest_of
from search_api.notifying.multipart import File, multipart
from search_api.notifying.notification import Notification, Outcome
from search_api.notifying.tickets import keep_tickets, mark_of

FOUND_AFTER: Final = timedelta(seconds=30)
"""Jira's search knows a new ticket by then."""


async def deliver(section: JiraSection, notification: Notification, client: Client) -> Outcome:
    """One ticket for each episode: created once, commented, and closed when the alert resolves.

    Raises:
        ReceiverError: No answer.
    """
    return await keep_tickets(notification, _Jira(section, client))


class _Jira:
    def __init__(self, section: JiraSection, client: Client) -> None:
        self._section = section
        self._client = client
        self._base = f"{section.url.get_secret_value().rstrip('/')}/rest/api/2"
        token = section.token.get_secret_value()
        sign = f"Bearer {token}" if section.username is None else basic(section.username, token)
        self._headers = {"Authorization": sign, "Accept": "application/json"}

    async def find(self, alert: Alert) -> str | Outcome | None:
        """Key of the ticket of an episode; an outcome when it cannot be found out."""
        wanted = f'labels = "{mark_of(alert)}"'
        asked = urlencode({"jql": wanted, "fields": "status", "maxResults": "1"})
        answer = await self._get(f"/search/jql?{asked}")
        if answer.status in {404, 405}:  # Jira Data Center has the older address only
            answer = await self._get(f"/search?{asked}")
        if not answer.is_fine:
            return answer.outcome()
        issues = (answer.json() or {}).get("issues") or []
        return str(issues[0]["key"]) if issues else None

    async def create(self, notification: Notification, alert: Alert) -> str | Outcome:
        links = "\n".join(f"{word}: {url}" for word, url in wording.links(notification, alert))
        lines = "\n".join(wording.sample_lines(alert)).replace("{noformat", "{ noformat")
        fields = {
            "project": {"key": self._section.project},
            "issuetype": {"name": self._section.issue_type},
            "summary": wording.cut(wording.headline(alert), 250),
            "description": f"{wording.measured(alert)}\n{wording.lasted(alert)}\n"
            f"{wording.labels_text(alert)}\n\n{{noformat}}\n{lines}\n{{noformat}}\n\n{links}",
            "labels": ["logboom", mark_of(alert)],
        }
        try:
            outcome = (answer := await self._post("/issue", {"fields": fields})).outcome()
        except ReceiverUnreachable as error:
            outcome = Outcome(delivered=False, detail=str(error), retryable=True)
        if not outcome.delivered:  # it may be there: a search finds it only after a while
            found_after_s = FOUND_AFTER.total_seconds()
            return replace(outcome, retry_after_s=max(found_after_s, outcome.retry_after_s or 0))
        return str((answer.json() or {}).get("key"))

    async def comment(self, key: str, text: str) -> Outcome:
        return (await self._post(f"/issue/{key}/comment", {"body": text})).outcome()

    async def close(self, key: str, alert: Alert) -> Outcome:
        """Takes a transition that closes, then comments: what is tried again comments once.

        The first of the configured ones that there is; else one to a status of the category *done*.
        """
        answer = await self._get(f"/issue/{key}/transitions")
        if not answer.is_fine:
            return answer.outcome()
        offered: list[dict[str, Any]] = (answer.json() or {}).get("transitions") or []
        chosen = self._closing(offered)
        if chosen is not None:
            moved = await self._post(f"/issue/{key}/transitions", {"transition": {"id": chosen}})
            if not moved.is_fine:
                return moved.outcome()
        commented = await self.comment(key, f"Resolved, {wording.lasted(alert)}.")
        if chosen is None and commented.delivered and not await self._is_closed(key):
            names = ", ".join(str(one.get("name")) for one in offered) or "none"
            detail = f"{key} stays open: name one of its transitions in `done` ({names})"
            return replace(commented, detail=detail)
        return commented

    def _closing(self, offered: list[dict[str, Any]]) -> str | None:
        ids = {str(one.get("name")): str(one.get("id")) for one in offered}
        named = [ids[name] for name in self._section.done if name in ids]
        done = [str(one.get("id")) for one in offered if _is_done(one.get("to"))]
        return next(iter([*named, *done]), None)

    async def _is_closed(self, key: str) -> bool:
        answer = await self._get(f"/issue/{key}?fields=status")
        fields = (answer.json() or {}).get("fields") or {} if answer.is_fine else {}
        return _is_done(fields.get("status"))

    async def attached(self, key: str) -> set[str] | Outcome:
        answer = await self._get(f"/issue/{key}?fields=attachment")
        if not answer.is_fine:
            return answer.outcome()
        files = ((answer.json() or {}).get("fields") or {}).get("attachment") or []
        return {str(file.get("filename")) for file in files}

    async def attach(self, key: str, file: File) -> Outcome:
        body, kind = multipart({}, [file], boundary=digest_of([key, file.name]))
        headers = {**self._headers, "Content-Type": kind, "X-Atlassian-Token": "no-check"}
        url = f"{self._base}/issue/{key}/attachments"
        return (await self._client.send("POST", url, content=body, headers=headers)).outcome()

    async def _get(self, path: str) -> Answer:
        return await self._client.send("GET", self._base + path, headers=self._headers)

    async def _post(self, path: str, content: object) -> Answer:
        return await self._client.send_json(self._base + path, content, headers=self._headers)


def _is_done(status: object) -> bool:
    """True for a status of the category of those that are closed."""
    category = status.get("statusCategory") if isinstance(status, dict) else None
    return isinstance(category, dict) and category.get("key") == "done"
