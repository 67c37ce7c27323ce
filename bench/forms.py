"""The two forms of the pipeline, each with the services that it needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psutil

from bench.events import write_events
from bench.machine import Usage, usage_of, usage_of_service
from tests.flow import Pipeline
from tests.polling import eventually
from tests.services.elasticsearch import start_elasticsearch
from tests.services.kafka import start_kafka
from tests.services.process import JvmService

FORMS = ("embedded", "distributed")
_WARM_S = 300.0


@dataclass(frozen=True)
class Form:
    """A pipeline that is not running yet, and the services that it will use.

    Attributes:
        pipeline: Follows the files of `logs`.
        logs: A folder; only names that end in `.log` are followed.
        services: By name; none in the embedded form.
    """

    pipeline: Pipeline
    logs: Path
    services: Mapping[str, JvmService]

    def processes(self) -> dict[str, psutil.Process]:
        """Ours by name: the supervisor (`up`) and the services; none while the pipeline does not run."""
        if self.pipeline.process is None:
            return {}
        return {"up": psutil.Process(self.pipeline.process.pid)} | self.pipeline.children()

    def usage(self) -> dict[str, Usage]:
        """What each of our processes and each service has taken so far."""
        ours = {name: usage_of([one]) for name, one in self.processes().items()}
        others = {name: usage_of_service(one) for name, one in self.services.items()}
        return ours | others

    def warm_up(self, path: Path, events: int, now: datetime) -> None:
        """Sends events of other services through the running pipeline, and waits for them.

        Args:
            path: Written to; one of the files that are followed.
            events: How many.
            now: Event times end here.
        """
        hour = timedelta(hours=1)
        write_events(path, events, begin=now - hour, span=hour, service="warm")
        eventually(
            lambda: self.pipeline.count("service:warm-*") >= events,
            timeout_s=_WARM_S,
            what=f"{events} events of the warm-up are found",
        )


@contextmanager
def open_form(form: str, folder: Path) -> Iterator[Form]:
    """Starts the services of a form; at the end stops the pipeline, if it runs, and the services.

    Args:
        form: One of `FORMS`.
        folder: Everything of the pipeline goes there.
    """
    logs = folder / "logs"
    logs.mkdir()
    settings: dict[str, Any] = {"inputs": [{"path": str(logs / "*.log")}]}
    with ExitStack() as stack:
        services: dict[str, JvmService] = {}
        if form == "distributed":
            kafka = services["Kafka"] = start_kafka()
            stack.callback(kafka.remove)
            elasticsearch = services["Elasticsearch"] = start_elasticsearch()
            stack.callback(elasticsearch.remove)
            settings |= {"broker": f"kafka://{kafka.address}", "store": elasticsearch.address}
        pipeline = Pipeline(folder, settings)
        stack.callback(pipeline.stop)
        yield Form(pipeline, logs, services)
