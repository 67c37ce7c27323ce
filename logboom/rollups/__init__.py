"""Rollups: what happened in each minute, five minutes and hour, by service, host and level.

A row is a pure function of the events that the store holds (docs/adr/0011). The processor makes them
(`processor/rolling/`), the store keeps them (`Store.rollups`), the search API reads them.
"""

from logboom.rollups.durations import RELATIVE_ERROR, Durations
from logboom.rollups.port import MOST_ROWS, Rollups, Room
from logboom.rollups.row import Row, added_up
from logboom.rollups.tiers import Tier

__all__ = ["MOST_ROWS", "RELATIVE_ERROR", "Durations", "Rollups", "Room", "Row", "Tier", "added_up"]
