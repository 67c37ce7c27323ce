"""Which transitions were decided and have not been taken over by those who send them?

A rule's record in the state holds the states of its series and the transitions together, so that both
are written in one step (docs/adr/0024).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from logboom.state import Record
from search_api.alerts.alert import Alert

KIND: Final = "alert-rule"
"""Of the records; their keys are `group/name`."""


@dataclass(frozen=True, slots=True)
class StagedTransition:
    """A transition that waits to be taken over.

    Attributes:
        key: Of the record that it is in.
        sequence: Its number there: rises with each transition, and never comes again.
        alert: What has become of a series.
    """

    key: str
    sequence: int
    alert: Alert


def staged(records: Iterable[Record]) -> Sequence[StagedTransition]:
    """The transitions that wait, in the order of each record.

    Args:
        records: Of kind `KIND`.

    Returns:
        The same again for as long as they are not taken: tell them apart by episode and state.
    """
    return [
        StagedTransition(record.key, entry["sequence"], Alert.from_json(entry["alert"]))
        for record in records
        for entry in record.value.get("outbox", ())
    ]


def taken(record: Record, sequences: Collection[int]) -> dict[str, Any]:
    """The value of a record that no longer holds transitions that were taken over.

    Args:
        record: As it was read; write the value with `expected=record.version`, and on a conflict
            read it again.
        sequences: Of the transitions that are durable elsewhere now.
    """
    left = [e for e in record.value.get("outbox", ()) if e["sequence"] not in sequences]
    return {**record.value, "outbox": left}
