"""What does a row of PostgreSQL's log mean, when it is written as CSV?

Source: PostgreSQL's manual, "Using CSV-Format Log Output". Versions add columns at the end.
"""

from __future__ import annotations

import csv
import re
from types import MappingProxyType
from typing import Final

from shipper.parsers.conversions import duration, whole
from shipper.parsers.port import Fields

_COLUMNS: Final = (
    "@timestamp", "user.name", "attributes.database", "process.pid", "client", "attributes.session_id",
    "attributes.session_line", "attributes.command_tag", "attributes.session_start",
    "attributes.virtual_transaction_id", "attributes.transaction_id", "log.level", "attributes.sql_state",
    "message", "attributes.detail", "attributes.hint", "attributes.internal_query",
    "attributes.internal_query_position", "attributes.context", "attributes.statement",
    "attributes.statement_position", "attributes.location", "attributes.application",
    "attributes.backend_type", "attributes.leader_pid", "attributes.query_id",
)  # fmt: skip
_FEWEST: Final = 22
"""Columns of the first versions."""
_NUMBERS: Final = MappingProxyType(
    dict.fromkeys(
        [
            "process.pid", "attributes.session_line", "attributes.internal_query_position",
            "attributes.statement_position", "attributes.leader_pid",
        ]
    )
)  # fmt: skip
_IS_ROW = re.compile(
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})? [A-Za-z0-9+:-]{1,10},"
    r"(?:\"(?:[^\"]|\"\")*+\"|[^,\"]*+),(?:\"(?:[^\"]|\"\")*+\"|[^,\"]*+),\d*,"
    r"(?:\"[^\"]*+\")?,[0-9a-f]+\.[0-9a-f]+,\d+,"
).match
_CLIENT = re.compile(r"(.+?)(?::(\d{1,5}))?\Z").match
_TOOK = re.compile(r"duration: ([\d.]{1,20}+) ms").match
_MILLISECONDS = duration(1_000_000)


class PostgresqlCsvParser:
    """Parses rows of `csvlog`."""

    name = "postgresql_csv"

    def parse(self, text: str) -> Fields | None:
        """See `Parser.parse`."""
        cells = _cells(text)
        if cells is None:
            return None
        fields: Fields = {}
        for name, cell in zip(_COLUMNS, cells, strict=False):
            if cell:
                fields[name] = whole(cell) if name in _NUMBERS else cell
        client = _CLIENT(fields.pop("client", ""))
        if client is not None:
            fields["client.address"] = client[1]
            if client[2] is not None:
                fields["attributes.client_port"] = whole(client[2])
        took = _TOOK(fields.setdefault("message", ""))
        if took is not None:
            fields["event.duration"] = _MILLISECONDS(took[1])
        return fields


def is_row(text: str) -> bool:
    """Whether a text begins as such a row does."""
    return _IS_ROW(text) is not None


def _cells(text: str) -> list[str] | None:
    if not is_row(text):
        return None
    try:
        (cells,) = csv.reader([text])
    except (csv.Error, ValueError):
        return None
    return cells if _FEWEST <= len(cells) <= len(_COLUMNS) else None
