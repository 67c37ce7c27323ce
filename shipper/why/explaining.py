"""Is a file read, to which byte, and why? All checks in their order.

Everything is looked at and nothing is changed: the file, the configuration, the shipper's registry
(which may be in use), and what a running shipper tells of itself.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from logboom.config import FileInput
from logboom.config.section import Section
from shipper.why.content import content_findings
from shipper.why.file import file_findings
from shipper.why.finding import Finding, Told
from shipper.why.memory import remember
from shipper.why.naming import naming_of
from shipper.why.state import state_findings


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer.

    Attributes:
        path: Absolute.
        is_read: Nothing keeps the file from being read.
        read_to: Bytes that are durable in the broker; None when no registry knows it.
        findings: All checks, in their order.
    """

    path: str
    is_read: bool
    read_to: int | None
    findings: Sequence[Finding]


def explain(path: str, inputs: Sequence[Section] | None, data: Path, told: Told) -> Explanation:
    """Explains.

    Args:
        path: Of the file.
        inputs: Of the configuration; None when it is not known which there are.
        data: The data folder, which has the registry.
        told: What the status stream says.
    """
    full = os.path.abspath(os.path.expanduser(path))  # noqa: PTH100, PTH111 - links are told of
    findings = list(file_findings(full))
    is_there = not any(finding.mark == "trouble" for finding in findings)
    section: FileInput | None = None
    memory = remember(data, full)
    known = memory.sources[0] if memory.sources else None
    if inputs is not None:
        family = known.family if known is not None else None
        naming = naming_of(full, [s for s in inputs if isinstance(s, FileInput)], family)
        section = naming.section
        findings += naming.findings
    else:
        findings.append(
            Finding(
                "inputs", "note", "no configuration was named with -c: its inputs are not known"
            )
        )
    if is_there:
        findings += content_findings(full, section)
    findings += state_findings(full, memory, told)
    read_to = known.offset if known is not None else None
    is_read = not any(finding.mark == "trouble" for finding in findings)
    return Explanation(full, is_read, read_to, findings)
