"""How is an event made smaller without becoming another one?"""

from __future__ import annotations

import orjson

from logboom.bounds import TRUNCATED


def shrink(value: bytes, limit: int) -> bytes:
    """Makes an event fit into a message: its own fields go first, then the end of its texts.

    Args:
        value: An event as JSON, longer than `limit` bytes (escapes can double a text's length).
        limit: Bytes that it may have.

    Returns:
        The event with the same id and time, tagged `truncated`. It is longer than `limit` still
        when what must stay (ids, times, names) takes more.
    """
    event = orjson.loads(value)
    event["tags"] = list(dict.fromkeys((*event.get("tags", ()), TRUNCATED)))
    event["attributes"] = {}
    event.get("event", {}).pop("original", None)
    keep = limit
    shrunk = orjson.dumps(event)
    while len(shrunk) > limit and keep:
        keep //= 2
        for holder, key in (
            (event, "message"),
            *((event.get("error", {}), k) for k in ("message", "stack_trace")),
        ):
            if isinstance(holder.get(key), str):
                holder[key] = holder[key][:keep]
        shrunk = orjson.dumps(event)
    return shrunk
