"""How long after a spike of errors was written is somebody told?

    python -m bench.alert_latency [--form embedded|distributed] [--spikes 12] [--every 5]

Spikes of errors of one service after the other are written to a file that a running, warmed-up pipeline
follows, at moments that have nothing to do with those at which rules are evaluated. A webhook, an SMTP
server and an Alertmanager are told of each. From just before the write until each of them knows is what
is printed; Alertmanager is asked ten times a second. Then all of them must hear that it is over.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles

import yaml

from bench.events import make_line
from bench.forms import FORMS, Form, open_form
from bench.latency import WARM_UP, epoch_s, present
from bench.machine import print_calibration
from bench.stopping import stop_in_order
from tests.acceptance.listening import Listening, listening
from tests.polling import eventually
from tests.services.alertmanager import alerts_of, running_alertmanager

_OVER_S = 15
_ERRORS = 50
_BETWEEN_S = (2.0, 5.0)
_PATIENCE_S = 120.0


def main() -> None:
    """Runs one form and prints its figures."""
    stop_in_order()
    parser = argparse.ArgumentParser(description="Measures when somebody is told of a spike.")
    parser.add_argument("--form", choices=FORMS, default="embedded")
    parser.add_argument("--spikes", type=int, default=12)
    parser.add_argument("--every", type=int, default=5, help="seconds between two evaluations")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="logboom-bench-") as name,
        open_form(options.form, Path(name)) as form,
        listening() as listeners,
        running_alertmanager(Path(name)) as alertmanager,
    ):
        rules = Path(name) / "rules.yaml"
        rules.write_text(yaml.safe_dump(_rules(options.every)))
        form.pipeline.settings["alerts"] = listeners.settings(alertmanager, rules, group_by=["..."])
        form.pipeline.start()
        form.warm_up(form.logs / "warm.log", WARM_UP[options.form], present())
        line = make_line(random.Random(1), 0, present())
        print_calibration(line, "before")
        _run(form, listeners, alertmanager, options.spikes)
        print_calibration(line, "after")


def _rules(every_s: int) -> Mapping[str, object]:
    rule = {
        "alert": "HighErrorRate", "when": "error_rate > 50%", "over": f"{_OVER_S}s",
        "by": ["service"], "where": "service:spike-*", "min_events": 10,
        "labels": {"severity": "critical"},
    }  # fmt: skip
    return {"groups": [{"name": "bench", "every": f"{every_s}s", "rules": [rule]}]}


def _run(form: Form, listeners: Listening, alertmanager: str, spikes: int) -> None:
    written: dict[str, float] = {}
    with _watching(alertmanager) as seen:
        for number in range(spikes):
            service = f"spike-{number}"
            written[service] = time.monotonic()
            _write(form.logs / "app.log", service)
            time.sleep(random.uniform(*_BETWEEN_S))
        found: dict[str, Callable[[str], float | None]] = {
            "webhook": lambda one: listeners.at(listeners.posted, f'"{one}"'),
            "mail": lambda one: listeners.at(listeners.mails, f" in {one} "),
            "Alertmanager": seen.get,
        }
        for name, at in found.items():
            _await(name, at, written)
            took = [(at(one) or 0.0) - begun for one, begun in written.items()]
            print(f"{name:13} {_spread(took)}")
        eventually(
            lambda: _resolved(listeners) >= spikes and not alerts_of(alertmanager),
            timeout_s=_PATIENCE_S, what="all of them are over",
        )  # fmt: skip
    print(f"{spikes} spikes have resolved by themselves")


def _await(name: str, at: Callable[[str], float | None], written: Mapping[str, float]) -> None:
    eventually(
        lambda: all(at(one) is not None for one in written),
        timeout_s=_PATIENCE_S, what=f"{name} is told of all of them",
    )  # fmt: skip


def _resolved(listeners: Listening) -> int:
    return sum(document["kind"] == "resolved" for _, document in listeners.posted)


def _write(path: Path, service: str) -> None:
    now = datetime.fromtimestamp(epoch_s(), UTC).isoformat()
    line = {"timestamp": now, "level": "ERROR", "message": "payment failed", "service": service}
    with path.open("a") as file:
        file.writelines(json.dumps({**line, "n": number}) + "\n" for number in range(_ERRORS))


@contextmanager
def _watching(alertmanager: str) -> Iterator[dict[str, float]]:
    """When Alertmanager knew of which service first, by the monotonic clock."""
    seen: dict[str, float] = {}
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(0.1):
            for alert in alerts_of(alertmanager):
                seen.setdefault(alert["labels"].get("service_name", ""), time.monotonic())

    thread = threading.Thread(target=watch, name="watching")
    thread.start()
    try:
        yield seen
    finally:
        ended.set()
        thread.join()


def _spread(took_s: Sequence[float]) -> str:
    p95 = quantiles(took_s, n=20, method="inclusive")[-1]
    return (
        f"min {min(took_s):.1f} s, median {median(took_s):.1f} s,"
        f" p95 {p95:.1f} s, max {max(took_s):.1f} s"
    )


if __name__ == "__main__":
    main()
