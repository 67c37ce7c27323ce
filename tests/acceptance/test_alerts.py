"""An error spike that is written to a file becomes an alert, and it resolves by itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from logboom.clock import SystemClock
from tests.acceptance.listening import Listening
from tests.flow import Pipeline, settings_for
from tests.polling import eventually
from tests.services.alertmanager import alerts_of, running_alertmanager

WITHIN_S = 30
RULES = """
groups:
  - name: shop
    every: 2s
    rules:
      - alert: HighErrorRate
        when: error_rate > 50%
        over: 10s
        by: [service]
        min_events: 10
        labels: {severity: critical}
        annotations: {summary: '{{ service.name }} fails {{ value | percent }}'}
"""


@pytest.fixture
def alertmanager(tmp_path: Path) -> Iterator[str]:
    with running_alertmanager(tmp_path) as url:
        yield url


def write(path: Path, level: str, number: int) -> None:
    now = datetime.fromtimestamp(SystemClock().now_ns() / 1e9, UTC).isoformat()
    line = {"timestamp": now, "level": level, "message": "payment", "service": "cart"}
    with path.open("a") as file:
        file.writelines(json.dumps({**line, "n": n}) + "\n" for n in range(number))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("form", ["embedded", "distributed"])
def test_a_spike_of_errors_is_told_within_half_a_minute_and_resolves(
    tmp_path: Path, unique: str, request: pytest.FixtureRequest, listeners: Listening,
    alertmanager: str, form: str,
) -> None:  # fmt: skip
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULES)
    settings = settings_for(form, tmp_path, unique, request)
    told_to = listeners.settings(alertmanager, rules)
    pipeline = Pipeline(tmp_path, {**settings, "alerts": told_to})
    pipeline.start()
    log = tmp_path / "logs" / "cart.log"

    def alerts(state: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = pipeline.ask("alerts", state=state)["alerts"]
        return found

    try:
        write(log, "INFO", 20)
        pipeline.await_count("service:cart", 20, timeout_s=60)
        write(log, "ERROR", 100)
        begun = SystemClock().monotonic()
        (alert,) = eventually(lambda: alerts("firing"), timeout_s=WITHIN_S, what="it fires")
        print(f"fired {SystemClock().monotonic() - begun:.1f} s after the line was written")

        def is_at_alertmanager() -> float | None:
            return SystemClock().monotonic() if alerts_of(alertmanager) else None

        come: Callable[[], float | None]
        for name, come in (
            ("webhook", lambda: listeners.at(listeners.posted, "HighErrorRate")),
            ("mail", lambda: listeners.at(listeners.mails, "FIRING:1")),
            ("Alertmanager", is_at_alertmanager),
        ):
            at = eventually(come, timeout_s=WITHIN_S, what=f"{name} is told")
            print(f"{name} was told {at - begun:.1f} s after the line was written")
            assert at - begun < WITHIN_S
        (_, posted), *_ = listeners.posted
        assert posted["alerts"][0]["episode"] == alert["episode"]
        assert "image/png" in listeners.mails[0][1]["parts"]
        assert "payment" in posted["alerts"][0]["samples"][0]["message"]

        assert alert["labels"] == {
            "alertname": "HighErrorRate", "severity": "critical", "service.name": "cart",
        }  # fmt: skip
        assert alert["annotations"]["summary"].startswith("cart fails ")
        assert len(alert["samples"]) == 5
        assert alert["samples"][0]["message"] == "payment"
        assert alert["error_group"] == alert["samples"][0]["error"]["fingerprint"]
        found = pipeline.ask("count", q=alert["query"], from_=alert["window"][0])
        assert found["count"] == 100

        (resolved,) = eventually(lambda: alerts("resolved"), timeout_s=60, what="it resolves")
        assert resolved["episode"] == alert["episode"]
        assert not alerts("firing")
        eventually(
            lambda: listeners.at(listeners.mails, "RESOLVED")
            and listeners.at(listeners.posted, '"kind": "resolved"')
            and not alerts_of(alertmanager),
            timeout_s=WITHIN_S, what="all are told that it is over",
        )  # fmt: skip
        told = [(one["kind"], one["alerts"][0]["episode"]) for _, one in listeners.posted]
        assert told == [("firing", alert["episode"]), ("resolved", alert["episode"])]
    finally:
        pipeline.stop()
