"""Which inputs beside files does a configuration ask for?"""

from __future__ import annotations

from collections.abc import Iterator

from logboom.clock import Clock
from logboom.config import Config, HttpInput, StdinInput, SyslogInput
from shipper.inputs.port import NetworkInput
from shipper.inputs.standard_input import StandardInput


def make_inputs(config: Config, clock: Clock) -> list[NetworkInput]:
    """Makes all of them; none receives anything yet."""
    return list(_inputs(config, clock))


def _inputs(config: Config, clock: Clock) -> Iterator[NetworkInput]:
    folder = config.data / "shipper" / "spool"
    for section in config.inputs:
        if isinstance(section, StdinInput):
            yield StandardInput(section, folder / "stdin", clock)
        elif isinstance(section, HttpInput):
            from shipper.inputs.http.receiver import (  # noqa: PLC0415 - most shippers have none
                HttpReceiver,
            )

            yield HttpReceiver(section, folder / f"http-{_in_a_path(section.http)}", clock)
        elif isinstance(section, SyslogInput):
            from shipper.inputs.syslog.listener import (  # noqa: PLC0415 - most shippers have none
                SyslogListener,
            )

            yield SyslogListener(
                section, folder / f"syslog-{_in_a_path(section.syslog)}", clock,
                max_event_bytes=config.shipper.max_event_bytes,
            )  # fmt: skip


def _in_a_path(address: str) -> str:
    return address.replace("/", "_").replace(":", "_")
