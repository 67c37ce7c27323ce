"""What does a form of another query language mean in this one?"""

from __future__ import annotations

import re

from logboom.fields import ALIASES, EVENT_FIELDS
from logboom.query.leaves import Leaves
from logboom.query.scanner import quoted

_NAME = r"(@?[A-Za-z_][\w.]*)"
_ASSIGNED = re.compile(_NAME + r"\s*(=~|!~|==?|!=|>=?|<=?)(?![=<>~])\s*[^\s=<>()]+", re.ASCII)
_ONE_OF = re.compile(_NAME + r"\s+(?:in|IN)\s*\(([^()]+)\)", re.ASCII)
_LISTED = re.compile(r'"[^"]*"|[^\s,"]+')
_NETWORK = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}/\d{1,2}(?![\w./])", re.ASCII)
_SELECTOR = re.compile(r'\{\s*([\w.]+)\s*(=~|!~|!=|=)\s*"([^"]*)"')
_PLAIN = re.compile(r"[\w.-]+")
_UNLIKE = re.compile(r"(?<![\w.@-])([\w.@-]+)\s*!\Z")
_NAME_BEFORE = re.compile(r"(?<![\w.@-])([\w.@-]+)\s+\Z")


def instead(query: str, place: int) -> str | None:
    """What to write for a form that is an error here, or None.

    Args:
        query: Its whole text.
        place: Of the character that cannot stand there.
    """
    sign = query[place : place + 1]
    selector = _SELECTOR.match(query, place)
    if selector is not None:
        name, operator, value = selector.groups()
        shown = (
            f"/{value}/"
            if operator[-1] == "~"
            else (value if _PLAIN.fullmatch(value) else quoted(value))
        )
        return f"write {'-' if operator[0] == '!' else ''}{name}:{shown}"
    unlike = _UNLIKE.search(query, 0, place) if sign == "~" else None
    if unlike is not None:
        return f"write -{unlike[1]}:/…/"
    name = _NAME_BEFORE.search(query, 0, place) if sign == ":" else None
    return None if name is None else f"write {name[1]}:… without a space before the colon"


def comparison_note(query: str, at: int, leaves: Leaves) -> None:
    """Notes that a word looks like a comparison as other languages write it.

    Args:
        query: Its whole text.
        at: Where the word begins that is looked for in all texts.
        leaves: Where that is noted.
    """
    assigned, one_of = _ASSIGNED.match(query, at), _ONE_OF.match(query, at)
    network = _NETWORK.match(query, at)
    if network is not None:
        leaves.note(
            f"{network[0]} was searched for as text; write ip:{network[0]} for clients of it.", at
        )
    if assigned is not None and _is_known(assigned[1]):
        sign = assigned[2]
        minus = "-" if sign[0] == "!" else ""
        value = "/…/" if sign[-1] == "~" else f"{sign if sign[0] in '<>' else ''}…"
        leaves.note(
            f"{assigned[0]} was searched for as text; "
            f"the field is asked by {minus}{assigned[1]}:{value}.",
            at,
        )
    if one_of is not None and _is_known(one_of[1]):
        values = " OR ".join(_LISTED.findall(one_of[2]))
        leaves.note(
            f"{one_of[0]} was searched for as words; write {one_of[1]}:({values}) for the field.",
            at,
        )


def _is_known(name: str) -> bool:
    return name in ALIASES or name in EVENT_FIELDS
