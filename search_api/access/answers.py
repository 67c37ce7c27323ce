"""Which problems may every route of a guarded API answer with?"""

from __future__ import annotations

from typing import Any

from search_api.http.answers import Problem

GUARDED: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "The request is not understood."},
    401: {"model": Problem, "description": "A key is needed, or the one sent is worth nothing."},
    403: {"model": Problem, "description": "The key does not allow this."},
    413: {"model": Problem, "description": "The body is too large."},
    414: {"model": Problem, "description": "The URL is too long."},
    415: {"model": Problem, "description": "The body is compressed otherwise than by gzip."},
    421: {"model": Problem, "description": "The Host header names no address of this API."},
    429: {"model": Problem, "description": "Too many requests; `Retry-After` says when."},
    503: {"model": Problem, "description": "Ask again later."},
}
