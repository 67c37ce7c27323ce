"""Every metric, command and alias is found in the documentation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry

from logboom.cli.app import make_app
from logboom.telemetry import EVENT_COUNTERS, ApiMetrics, PipelineCollector
from logboom.telemetry_alerts import AlertsCollector

DOCS = Path(__file__).parents[2] / "docs"


def test_every_metric_is_documented() -> None:
    page = (DOCS / "metrics.md").read_text(encoding="utf-8")
    registry = CollectorRegistry()
    ApiMetrics(registry)
    families = [*registry.collect(), *PipelineCollector().collect(), *AlertsCollector().collect()]
    assert len(families) > len(EVENT_COUNTERS)
    for family in families:
        name = f"{family.name}_total" if family.type == "counter" else family.name
        assert f"`{name}`" in page


def _callbacks(app: Any, prefix: str) -> dict[str, Any]:
    found = {f"{prefix} {c.name}": c.callback for c in app.registered_commands}
    for group in app.registered_groups:
        found |= _callbacks(group.typer_instance, f"{prefix} {group.typer_instance.info.name}")
    return found


def test_every_command_has_an_example() -> None:
    callbacks = _callbacks(make_app(), "logboom")
    assert {name.split()[1] for name in callbacks} >= {
        "up", "ship", "process", "api", "search", "parse", "grok", "check", "doctor", "dead",
    }  # fmt: skip
    for name, callback in callbacks.items():
        assert "Example: " in (callback.__doc__ or "")
        assert name in (callback.__doc__ or "")
