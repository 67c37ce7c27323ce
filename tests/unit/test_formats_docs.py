"""docs/formats.md names every format with a sample of it, and no other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from shipper.framing.wrappers import WRAPPERS
from shipper.parsers.catalogue import Format, load_catalogue
from shipper.parsers.making import format_names

PAGE = (Path(__file__).parents[2] / "docs" / "formats.md").read_text(encoding="utf-8")


def test_every_format_is_documented() -> None:
    documented = re.findall(r"^\| `(\w+)` \|", PAGE.partition("## Grok")[0], re.MULTILINE)
    assert sorted(documented) == sorted([*format_names(), *WRAPPERS])


@pytest.mark.parametrize("one", load_catalogue().formats.values(), ids=lambda one: one.name)
def test_a_format_is_described_with_its_sample(one: Format) -> None:
    sample = one.samples[0]
    entry = "\n".join([*sample.before, sample.text])
    assert f"| `{one.name}` | {one.what} |\n" in PAGE
    shown = "\n".join(f"    {line}" for line in entry.split("\n"))
    assert f"`{one.name}`:\n\n{shown}\n" in PAGE
