"""How is a line read whose meaning stands in a header? CSV, TSV, W3C extended logs.

The header is an event of its own, tagged `header`: every line is accounted for. A shipper that goes
on in the middle of a file asks the file's begin for it (`HeadedParser.learn`).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from types import MappingProxyType
from typing import Final
from urllib.parse import unquote_plus

from logboom.spellings import SPELLINGS
from shipper.parsers.conversions import duration, whole
from shipper.parsers.port import Fields
from shipper.parsers.repeats import add_numbered

HEADER: Final = "header"
DELIMITERS: Final = MappingProxyType({"csv": ",", "tsv": "\t"})
"""Format → what stands between its cells, unless the configuration says otherwise."""
_MOST_COLUMNS = 1000
_LONGEST_CELL = 131_072
_IS_NAME = re.compile(r"[A-Za-z_@#][\w.@/()%#-]{0,100}")
_TELLING = frozenset({"@timestamp", "message", "log.level"})
_FEWEST_DETECTED = 3
_DIRECTIVE = re.compile(
    r"#(Software|Version|Log-[Tt]ype|Date|Fields|Remark|Start-Date|End-Date|GMT-Offset): ?(.*)"
)
_W3C_NAMES: Final = MappingProxyType(
    {
        "c-ip": "client.ip", "cs-username": "user.name", "s-computername": "host.name",
        "cs-method": "http.request.method", "cs-uri-stem": "url.path", "cs-uri-query": "url.query",
        "cs-uri": "url.original", "sc-status": "http.response.status_code",
        "sc-bytes": "http.response.body.bytes", "cs(User-Agent)": "user_agent.original",
        "cs(Referer)": "http.request.referrer", "cs-version": "http.version",
        "cs-protocol-version": "http.version", "s-sitename": "service.name",
    }
)  # fmt: skip
_ENCODED = frozenset({"user_agent.original", "http.request.referrer"})
_NO_NAME = re.compile(r"[^\w.]++")
_SECONDS, _MILLISECONDS = duration(1_000_000_000), duration(1_000_000)


class CsvParser:
    """Parses rows by the names in the first row, or by given ones.

    Args:
        name: Of the format.
        delimiter: One character.
        columns: The names; None takes them from the first row.
        wants_proof: Take a first row for a header only when it looks like one.
    """

    def __init__(
        self, name: str, delimiter: str, columns: Sequence[str] | None = None, *,
        wants_proof: bool = False,
    ) -> None:  # fmt: skip
        self.name = name
        self._delimiter = delimiter
        self._columns = list(columns) if columns else None
        self._wants_proof = wants_proof
        self._has_begun = False

    def learn(self, head: Sequence[str]) -> None:
        """See `HeadedParser.learn`."""
        if head and self._columns is None:
            self.parse(head[0])
        self._has_begun = True

    def parse(self, text: str) -> Fields | None:
        """See `Parser.parse`. A row with more or fewer cells than the header is not of it.

        The header is one wherever it comes: files are joined, and texts parsed again.
        """
        is_first = not self._has_begun
        self._has_begun = True
        if self._columns is None and not is_first:
            return None
        cells = self.cells(text)
        if cells is None:
            return None
        if self._columns is None:
            if self._wants_proof and not _is_header(cells, text):
                return None
            self._columns = [cell.strip() for cell in cells]
        elif len(cells) != len(self._columns):
            return None
        if cells[0].strip() == self._columns[0] and [c.strip() for c in cells] == self._columns:
            return {"message": text, "tags": [HEADER]}
        fields: Fields = {}
        counts: dict[str, int] = {}
        for number, (name, cell) in enumerate(zip(self._columns, cells, strict=True), 1):
            if cell:
                add_numbered(fields, name or f"column_{number}", cell, counts)
        return fields

    def cells(self, text: str) -> list[str] | None:
        """The cells of one row; None where it is none."""
        if '"' not in text:
            cells = text.split(self._delimiter, _MOST_COLUMNS)
        elif len(text) > _LONGEST_CELL:
            return None
        else:
            try:
                skips = f'{self._delimiter} "' in text
                rows = list(csv.reader([text], delimiter=self._delimiter, skipinitialspace=skips))
            except csv.Error:
                return None
            cells = rows[0] if len(rows) == 1 else []
        return cells if 0 < len(cells) <= _MOST_COLUMNS else None


def header_delimiter(text: str) -> str | None:
    """What stands between the cells of a file whose first line this is; None if it names no columns."""
    for name, delimiter in DELIMITERS.items():
        if delimiter in text:
            cells = CsvParser(name, delimiter).cells(text)
            if cells is not None and _is_header(cells, text):
                return delimiter
    return None


def _is_header(cells: Sequence[str], text: str) -> bool:
    """Names, each once, and one of them is the time's or the level's or the message's.

    A name in quotes may have any signs.
    """
    names = [cell.strip() for cell in cells]
    return (
        len(names) >= _FEWEST_DETECTED
        and len(set(names)) == len(names)
        and all(_IS_NAME.fullmatch(name) or (name and f'"{name}"' in text) for name in names)
        and any(SPELLINGS.get(name.lower()) in _TELLING for name in names)
    )


class W3cParser:
    """Parses lines by the last `#Fields` directive. Source: W3C, Extended Log File Format.

    Times are in UTC, as the source says; a time without a date is of the day of the last `#Date`.
    Fields between commas, as Exchange writes them, are CSV.
    """

    name = "iis"

    def __init__(self) -> None:
        self._columns: list[str] | None = None
        self._rows: CsvParser | None = None
        self._date = ""

    def learn(self, head: Sequence[str]) -> None:
        """See `HeadedParser.learn`."""
        for text in head:
            if text.startswith("#"):
                self.parse(text)

    def parse(self, text: str) -> Fields | None:
        """See `Parser.parse`."""
        if text[:1] == "#":
            return self._directive(text)
        if self._rows is not None:
            return _exchange(self._rows.parse(text), text)
        if self._columns is None:
            return None
        cells = text.split("\t" if "\t" in text else " ", _MOST_COLUMNS)
        if len(cells) != len(self._columns):
            return None
        row = dict(zip(self._columns, cells, strict=True))
        fields: Fields = {"message": text}
        if "time" in row:
            date = row.get("date", self._date)
            fields["@timestamp"] = f"{date} {row['time']}Z" if date else row["time"]
        for name, cell in row.items():
            if cell not in {"-", ""} and name not in {"date", "time"}:
                _place(fields, name, cell)
        return fields

    def _directive(self, text: str) -> Fields | None:
        match = _DIRECTIVE.match(text)
        if match is None:
            return None
        if match[1] == "Fields":
            self._columns = match[2].split()[:_MOST_COLUMNS] or None
            has_commas = self._columns is not None and len(self._columns) == 1 and "," in match[2]
            names = match[2].strip().split(",", _MOST_COLUMNS)
            self._rows = CsvParser(self.name, ",", names) if has_commas else None
        if match[1] == "Date":
            self._date = match[2][: len("2026-10-10")]
        return {"message": text, "tags": [HEADER]}


def _exchange(found: Fields | None, text: str) -> Fields | None:
    """A row between commas: each name as it is, and the time where it is told."""
    if found is None:
        return None
    fields: Fields = {"message": text}
    for name, cell in found.items():
        if name in {"date-time", "DateTime"}:
            fields["@timestamp"] = cell
        else:
            _place(fields, name, cell)
    return fields


def _place(fields: Fields, name: str, cell: str) -> None:
    if name == "time-taken":
        fields["event.duration"] = (_SECONDS if "." in cell else _MILLISECONDS)(cell)
        return
    target = _W3C_NAMES.get(name)
    if target is None:
        fields[f"attributes.{_NO_NAME.sub('_', name).strip('_') or name}"] = whole(cell)
    elif target in _ENCODED:
        fields[target] = unquote_plus(cell)
    elif target == "http.version":
        fields[target] = cell.removeprefix("HTTP/")
    elif target.startswith("http.response"):
        fields[target] = whole(cell)
    else:
        fields[target] = cell
