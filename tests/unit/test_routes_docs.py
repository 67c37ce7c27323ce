"""Every route of the API is found in docs/."""

from __future__ import annotations

import re
from pathlib import Path

from tests.api_world import served

DOCS = Path(__file__).parents[2] / "docs"
_NAME = re.compile(r"\{\w+\}")
_PATH = re.compile(r"/[\w{}/.-]*")


async def test_every_route_is_documented(tmp_path: Path) -> None:
    text = "\n".join(page.read_text(encoding="utf-8") for page in sorted(DOCS.glob("*.md")))
    told = {_NAME.sub("{}", path).rstrip("/.") for path in _PATH.findall(text)}
    async with served(tmp_path) as world:
        paths = world.app.openapi()["paths"]
    assert len(paths) > 20
    routes = {_NAME.sub("{}", path.removeprefix("/api/v1")) for path in paths}
    assert {one for one in routes if one not in told and f"/api/v1{one}" not in told} == set()
