"""What does this API say of itself, of the indices and of their fields?"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fnmatch import translate
from typing import Any

from logboom.fields import ATTRIBUTES, EVENT_FIELDS, FieldType
from logboom.query.model import MatchAll
from logboom.store import Day, SearchRequest, Store
from search_api.elasticsearch_api.attribute_numbers import NUMBER
from search_api.elasticsearch_api.sources import leaves

VERSION = "8.19.0"
"""Of Elasticsearch, whose answers these look like."""

_SAMPLE = 500
_WHOLE_ONLY = frozenset({"trace.id", "span.id", "transaction.id", "event.id", "event.original"})
_TYPES = {
    FieldType.TEXT: "text",
    FieldType.KEYWORD: "keyword",
    FieldType.LONG: "long",
    FieldType.DOUBLE: "double",
    FieldType.DATE: "date",
    FieldType.IP: "ip",
}
_METADATA = {"_id": "_id", "_index": "_index", "_source": "_source"}
_COLUMNS = (
    "health", "status", "index", "uuid", "pri", "rep", "docs.count", "docs.deleted", "store.size",
    "pri.store.size", "dataset.size",
)  # fmt: skip
_UNITS = (("gb", 2**30), ("mb", 2**20), ("kb", 2**10))


def information() -> dict[str, Any]:
    """What stands at the root; clients read the version."""
    return {
        "name": "logboom",
        "cluster_name": "logboom",
        "cluster_uuid": "logboom",
        "version": {
            "number": VERSION,
            "build_flavor": "default",
            "build_type": "logboom",
            "build_snapshot": False,
            "lucene_version": "9.12.0",
            "minimum_wire_compatibility_version": "7.17.0",
            "minimum_index_compatibility_version": "7.0.0",
        },
        "tagline": "logboom's embedded store",
    }


def health(days: Sequence[Day], troubles: Sequence[str]) -> dict[str, Any]:
    """The health of the store: yellow when single days are not served."""
    return {
        "cluster_name": "logboom",
        "status": "yellow" if troubles else "green",
        "timed_out": False,
        "number_of_nodes": 1,
        "number_of_data_nodes": 1,
        "active_primary_shards": len(days),
        "active_shards": len(days),
        "relocating_shards": 0,
        "initializing_shards": 0,
        "unassigned_shards": len(troubles),
        "delayed_unassigned_shards": 0,
        "number_of_pending_tasks": 0,
        "number_of_in_flight_fetch": 0,
        "task_max_waiting_in_queue_millis": 0,
        "active_shards_percent_as_number": 100.0,
    }


def rows(days: Sequence[Day], *, in_bytes: bool) -> list[dict[str, str]]:
    """The day indices as `_cat/indices` lists them."""
    found = []
    for day in days:
        size = str(day.size_bytes) if in_bytes else _readable(day.size_bytes)
        found.append(
            dict(
                zip(
                    _COLUMNS,
                    ("green", "open", day.name, day.name, "1", "0", str(day.documents), "0", size,
                     size, size),
                    strict=True,
                )
            )
        )  # fmt: skip
    return found


def table(lines: Sequence[Mapping[str, str]], columns: Sequence[str], *, titled: bool) -> str:
    """Rows as text, in columns."""
    cells = [[line.get(column, "") for column in columns] for line in lines]
    if titled:
        cells.insert(0, list(columns))
    widths = [max((len(row[n]) for row in cells), default=0) for n in range(len(columns))]
    texts = (
        " ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    )
    return "".join(f"{text}\n" for text in texts)


def _readable(size: int) -> str:
    for unit, factor in _UNITS:
        if size >= factor:
            return f"{size / factor:.1f}{unit}"
    return f"{size}b"


async def field_types(store: Store) -> dict[str, str]:
    """The fields by their dotted names, and Elasticsearch's names for their types.

    Those of applications are taken from the newest events. As in logboom's indices in Elasticsearch
    they are keywords, and those that have numbers have them once more behind `attribute_numbers.NUMBER`.

    Raises:
        StoreUnavailable: Ask again later.
    """
    known = {name: _TYPES[kind] for name, kind in EVENT_FIELDS.items()}
    page = await store.search(SearchRequest(MatchAll(), limit=_SAMPLE, count_limit=0))
    for event in page.events:
        for path, value in leaves(event.get(ATTRIBUTES), ATTRIBUTES):
            known[path] = "keyword"
            if isinstance(value, int | float) and not isinstance(value, bool):
                known.setdefault(path + NUMBER, "double")
    return known


def capabilities(
    types: Mapping[str, str], days: Sequence[Day], wanted: Sequence[str]
) -> dict[str, Any]:
    """The fields of some names or patterns as `_field_caps` tells them."""
    tests = [re.compile(translate(pattern)).match for pattern in wanted]
    found: dict[str, Any] = {}
    for name, kind in sorted({**types, **_METADATA}.items()):
        if any(test(name) for test in tests):
            found[name] = {kind: _capability(name, kind)}
    return {"indices": [day.name for day in days], "fields": found}


def _capability(name: str, kind: str) -> dict[str, Any]:
    is_metadata = name in _METADATA
    counted = kind != "text" and not is_metadata and name not in _WHOLE_ONLY
    return {
        "type": kind,
        "metadata_field": is_metadata,
        "searchable": name not in {"_source", "_index"},
        "aggregatable": counted,
    }


def mappings(types: Mapping[str, str], days: Sequence[Day]) -> dict[str, Any]:
    """The mapping of each index; that of all is the same."""
    root: dict[str, Any] = {}
    attributes: dict[str, Any] = {}
    for name, kind in sorted(types.items()):
        top, _, below = name.partition(".")
        if top != ATTRIBUTES:
            _put(root, name.split("."), kind)
        elif kind == "double":
            _put_numbers(attributes, below.removesuffix(NUMBER))
        else:
            attributes.setdefault(below, {})["type"] = kind
    root[ATTRIBUTES] = {"type": "object", "subobjects": False, "properties": attributes}
    return {day.name: {"mappings": {"properties": root}} for day in days}


def _put_numbers(attributes: dict[str, Any], name: str) -> None:
    attributes.setdefault(name, {})["fields"] = {NUMBER.removeprefix("."): {"type": "double"}}


def _put(properties: dict[str, Any], path: list[str], kind: str) -> None:
    head, rest = path[0], path[1:]
    if not rest:
        properties.setdefault(head, {})["type"] = kind
        return
    _put(properties.setdefault(head, {}).setdefault("properties", {}), rest, kind)
