"""docs/formats.md names every format, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from shipper.parsers.making import FORMATS

PAGE = Path(__file__).parents[2] / "docs" / "formats.md"


def test_every_format_is_documented() -> None:
    table = PAGE.read_text(encoding="utf-8").partition("## Grok")[0]
    documented = re.findall(r"^\| `([a-z]+)` \|", table, re.MULTILINE)
    assert sorted(documented) == sorted(FORMATS)
