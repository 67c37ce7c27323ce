"""What do the last minutes look like: rates, the share of errors, and the errors most often seen?"""

from __future__ import annotations

from typing import Any

from logboom.clock import Clock
from logboom.query.model import Exists
from logboom.query.times import iso_text
from logboom.rollups import Row, Tier
from logboom.rollups.row import one_of
from logboom.store import Store, TimeRange
from search_api.error_groups.grouping import FINGERPRINT
from search_api.rates.rollups import Stretch, numbers_of, services_of

_MINUTES = 5
_MOST_ERRORS = 10
_MOST_SERVICES = 50
_MINUTE_US = 60_000_000


async def last_minutes(store: Store, clock: Clock) -> dict[str, Any]:
    """Rates and errors of the last whole minutes and the present one.

    Raises:
        StoreUnavailable: Ask again later.
    """
    now_us = clock.now_ns() // 1000
    end_us = now_us - now_us % _MINUTE_US + _MINUTE_US
    start_us = end_us - _MINUTES * _MINUTE_US
    stretch = Stretch(Tier.MINUTE, start_us, end_us, now_us)
    rows = await store.rollups.rows(Tier.MINUTE, stretch.before.start_us, end_us)
    now = [row for row in rows if row.start_us >= start_us]
    before = [row for row in rows if row.start_us < start_us]
    services = services_of(now, before, stretch)
    whole: Row = one_of(start_us, ("", "", ""), now)
    return {
        "from": iso_text(start_us),
        "to": iso_text(now_us),
        **numbers_of(whole),
        "events_per_s": whole.events / stretch.seconds,
        "services": services[:_MOST_SERVICES],
        "top_errors": await _top_errors(store, TimeRange(start_us, end_us)),
    }


async def _top_errors(store: Store, times: TimeRange) -> list[dict[str, Any]]:
    found = await store.groups(
        Exists(FINGERPRINT), times, field=FINGERPRINT, by="service.name", size=_MOST_ERRORS
    )
    return [
        {
            "fingerprint": group.value,
            "count": group.count,
            "last_seen": iso_text(group.last_us),
            "services": dict(group.by),
        }
        for group in found.rows
    ]
