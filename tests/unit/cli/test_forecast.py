"""`logboom forecast` on an embedded store, and plans that cannot be used."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from logboom.cli.app import make_app
from logboom.cli.forecast import read_plan
from logboom.clock import SystemClock
from logboom.errors import ConfigError

PLAN = """
- {name: fair, from: 2026-12-01T09:00:00Z, to: 2026-12-01T18:00:00+01:00, participants: 12000}
"""


def test_a_plan_is_read_with_its_time_zones(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(PLAN)
    (fair,) = read_plan(path)
    assert (fair.name, fair.processors) == ("fair", 12)
    assert fair.begin == datetime(2026, 12, 1, 9, tzinfo=UTC)
    assert fair.end == datetime(2026, 12, 1, 17, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("[", "no YAML"),
        ("a: 1", "list"),
        (PLAN.replace("Z", ""), "timezone"),
        (PLAN.replace("12000", "-1"), "participants"),
        (PLAN.replace("T18", "T01"), "later than"),
        (PLAN.replace("name", "nam"), "nam"),
    ],
)
def test_what_is_no_plan_is_told_with_its_place(tmp_path: Path, text: str, what: str) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=what) as error:
        read_plan(path)
    assert str(path) in str(error.value)


def test_a_plan_that_is_not_there_is_told() -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read_plan(Path("/nowhere/plan.yaml"))


def test_an_empty_store_needs_one_processor(tmp_path: Path) -> None:
    run = CliRunner().invoke(make_app(), ["forecast", "--data", str(tmp_path), "--json"])
    assert run.exit_code == 0, run.output
    told = json.loads(run.stdout)
    assert [hour["processors"] for hour in told["hours"]] == [1] * 24
    assert told["disk"] == {"daily_bytes": 0, "weeks_to_90_percent": None}


def test_people_get_a_line_for_each_hour(tmp_path: Path) -> None:
    arguments = ["forecast", "--data", str(tmp_path), "--hours", "2", "--disk", "1TiB"]
    run = CliRunner().invoke(make_app(), arguments)
    assert run.exit_code == 0, run.output
    heading, first, second, *summary = run.stdout.splitlines()
    assert heading.split() == [
        "hour",
        "(UTC)",
        "usual",
        "events/s",
        "processors",
        "needed",
        "planned",
    ]
    for line in (first, second):
        assert line.split()[2:] == ["0", "1"]
    assert summary == [
        "processors: at most 1 processor is needed at a time",
        "nothing of the last seven days is stored: only what is planned was counted",
        "disk: not known yet: no whole day is stored",
    ]


def test_people_are_told_when_most_processors_are_needed(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    begin = datetime.fromtimestamp(SystemClock().now_ns() / 1e9, UTC).replace(minute=0, second=0)
    begin = begin.replace(microsecond=0) + timedelta(hours=1)
    end = begin + timedelta(hours=1)
    entry = {"name": "fair", "from": begin.isoformat(), "to": end.isoformat(), "participants": 2500}
    path.write_text(json.dumps([entry]))
    run = CliRunner().invoke(make_app(), ["forecast", "--data", str(tmp_path), "--plan", str(path)])
    assert run.exit_code == 0, run.output
    assert (
        f"at most 4 processors are needed at a time, in the hour from {begin:%Y-%m-%d %H:%MZ}"
        in (run.stdout)
    )
    assert f"{begin:%Y-%m-%d %H:%M}" in next(
        one for one in run.stdout.splitlines() if "fair" in one
    )
