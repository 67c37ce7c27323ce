"""What is refused, and how does Elasticsearch say that something went wrong?"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from logboom.errors import LogboomError, NotAllowed, QueryError, TooBusy

ILLEGAL = "illegal_argument_exception"
PARSING = "parsing_exception"

_PAGES = (
    "page with `search_after`: sort by `@timestamp` and `_doc`, and send the `sort` of the last hit"
    " back; nothing is missed or doubled"
)
TO_WRITE = "it reads only; send new events as `_bulk` to logboom's HTTP input (docs/inputs.md)"
_LUCENE = "ask `_search` with a `query_string`"
_INSTEAD: Final[Mapping[str, str]] = {
    "scroll": _PAGES, "_pit": _PAGES, "pit": _PAGES, "keep_alive": _PAGES,
    "_async_search": "ask `_search`", "_sql": _LUCENE, "_query": _LUCENE, "_eql": _LUCENE,
    "_bulk": "logboom's HTTP input takes it (docs/inputs.md)",
    "_doc": TO_WRITE, "_create": TO_WRITE, "_update": TO_WRITE, "_reindex": TO_WRITE,
    "_update_by_query": TO_WRITE, "_delete_by_query": TO_WRITE,
    "filter_path": "take what you need of the whole answer",
}  # fmt: skip
"""What to do where something is not there, by the name of a path or a parameter."""


class Refused(Exception):
    """A request that is not answered.

    Args:
        reason: One sentence that names what is refused, and what to do instead.
        kind: Elasticsearch's name for this sort of error.
        status: Of HTTP.
    """

    def __init__(self, reason: str, *, kind: str = ILLEGAL, status: int = 400) -> None:
        super().__init__(reason)
        self.reason = reason
        self.kind = kind
        self.status = status


def instead_of(*names: str, otherwise: str = "") -> str:
    """What to do in place of something that goes by one of these names."""
    return next((_INSTEAD[name] for name in names if name in _INSTEAD), otherwise)


def unsupported(what: str, instead: str = "") -> Refused:
    """The refusal of something that Elasticsearch has and this API has not."""
    more = f"; {instead}" if instead else ""
    return Refused(f"logboom's Elasticsearch API does not have {what}{more}")


def error_body(error: Refused | LogboomError) -> dict[str, Any]:
    """An error as Elasticsearch's clients read it; `status` in it is HTTP's."""
    kind, reason, status = _told(error)
    cause = {"type": kind, "reason": reason}
    return {"error": {"root_cause": [cause], **cause}, "status": status}


def _told(error: Refused | LogboomError) -> tuple[str, str, int]:
    if isinstance(error, Refused):
        return error.kind, error.reason, error.status
    if isinstance(error, QueryError):
        return "query_shard_exception", str(error), HTTPStatus.BAD_REQUEST
    if isinstance(error, NotAllowed):
        return "security_exception", str(error), HTTPStatus.FORBIDDEN
    if isinstance(error, TooBusy):
        return "es_rejected_execution_exception", str(error), HTTPStatus.TOO_MANY_REQUESTS
    if error.retryable:
        return "status_exception", str(error), HTTPStatus.SERVICE_UNAVAILABLE
    return "status_exception", str(error), HTTPStatus.INTERNAL_SERVER_ERROR
