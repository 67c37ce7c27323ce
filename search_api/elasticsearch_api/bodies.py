"""How are the parts of a JSON body taken out of it, and what is wrong with those that are not so?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from search_api.elasticsearch_api.refusals import PARSING, Refused, unsupported

MAX_BODY_BYTES = 1_000_000

METADATA = frozenset(
    {"_index", "_source", "_ignored", "_score", "_doc_count", "_field_names", "_routing", "_seq_no",
     "_tier", "_type", "_version"}
)  # fmt: skip
"""Names of what Elasticsearch knows of an event besides its fields and its id."""


def decoded(body: bytes) -> Any:  # noqa: ANN401 - JSON
    """A body's JSON; an empty one is an empty object.

    Raises:
        Refused: It is none, or too long.
    """
    if len(body) > MAX_BODY_BYTES:
        raise Refused(f"a request has at most {MAX_BODY_BYTES} bytes", status=413)
    if not body.strip():
        return {}
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Refused(f"the request is not JSON: {error}", kind=PARSING) from error


def an_object(value: object, what: str) -> dict[str, Any]:
    """A JSON object.

    Raises:
        Refused: It is something else.
    """
    if not isinstance(value, dict):
        raise Refused(f"{what} must be an object", kind=PARSING)
    return value


def only_entry(value: object, what: str) -> tuple[str, Any]:
    """The one name of an object, and what stands under it.

    Raises:
        Refused: It has none, or several.
    """
    entries = an_object(value, what)
    if len(entries) != 1:
        raise Refused(f"{what} must have exactly one name in it", kind=PARSING)
    return next(iter(entries.items()))


def as_list(value: object) -> list[Any]:
    """A list of what may also be given alone."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def as_text(value: object, what: str) -> str:
    """A scalar as the text that a query has for it.

    Raises:
        Refused: It is no scalar.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise Refused(f"{what} must be a text, a number, true or false", kind=PARSING)


def as_whole(value: object, what: str, *, least: int, most: int) -> int:
    """A whole number, which may be written as a text.

    Raises:
        Refused: It is none, or out of bounds.
    """
    try:
        number = (
            int(value) if isinstance(value, str | int) and not isinstance(value, bool) else None
        )
    except ValueError:
        number = None
    if number is None:
        raise Refused(f"{what} must be a whole number", kind=PARSING)
    if not least <= number <= most:
        raise Refused(f"{what} must be from {least} to {most}, and is {number}")
    return number


def check_names(given: Mapping[str, Any], known: Iterable[str], what: str) -> None:
    """Sees that nothing is asked for that would not be done.

    Raises:
        Refused: There is something, which is named.
    """
    for name in given:
        if name not in known:
            raise unsupported(f"{name!r} in {what}")


def check_not_metadata(name: str) -> None:
    """Sees that a name is of a field of events, `_id` included.

    Raises:
        Refused: It is of something else that Elasticsearch knows of them.
    """
    if name in METADATA:
        instead = "name indices in the path" if name == "_index" else ""
        raise unsupported(f"the field {name!r}", instead)
