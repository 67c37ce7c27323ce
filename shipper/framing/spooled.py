"""How do the files of a spool become events?"""

from __future__ import annotations

from logboom.config import FileInput, HttpInput, SyslogInput

SUFFIX = ".spool"
"""How the names of a spool's files end."""


class SpooledInput(FileInput):
    """Every line is an envelope (`shipper.inputs.envelopes`); `format` is that of the text in it."""


def spooled(section: SyslogInput | HttpInput, *, service: str) -> SpooledInput:
    """The section that the files of an input's spool are read with.

    Args:
        section: The input.
        service: Of events that name none.
    """
    shared = {
        name: getattr(section, name)
        for name in type(section).model_fields.keys() & SpooledInput.model_fields.keys()
        if name not in {"kind", "service", "encoding"}
    }
    return SpooledInput(path=["-"], multiline="none", service=service, **shared)
