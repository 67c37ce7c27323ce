"""How many events has one write to the store?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from logboom.config import expand, from_mapping
from processor.run import section_of


@pytest.mark.parametrize(
    ("settings", "events"),
    [
        ({}, 10_000),
        ({"processor": {"batch_events": 20_000}}, 20_000),
        ({"processor": {"group": "others"}}, 10_000),
        ({"store": "http://127.0.0.1:9200"}, 20_000),
    ],
)
def test_writes_to_the_embedded_store_are_smaller_unless_it_is_set(
    tmp_path: Path, settings: dict[str, Any], events: int
) -> None:
    config = from_mapping(expand({"data": str(tmp_path), **settings}), origin="test")
    assert section_of(config).batch_events == events
