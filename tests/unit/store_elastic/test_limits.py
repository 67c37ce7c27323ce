"""Fields are counted as Elasticsearch counts them; what is near is said before it is reached."""

from __future__ import annotations

import pytest

from logboom.store.elastic.limits import count_fields
from logboom.store.limits import Limit


def test_objects_values_sub_fields_and_aliases_count() -> None:
    mapping = {
        "dynamic": "false",
        "properties": {
            "log": {"properties": {"level": {"type": "keyword"}}},
            "n": {"type": "keyword", "fields": {"number": {"type": "double"}}},
            "also": {"type": "alias", "path": "n"},
        },
        "runtime": {"r": {"type": "long"}},
    }
    assert count_fields(mapping) == 6
    assert count_fields({}) == 0


@pytest.mark.parametrize(
    ("used", "most", "is_near"),
    [(0, 2000, False), (1699, 2000, False), (1700, 2000, True), (2000, 2000, True), (1, 0, True)],
)
def test_a_limit_is_near_before_it_is_reached(used: float, most: float, is_near: bool) -> None:
    assert Limit("fields", "day", used, most, "mend").is_near == is_near


def test_a_limit_says_what_it_is_about() -> None:
    assert (
        Limit("fields", "day", 1700, 2000, "mend").sentence() == "day has 1700 of 2000 fields: mend"
    )
