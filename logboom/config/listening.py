"""Where does a configuration listen, and do two parts of it want the same place?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

from logboom.config.inputs import FileInput, HttpInput, StdinInput, SyslogInput
from logboom.config.units import split_address

Input = FileInput | StdinInput | SyslogInput | HttpInput

_EVERYWHERE = frozenset({"0.0.0.0", "::", "*"})  # noqa: S104 - compared with, not bound to
_HERE = {"localhost": "127.0.0.1"}


@dataclass(frozen=True, slots=True)
class Listener:
    """A place that is listened on.

    Attributes:
        name: As the configuration has it.
        address: HOST:PORT.
        transports: `tcp`, `udp` or both.
    """

    name: str
    address: str
    transports: frozenset[str] = frozenset({"tcp"})


def listeners_of(inputs: Iterable[Input]) -> list[Listener]:
    """The places that inputs listen on."""
    found: list[Listener] = []
    for number, section in enumerate(inputs, 1):
        if isinstance(section, HttpInput):
            found.append(Listener(f"inputs.{number}.http", section.http))
        if isinstance(section, SyslogInput):
            both = section.transport or (["tcp"] if section.tls else ["udp", "tcp"])
            found.append(Listener(f"inputs.{number}.syslog", section.syslog, frozenset(both)))
    return found


def clash(listeners: Iterable[Listener]) -> tuple[Listener, Listener] | None:
    """The first two that cannot both listen; port 0 is a free one, and never clashes."""
    for one, other in combinations(listeners, 2):
        host, port = split_address(one.address)
        other_host, other_port = split_address(other.address)
        hosts = {_HERE.get(host, host), _HERE.get(other_host, other_host)}
        meets = len(hosts) == 1 or bool(hosts & _EVERYWHERE)
        if port and port == other_port and meets and one.transports & other.transports:
            return one, other
    return None
