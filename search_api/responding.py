"""How is an answer written as JSON?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from fastapi import Response


def answer(content: Mapping[str, Any], *, status: int = 200) -> Response:
    """An answer of our own making: no need to check its shape once more."""
    return Response(orjson.dumps(content), status_code=status, media_type="application/json")
