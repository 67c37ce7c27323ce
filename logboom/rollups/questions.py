"""Which events count as errors, as requests, and as failed requests?

As queries, so that a row says what a search counts.
"""

from __future__ import annotations

from typing import Final

from logboom.query.model import Query, Range, Term

STATUS: Final = "http.response.status_code"
DURATION: Final = "event.duration"

ERRORS: Final[Query] = Term("tags", "error")
REQUESTS: Final[Query] = Range(STATUS, "100", "599", include_lower=True, include_upper=True)
SERVER_ERRORS: Final[Query] = Range(STATUS, "500", "599", include_lower=True, include_upper=True)
