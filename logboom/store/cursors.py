"""How is the end of a page written down, so that the next one goes on from there?"""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Generic, TypeVar

import orjson

from logboom.errors import QueryError
from logboom.store.values import Count, SearchRequest

After = TypeVar("After", bound=Sequence[Any])


@dataclass(frozen=True, slots=True)
class Cursor(Generic[After]):
    """The end of a page.

    Attributes:
        after: The last event's place in the order, as its store has it.
        total: What the first page counted, so that all pages of one search say the same.
    """

    after: After
    total: Count

    def text(self, request: SearchRequest) -> str:
        """The cursor as users carry it, bound to what was asked."""
        content = (*self.after, self.total.value, self.total.exact, _fingerprint(request))
        return urlsafe_b64encode(orjson.dumps(content)).decode().rstrip("=")


def read(request: SearchRequest, place: Callable[[Sequence[Any]], After]) -> Cursor[After] | None:
    """The cursor that a request brings; None on the first page.

    Args:
        request: Of the page.
        place: Makes a place in the order of its values; raises TypeError or ValueError when they
            are none.

    Raises:
        QueryError: It is not one of ours, or belongs to another search.
    """
    if request.cursor is None:
        return None
    try:
        padded = request.cursor + "=" * (-len(request.cursor) % 4)
        *after, value, exact, fingerprint = orjson.loads(urlsafe_b64decode(padded))
        cursor = Cursor(place(after), Count(int(value), bool(exact)))
    except (binascii.Error, orjson.JSONDecodeError, TypeError, ValueError) as error:
        raise QueryError(
            "the cursor cannot be read", suggestion="take it unchanged from the page before"
        ) from error
    if fingerprint != _fingerprint(request):
        raise QueryError(
            "the cursor belongs to another search",
            suggestion="keep query, times and order the same on all pages",
        )
    return cursor


def _fingerprint(request: SearchRequest) -> str:
    asked = repr((request.query, request.times, request.order))
    return blake2b(asked.encode("utf-8", "replace"), digest_size=6).hexdigest()
