"""Of which fields can values be counted, whichever the store?"""

from __future__ import annotations

from logboom.errors import QueryError
from logboom.fields import EVENT_FIELDS, FieldType

_DISTINCT = frozenset(
    {"event.id", "trace.id", "span.id", "transaction.id", "log.offset", "event.original"}
)
_KINDS = {FieldType.TEXT: "consists of words", FieldType.DATE: "is a point in time"}
_SUGGESTION = "take a field with few different values, such as level, service or host"


def check_countable(field: str) -> None:
    """Sees that the values of a field can be counted.

    Args:
        field: Its stored name.

    Raises:
        QueryError: They cannot; it says why, and which fields' can.
    """
    kind = EVENT_FIELDS.get(field)
    if field in _DISTINCT:
        reason = "is different in nearly every event"
    elif kind in _KINDS:
        reason = _KINDS[kind]
    else:
        return
    raise QueryError(
        f"the values of {field} cannot be counted: it {reason}", suggestion=_SUGGESTION
    )
