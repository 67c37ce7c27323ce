"""docs/configuration.md says of every setting what the code says, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from logboom.config import (
    access,
    alerts,
    connections,
    inputs,
    model,
    notifying,
    receiving,
    redaction,
    retention,
    rollups,
    rules,
    scaling,
    searching,
    tagging,
)
from logboom.config.section import Section

SECTIONS = list(dict.fromkeys(
    value
    for module in (model, access, alerts, notifying, receiving, inputs, connections, rules, redaction, retention, rollups, scaling, searching, tagging)
    for value in vars(module).values()
    if isinstance(value, type) and issubclass(value, Section) and value.model_fields
    and not value.__name__.startswith("_")
))  # fmt: skip
PAGE = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `(\w+)` \| .*? \| (.*) \|$", PAGE, re.MULTILINE)


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.__name__)
def test_every_setting_is_documented(section: type[Section]) -> None:
    for name, field in section.model_fields.items():
        if name != "kind":
            assert field.description
            assert (field.alias or name, field.description.replace("|", "\\|")) in ROWS


def test_nothing_is_documented_that_does_not_exist() -> None:
    known = {
        (f.alias or n, f.description)
        for section in SECTIONS
        for n, f in section.model_fields.items()
    }
    for name, meaning in ROWS:
        assert (name, meaning.replace("\\|", "|")) in known
