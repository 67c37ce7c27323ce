"""How does an alert become an incident in ServiceNow?

Source: ServiceNow's Table API and Attachment API.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from logboom.config.receiving import ServicenowSection
from search_api.alerts.alert import Alert
from search_api.notifying import wording
from search_api.notifying.client import Client, basic
from search_api.notifying.multipart import File
from search_api.notifying.notification import Notification, Outcome
from search_api.notifying.plan import severity_of
from search_api.notifying.tickets import keep_tickets, mark_of

_URGENCIES: Final = {"critical": "1", "high": "2", "medium": "2", "low": "3"}


async def deliver(
    section: ServicenowSection, notification: Notification, client: Client
) -> Outcome:
    """One incident for each episode: created once, noted to, and resolved with the alert.

    Raises:
        ReceiverError: No answer.
    """
    return await keep_tickets(notification, _Table(section, client))


class _Table:
    def __init__(self, section: ServicenowSection, client: Client) -> None:
        self._section = section
        self._client = client
        self._base = f"{section.url.get_secret_value().rstrip('/')}/api/now"
        self._table = f"{self._base}/table/{section.table}"
        sign = basic(section.username, section.password.get_secret_value())
        self._headers = {"Authorization": sign, "Accept": "application/json"}

    async def find(self, alert: Alert) -> str | Outcome | None:
        """Id of the incident of an episode; an outcome when it cannot be found out."""
        asked = urlencode({
            "sysparm_query": f"correlation_id={mark_of(alert)}",
            "sysparm_fields": "sys_id", "sysparm_limit": "1",
        })  # fmt: skip
        answer = await self._client.send("GET", f"{self._table}?{asked}", headers=self._headers)
        if not answer.is_fine:
            return answer.outcome()
        rows = (answer.json() or {}).get("result") or []
        return str(rows[0]["sys_id"]) if rows else None

    async def create(self, notification: Notification, alert: Alert) -> str | Outcome:
        links = "\n".join(f"{word}: {url}" for word, url in wording.links(notification, alert))
        lines = "\n".join(wording.sample_lines(alert))
        content = {
            "short_description": wording.cut(wording.headline(alert), 160),
            "description": f"{wording.measured(alert)}\n{wording.lasted(alert)}\n\n{lines}\n\n{links}",
            "correlation_id": mark_of(alert),
            "correlation_display": "logboom",
            "urgency": _URGENCIES[severity_of(alert.labels)],
            "impact": _URGENCIES[severity_of(alert.labels)],
        }
        answer = await self._client.send_json(self._table, content, headers=self._headers)
        if not answer.is_fine:
            return answer.outcome()
        made = (answer.json() or {}).get("result") or {}
        if "sys_id" not in made:  # the next try finds it
            return Outcome(delivered=False, detail="the answer names no incident", retryable=True)
        return str(made["sys_id"])

    async def comment(self, found: str, text: str) -> Outcome:
        """Adds words to an incident."""
        return await self._change(found, {"work_notes": text})

    async def close(self, found: str, _alert: Alert) -> Outcome:
        """Changes an incident as the configuration says."""
        return await self._change(found, self._section.resolved)

    async def _change(self, found: str, content: dict[str, str]) -> Outcome:
        answer = await self._client.send_json(
            f"{self._table}/{found}", content, method="PATCH", headers=self._headers
        )
        return answer.outcome()

    async def attached(self, found: str) -> set[str] | Outcome:
        """Names of the files of an incident."""
        asked = urlencode({
            "sysparm_query": f"table_name={self._section.table}^table_sys_id={found}",
            "sysparm_fields": "file_name",
        })  # fmt: skip
        url = f"{self._base}/attachment?{asked}"
        answer = await self._client.send("GET", url, headers=self._headers)
        if not answer.is_fine:
            return answer.outcome()
        return {str(row.get("file_name")) for row in (answer.json() or {}).get("result") or []}

    async def attach(self, found: str, file: File) -> Outcome:
        """Adds a file to an incident."""
        asked = urlencode({
            "table_name": self._section.table, "table_sys_id": found, "file_name": file.name,
        })  # fmt: skip
        url = f"{self._base}/attachment/file?{asked}"
        headers = {**self._headers, "Content-Type": file.kind}
        return (
            await self._client.send("POST", url, content=file.content, headers=headers)
        ).outcome()
