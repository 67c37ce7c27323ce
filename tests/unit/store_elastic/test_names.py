"""Names of day indices, and patterns that fit them and nothing else."""

from __future__ import annotations

from datetime import date
from fnmatch import fnmatchcase

import pytest

from logboom.store.elastic.names import IndexNames

PATTERNS = ["logboom-logs-%Y.%m.%d", "app-%Y-%m-%d", "%Y%m%d", "x%Y.%m.%d-logs", "d%d-%m-%Y"]


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("day", [date(2026, 3, 4), date(1999, 12, 31), date(2000, 1, 1)])
def test_a_name_leads_back_to_its_day_and_fits_the_patterns(pattern: str, day: date) -> None:
    names = IndexNames(pattern)
    name = names.of(day)
    assert names.day(name) == day
    assert any(fnmatchcase(name, one) for one in names.patterns)


@pytest.mark.parametrize(
    "name",
    ["app-2026-3-4", "app-2026-02-30", "app-dev-2026-03-04", "app-2026-03-04-x", "app-", "other"],
)
def test_other_names_have_no_day(name: str) -> None:
    assert IndexNames("app-%Y-%m-%d").day(name) is None


def test_the_patterns_of_one_do_not_fit_the_names_of_another_that_begins_alike() -> None:
    plain, longer = IndexNames("app-%Y.%m.%d"), IndexNames("app-dev-%Y.%m.%d")
    name = longer.of(date(2026, 3, 4))
    assert not any(fnmatchcase(name, one) for one in plain.patterns)


def test_each_pattern_has_a_template_of_its_own_name() -> None:
    named = {IndexNames(pattern).template for pattern in [*PATTERNS, "app-%Y.%m.%d"]}
    assert len(named) == len(PATTERNS) + 1
    assert IndexNames("logboom-logs-%Y.%m.%d").template == "logboom-logs-yyyy.mm.dd"
    assert IndexNames("app-%Y.%m.%d").template == "logboom-app-yyyy.mm.dd"


def test_names_are_quoted_in_paths() -> None:
    assert IndexNames("a b-%Y.%m.%d").path == "a%20b-1*.*.*,a%20b-2*.*.*"


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("logboom-logs-%Y.%m.%d", "logboom-logs@custom"),
        ("app-%Y.%m.%d", "logboom-app@custom"),
        ("x%Y.%m.%d-logs", "logboom-x.logs@custom"),
        ("%Y%m%d", "logboom@custom"),
    ],
)
def test_the_users_own_component_has_the_name_without_the_day(pattern: str, name: str) -> None:
    assert IndexNames(pattern).custom == name
