"""How is the embedded store asked for a sketch of numbers?

The index cuts the ends of ranges down to whole numbers where a part of it has only whole numbers, and
answers with the ends as it has cut them. So it is asked twice: once with the true ends, and once with ends
that become right by being cut. What it answers tells which of them was meant for that part. Few numbers are asked
for one by one instead: nearly all ranges would be empty.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, inf, nextafter
from typing import Any, Final

from logboom.rollups.durations import Durations
from logboom.store.cells import bucket_of, sketch_ranges

MOST_BY_VALUE: Final = 20_000
"""Values of one stretch that are asked for one by one."""

_ALL_WHOLE: Final = 2.0**52
"""From here on no number of 64 bits has a fraction."""


@dataclass(frozen=True, slots=True)
class ByValue:
    """A question for all values.

    Attributes:
        asked: Aggregations.
        least: What is smaller counts as 0.
    """

    asked: Mapping[str, Any]
    least: float

    def read(self, bucket: Mapping[str, Any]) -> Durations | None:
        """The sketch of what is in a bucket of the answer; None when there are more values."""
        if bucket["values"]["sum_other_doc_count"]:
            return None
        zeros, bins = 0, defaultdict[int, int](int)
        for one in bucket["values"]["buckets"]:
            value = one["key"]
            if isinstance(value, str) or "key_as_string" in one:
                continue  # no number
            if value > self.least:
                bins[bucket_of(value)] += one["doc_count"]
            else:
                zeros += one["doc_count"]
        return Durations(zeros, bins)


@dataclass(frozen=True, slots=True)
class ByRange:
    """A question for sketches, and what its answers mean.

    Attributes:
        asked: Aggregations.
        keys: The sketch's bucket by the begin of a range; one for each of the aggregations.
        ends: Where the first range begins; likewise.
    """

    asked: Mapping[str, Any]
    keys: Mapping[str, Mapping[float, int]]
    ends: Mapping[str, float]

    def read(self, bucket: Mapping[str, Any]) -> Durations:
        """The sketch of what is in a bucket of the answer."""
        zeros, bins = 0, defaultdict[int, int](int)
        for name, keys in self.keys.items():
            for one in bucket[name]["buckets"]:
                if "from" not in one:
                    zeros += one["doc_count"] if one["to"] == self.ends[name] else 0
                elif one["doc_count"] and one["from"] in keys:
                    bins[keys[one["from"]]] += one["doc_count"]
        return Durations(zeros, bins)


def sketching(field: str, least: float, greatest: float, numbers: int) -> ByValue | ByRange:
    """The question for sketches of a field's numbers.

    Args:
        field: Its name.
        least: Of the numbers.
        greatest: Of the numbers.
        numbers: How many there are in a stretch at most.
    """
    if numbers > MOST_BY_VALUE:
        return by_range(field, least, greatest)
    ranges = sketch_ranges(least, greatest)
    values = {"terms": {"field": field, "size": MOST_BY_VALUE}}
    return ByValue({"values": values}, ranges[0][1] if ranges else inf)


def by_range(field: str, least: float, greatest: float) -> ByRange:
    """The question for sketches of a field that may have any number of values.

    Numbers of one event that fall into the same bucket of the sketch count once.

    Args:
        field: Its name.
        least: Of the numbers.
        greatest: Of the numbers.
    """
    broken = [
        (key, _uncut(start), _uncut(end)) for key, start, end in sketch_ranges(least, greatest)
    ]
    if not broken:  # nothing is above 0
        return ByRange({"broken": _range(field, [{"to": 1.0}])}, {"broken": {}}, {"broken": 1.0})
    whole = [(key, float(ceil(start)), float(ceil(end))) for key, start, end in broken]
    parts = {"broken": (broken, 0.0)}
    if left := [one for one in whole if one[1] < one[2] and one[1] < _ALL_WHOLE]:
        parts["whole"] = (left, 0.5)
    asked, keys, ends = {}, {}, {}
    for name, (found, above) in parts.items():
        ranges = [{"from": start + above, "to": end + above} for _, start, end in found]
        asked[name] = _range(field, ranges)
        keys[name] = {start: key for key, start, _ in found}
        ends[name] = found[0][1]
    return ByRange(asked, keys, ends)


def _uncut(end: float) -> float:
    """The end of a range that is told apart from a whole number."""
    return nextafter(end, inf) if end < _ALL_WHOLE and end.is_integer() else end


def _range(field: str, ranges: Sequence[Mapping[str, float]]) -> Mapping[str, Any]:
    return {"range": {"field": field, "ranges": ranges}}
