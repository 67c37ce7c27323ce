"""Which inputs beside files does a configuration ask for?"""

from __future__ import annotations

from logboom.clock import Clock
from logboom.config import Config, StdinInput
from shipper.inputs.port import NetworkInput
from shipper.standard_input import StandardInput


def make_inputs(config: Config, clock: Clock) -> list[NetworkInput]:
    """Makes all of them; none receives anything yet."""
    folder = config.data / "shipper" / "spool"
    return [
        StandardInput(section, folder / "stdin", clock)
        for section in config.inputs
        if isinstance(section, StdinInput)
    ]
