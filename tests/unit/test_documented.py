"""Every metric, command and alias is found in the documentation."""

from __future__ import annotations

from pathlib import Path

from prometheus_client import CollectorRegistry

from logboom.cli.app import make_app
from logboom.telemetry import EVENT_COUNTERS, ApiMetrics, PipelineCollector

DOCS = Path(__file__).parents[2] / "docs"


def test_every_metric_is_documented() -> None:
    page = (DOCS / "metrics.md").read_text(encoding="utf-8")
    registry = CollectorRegistry()
    ApiMetrics(registry)
    families = [*registry.collect(), *PipelineCollector().collect()]
    assert len(families) > len(EVENT_COUNTERS)
    for family in families:
        name = f"{family.name}_total" if family.type == "counter" else family.name
        assert f"`{name}`" in page


def test_every_command_has_an_example() -> None:
    commands = make_app().registered_commands
    assert {command.name for command in commands} == {
        "up", "ship", "process", "api", "search", "parse", "grok", "check", "doctor",
    }  # fmt: skip
    for command in commands:
        assert command.callback is not None
        assert "Example: " in (command.callback.__doc__ or "")
        assert f"logboom {command.name}" in (command.callback.__doc__ or "")
