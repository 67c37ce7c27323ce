"""The buttons of the pages that links of messages open, pressed as a browser does it."""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import urljoin

import httpx
import pytest

from logboom.state.local import LocalState
from search_api.alerts.keeping import write_details
from tests.unit.search_api.access.conftest import Api
from tests.unit.search_api.notifying.timeline import alert

EPISODE = "a" * 24
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


class Form(HTMLParser):
    """The only form of a page: where it is sent, and the fields that it has of itself."""

    def __init__(self, page: httpx.Response) -> None:
        super().__init__()
        self.address = str(page.url)
        self.fields: dict[str, list[str]] = {}
        self.feed(page.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self.address = urljoin(self.address, given.get("action") or "")
        elif tag in {"input", "select"}:
            self.fields.setdefault(given.get("name") or "", []).append(given.get("value") or "")
        elif tag == "option" and self.fields["duration"] == [""]:
            self.fields["duration"] = [given.get("value") or ""]


@pytest.mark.parametrize(
    ("link", "kept", "says"),
    [
        ("silences/form?matcher=alertname%3D%22X%22&matcher=team%3D%22a+%26+b%22", "silences",
         "Silent until 2026-11-21 12:30 UTC"),
        (f"acknowledgements/form?episode={EPISODE}", "acknowledgements", "Acknowledged"),
    ],
    ids=["silence", "acknowledge"],
)  # fmt: skip
async def test_the_button_does_what_it_says(api: Api, link: str, kept: str, says: str) -> None:
    assert isinstance(api.memory, LocalState)
    await write_details(api.memory, [alert(EPISODE)])
    headers = {**BROWSER, "Authorization": f"Bearer {await api.key('alerts', 'read')}"}
    page = await api.client.get(f"/api/v1/{link}", headers=headers)
    assert page.status_code == 200
    assert (await api.client.get(f"/api/v1/{kept}", headers=headers)).json()[kept] == []

    form = Form(page)
    pressed = await api.client.post(form.address, data=form.fields, headers=headers)
    assert (pressed.status_code, says in pressed.text) == (200, True), pressed.text
    assert len((await api.client.get(f"/api/v1/{kept}", headers=headers)).json()[kept]) == 1


async def test_pages_are_fit_for_a_phone_and_for_no_frame(api: Api) -> None:
    key = {"Authorization": f"Bearer {await api.key('alerts')}"}
    for path, headers in (("acknowledgements/form?episode=a", key), ("search", {})):
        page = await api.client.get(f"/api/v1/{path}", headers={**BROWSER, **headers})
        assert '<meta name="viewport" content="width=device-width">' in page.text
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
        assert "base-uri 'none'" in page.headers["content-security-policy"]
