"""Why is an answer less than whole?"""

from __future__ import annotations

from collections.abc import Sequence

from logboom.store import Store
from search_api.searching.asking import Asked


async def why_not_whole(
    store: Store, asked: Asked, fields: Sequence[str], otherwise: str
) -> Sequence[str]:
    """Tells what an answer that is not exact, or not complete, lacks.

    Args:
        store: Has answered.
        asked: The question.
        fields: Stored names of what was counted.
        otherwise: The sentence when the store names no reason of its own.

    Raises:
        StoreUnavailable: Ask again later.
    """
    return await store.lacking(asked.query, asked.times, fields) or [otherwise]
